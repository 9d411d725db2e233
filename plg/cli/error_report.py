"""The only place where exceptions meet the terminal: one clear line and the next step on stderr, and an exit code."""

import re
import sys
import traceback
from typing import TYPE_CHECKING

import typer

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _
from plg.cli.output import CannotWrite, encode_document, safe_text

if TYPE_CHECKING:
    from plg.cli.invocation import Invocation

_USAGE_TEXTS = (
    (r"No such option: (?P<a>\S+)", N_("no such option: {a}")),
    (r"Missing (?:argument|parameter) '(?P<a>.+?)'\..*", N_("missing argument {a}")),
    (r"Missing option '(?P<a>.+?)'\..*", N_("missing option {a}")),
    (r"Option '(?P<a>.+?)' requires an argument\.", N_("option {a} needs a value")),
    (r"Option '(?P<a>.+?)' does not take a value\.", N_("option {a} takes no value")),
    (r"Got unexpected extra argument\(s\) \((?P<a>.+)\)", N_("too many arguments: {a}")),
    (
        r"Invalid value for '(?P<a>.+?)': '(?P<b>.+)' is not a valid (?:integer|int)(?: range)?\.",
        N_("{a}: '{b}' is no whole number"),
    ),
    (r"Invalid value for '(?P<a>.+?)': '(?P<b>.+)' is not a valid float(?: range)?\.", N_("{a}: '{b}' is no number")),
    (
        r"Invalid value for '(?P<a>.+?)': (?P<b>.+) is not in the range (?P<c>\S+?)<=x<=(?P<d>\S+)\.",
        N_("{a}: {b} is not allowed: it goes from {c} to {d}"),
    ),
    (r"Invalid value for '(?P<a>.+?)': (?P<b>.+)", N_("{a}: {b}")),
)
"""The wordings of the pinned typer, which it does not translate, and ours."""


def report(error: BaseException, run: "Invocation") -> ExitCode:
    """Tells the person (or, with --json, the program) what went wrong; gives the exit code."""
    if run.flags.debug and not isinstance(error, KeyboardInterrupt):
        traceback.print_exception(error, file=sys.stderr)
    told = explain(error)
    text = _as_json(told) if run.flags.as_json else _as_text(told)
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (BrokenPipeError, ValueError):
        pass  # nobody listens; the exit code still tells
    return told.exit_code


def extra_missing(command: str, extra: str, module: str) -> CliError:
    """The command is there, but this installation has not what it needs."""
    if getattr(sys, "frozen", False):
        return extra_left_out(command)
    return CliError(
        _("plg {command} needs the '{extra}' part, which is not installed (no module {module})").format(
            command=command, extra=extra, module=module
        ),
        code="extra_missing",
        exit_code=ExitCode.FAILURE,
        next_step=_("in the checkout run: {command}").format(command=f"pip install '.[{extra}]'"),
    )


def extra_left_out(command: str) -> CliError:
    """The player's program as one download has not what operators need, and cannot be given it."""
    return CliError(
        _("plg {command} is no part of this program: it is made for players").format(command=command),
        code="extra_missing",
        exit_code=ExitCode.FAILURE,
        next_step=_("install PLG from its source with Python; the README says how"),
    )


def explain(error: BaseException) -> CliError:
    """Any exception as a line for a person, with code, exit code and next step."""
    match error:
        case CliError():
            return error
        case KeyboardInterrupt() | typer.Abort():
            return CliError(_("interrupted"), code="interrupted", exit_code=ExitCode.INTERRUPTED)
        case typer.TyperException():
            return _usage(error)
        case CannotWrite():
            return CliError(
                _("cannot write the results: {why}").format(why=error),
                code="output_failed",
                exit_code=ExitCode.FAILURE,
                next_step=_("check the disk or the program that standard output goes to"),
            )
    if type(error).__module__ == "plg.api.errors":
        from plg.cli.api_failures import explain_api_error

        return explain_api_error(error)
    return CliError(
        _("internal error: {kind}: {text}").format(kind=type(error).__name__, text=error),
        code="internal",
        exit_code=ExitCode.FAILURE,
        next_step=_("run it again with --debug and report what it shows"),
    )


def _usage(error: typer.TyperException) -> CliError:
    text = error.format_message()
    context = getattr(error, "ctx", None)
    nearest = tuple(sorted(getattr(error, "possibilities", None) or ()))
    if nearest:
        text = error.message
    if type(error).__name__ == "NoArgsIsHelpError":
        return CliError(_("a command is missing"), code="usage", exit_code=ExitCode.USAGE, next_step=_see_help(context))
    for pattern, ours in _USAGE_TEXTS:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            text = _(ours).format_map(found.groupdict())
            break
    return CliError(text, code="usage", exit_code=ExitCode.USAGE, next_step=_see_help(context), nearest=nearest)


def _see_help(context: object) -> str:
    path = str(getattr(context, "command_path", "plg"))
    return _("see: {command}").format(command=f"{path} --help")


def _as_text(told: CliError) -> str:
    if told.exit_code is ExitCode.INTERRUPTED:
        return "\n"  # a person who pressed Ctrl-C knows; only the prompt goes to a line of its own
    line = f"plg: {safe_text(told.message)}"
    if told.nearest:
        line += ": " + _("did you mean {names}?").format(names=_alternatives(told.nearest))
    text = line + "\n"
    if told.next_step:
        text += f"  -> {safe_text(told.next_step)}\n"
    if told.request_id:
        text += "  " + _("request id: {id}").format(id=safe_text(told.request_id)) + "\n"
    return text


def _alternatives(names: tuple[str, ...]) -> str:
    safe = [safe_text(name) for name in names]
    return safe[0] if len(safe) == 1 else _("{names} or {last}").format(names=", ".join(safe[:-1]), last=safe[-1])


def _as_json(told: CliError) -> str:
    from plg.contract.cli_output import ErrorDetail, ErrorDocument

    detail = ErrorDetail(
        code=told.code,
        message=told.message,
        exit_code=int(told.exit_code),
        next_step=told.next_step,
        nearest=list(told.nearest),
        request_id=told.request_id,
        detail=told.detail,
    )
    return encode_document(ErrorDocument(error=detail)) + "\n"
