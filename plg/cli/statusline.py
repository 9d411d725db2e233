"""`plg statusline`: one line for tmux, waybar, OBS or a prompt. Asked every second, so it loads next to nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.cli.statusline_text import Line
    from plg.contract.cli_output import StatusDocument

app = command_app()

ANSWER_TIMEOUT_S = 1.0
"""Implementation. A status bar waits for us; a tunnel answers in a millisecond."""


@add_command(
    app,
    help=N_(
        "One line about the running tunnel, for status bars.\n"
        "Exit code 0 also when none is running. Fields of a template: state, symbol, game, relay, ping, direct, gain, jitter, loss, saved, "
        "ratio, ways, uptime, mode. More in plg help scripting."
    ),
    examples=(
        "plg statusline\nplg statusline --template '{game} {ping} ms'\nplg statusline --format tmux --when-off ''\n"
        "plg statusline --format waybar --watch\nplg statusline --format obs --watch --file plg.txt"
    ),
)
def statusline(
    ctx: typer.Context,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=N_("plain, tmux, waybar, obs or json."))
    ] = "plain",
    template: Annotated[
        str | None, typer.Option("--template", metavar="TEXT", help=N_("The line, with fields in braces."))
    ] = None,
    when_off: Annotated[
        str | None, typer.Option("--when-off", metavar="TEXT", help=N_("The line when no tunnel is running."))
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help=N_("Go on, a line each time, until Ctrl-C."))] = False,
    interval_s: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, max=60, help=N_("How often, with --watch."))
    ] = 1.0,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help=N_("Write the line into this file instead."))
    ] = None,
) -> None:
    import time

    from plg.cli.statusline_text import FORMATS, make_line

    run = invocation(ctx)
    if form not in FORMATS:
        raise CliError(
            _("--format: there is no format called '{value}'").format(value=form),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("allowed: {values}").format(values=", ".join(FORMATS)),
        )
    _check(template)
    if when_off is not None and not when_off.isprintable():
        raise _bad_template(when_off, ())
    while True:
        _show(run, make_line(ask(run), template, when_off), "json" if run.output.as_json else form, file)
        if not watch:
            return
        time.sleep(interval_s)


def ask(run: Invocation) -> "StatusDocument | None":
    """The tunnel's status, the document of "off" without one; None when it does not answer."""
    from datetime import UTC, datetime

    from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_tunnel
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import runtime_place
    from plg.tunnel.states import off_document

    try:
        answers = ask_tunnel(runtime_place(run.environ), ControlRequest(ask="status"), timeout_s=ANSWER_TIMEOUT_S)
        answer = next(answers, None)
    except NoTunnel:
        return off_document(datetime.now(UTC))
    except TunnelSilent:
        return None
    return answer.status if answer is not None else None


def _check(template: str | None) -> None:
    from plg.cli.statusline_text import BadTemplate, check_template

    if template is None:
        return
    try:
        check_template(template)
    except BadTemplate as error:
        raise _bad_template(error.what, error.nearest) from error


def _bad_template(what: str, nearest: tuple[str, ...]) -> CliError:
    from plg.cli.statusline_text import FIELDS

    return CliError(
        _("--template: '{value}' is no field and no plain text").format(value=what),
        code="bad_template",
        exit_code=ExitCode.USAGE,
        next_step=_("fields, each in braces: {names}").format(names=", ".join(FIELDS)),
        nearest=nearest,
    )


def _show(run: Invocation, line: "Line", form: str, file: Path | None) -> None:
    from plg.cli.output import encode_document, safe_text
    from plg.cli.statusline_text import in_format

    if form == "json":
        from plg.contract.cli_output_scripts import StatuslineDocument

        document = StatuslineDocument(state=line.state, level=line.level, text=line.text, fields=line.fields)
        text = encode_document(document)
    else:
        text = safe_text(in_format(line, form))
    if file is None:
        run.output.line(text)
        return
    import os
    import tempfile

    beside: str | None = None
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
        Path(beside).replace(file)  # whoever reads it never sees half a line
    except OSError as error:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
        raise CliError(
            _("cannot write {path}: {why}").format(path=file, why=error.strerror or error),
            code="output_failed",
            exit_code=ExitCode.FAILURE,
        ) from error
