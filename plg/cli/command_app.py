"""What every command and group of `plg` is made of: typer without its colours, and a help page in the person's language."""

import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from typer._click.core import Command, Context, Parameter
    from typer.core import TyperOption

MAX_HELP_COLUMNS = 100
"""Implementation. Longer lines are hard to read; a narrower terminal is respected."""

GLOBAL_OPTIONS = (
    ("--json", N_("Print JSON documents with a versioned schema; errors too, on stderr.")),
    ("--lang en|ru", N_("Language of everything a person reads.")),
    ("--no-input", N_("Never ask; fail and name the option to give instead.")),
    ("--debug", N_("Show a traceback when something fails.")),
)
"""Understood anywhere on the command line, by every command; `plg.cli.root` takes them out before typer looks."""

USAGE_WORDS = (N_("[OPTIONS]"), N_("COMMAND [ARGS]..."))
"""typer's own words in a usage line, marked so that they are translated."""

HELP_OPTION = N_("Show this page.")

Function = TypeVar("Function", bound=Callable[..., None])


class PlgCommand(TyperCommand):
    """A command; its help strings are marked with `N_` and translated when they are shown."""

    def get_help(self, ctx: "Context") -> str:
        return _page(self, ctx, ())

    def get_help_option(self, ctx: "Context") -> "TyperOption | None":
        return _ours(super().get_help_option(ctx))


class PlgGroup(TyperGroup):
    """A group of commands."""

    def get_help(self, ctx: "Context") -> str:
        return _page(self, ctx, self.command_rows(ctx))

    def get_help_option(self, ctx: "Context") -> "TyperOption | None":
        return _ours(super().get_help_option(ctx))

    def command_rows(self, ctx: "Context") -> Sequence[tuple[str, str]]:
        """Name and help of each command, not yet translated; the page shows the first line of the translation."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, command.help or "") for name, command in found if command and not command.hidden]

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            path = ctx.command_path
            raise CliError(
                _("'{name}' is no command of {path}").format(name=name, path=path),
                code="usage",
                exit_code=ExitCode.USAGE,
                next_step=_("see: {command}").format(command=f"{path} --help"),
                nearest=tuple(get_close_matches(name, self.list_commands(ctx))),
            )
        return name, command, args[1:]


def command_app(*, help: str | None = None) -> typer.Typer:  # noqa: A002 - typer's own name for it
    """A Typer for one command file. Add commands with `add_command`; several commands, or a `help`, make a group."""
    app = typer.Typer(
        cls=PlgGroup,
        help=help,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    if help is not None:
        app.callback()(_group)
    return app


def add_command(
    app: typer.Typer,
    *,
    help: str,  # noqa: A002 - typer's own name for it
    name: str | None = None,
    examples: str = "",
) -> Callable[[Function], Function]:
    """Makes a function the command `name` of `app`. `help` is marked with `N_`; its first line is the short help of a group's page.

    `examples` are lines that are shown as they are.
    """
    return app.command(
        name,
        cls=PlgCommand,
        help=help,
        short_help=help.partition("\n")[0],
        epilog=examples or None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def show_help_page(ctx: "Context") -> None:
    """Writes the help page of the context's command; with --json as a `plg.help/1` document."""
    output = invocation(ctx).output
    page = ctx.get_help()
    if not output.as_json:
        output.block(page)
        return
    from plg.contract.cli_output import HelpDocument, HelpTopic

    purpose = ctx.command.help or ""
    title = _(purpose).partition("\n")[0]
    output.document(HelpDocument(topics=[HelpTopic(topic=ctx.command_path, title=title, text=page)]))


def _ours(option: "TyperOption | None") -> "TyperOption | None":
    """The option `--help`, writing through our output: typer's own way fails with exit code 1 when the reader has gone."""
    if option is not None:
        option.callback = _show_when_asked
    return option


def _show_when_asked(ctx: "Context", _param: "Parameter", value: bool) -> None:
    if value and not ctx.resilient_parsing:
        show_help_page(ctx)
        ctx.exit()


def _group() -> None:
    """A callback makes typer keep a group a group, even with one command."""


def _page(command: "Command", ctx: "Context", commands: Sequence[tuple[str, str]]) -> str:
    """The help page: usage, purpose, arguments, options, commands, examples."""
    width = min(shutil.get_terminal_size().columns, MAX_HELP_COLUMNS)
    usage = " ".join([ctx.command_path, *map(_, command.collect_usage_pieces(ctx))])
    lines = [_("Usage: {usage}").format(usage=usage), ""]
    purpose = command.help or ""
    for paragraph in _(purpose).split("\n"):
        lines += textwrap.wrap(paragraph, width, initial_indent="  ", subsequent_indent="  ") or [""]
    shown = [param for param in command.get_params(ctx) if param.get_help_record(ctx) is not None]
    arguments = [_parameter_row(param, ctx) for param in shown if param.param_type_name == "argument"]
    options = [_parameter_row(param, ctx) for param in shown if param.param_type_name == "option"]
    lines += _section(_("Arguments"), arguments, width)
    lines += _section(_("Options"), options, width)
    lines += _section(_("Options of every command"), [(name, _(text)) for name, text in GLOBAL_OPTIONS], width)
    lines += _section(_("Commands"), [(name, _(text).partition("\n")[0]) for name, text in commands], width)
    if command.epilog:
        lines += ["", _("Examples:"), *(f"  {line}" for line in _(command.epilog).splitlines())]
    return "\n".join(lines)


def _parameter_row(param: "Parameter", ctx: "Context") -> tuple[str, str]:
    record = param.get_help_record(ctx)
    name = record[0] if record else ""
    if "--help" in param.opts:
        return name, _(HELP_OPTION)
    text = _(str(getattr(param, "help", None) or ""))
    default = param.get_default(ctx, call=False)
    if param.required:
        text += " " + _("[required]")
    elif getattr(param, "show_default", False) and default not in {None, "", False} and not callable(default):
        text += " " + _("[default: {value}]").format(value=getattr(default, "value", default))
    return name, text.strip()


def _section(title: str, rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    rows = list(rows)
    if not rows:
        return []
    first = min(max(len(name) for name, _text in rows), 28) + 2
    lines = ["", f"{title}:"]
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(width - first - 2, 20)) or [""]
        if len(name) + 2 > first:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name:<{first}}{wrapped.pop(0)}".rstrip())
        lines += [" " * (first + 2) + line for line in wrapped]
    return lines
