"""The command `plg`: the table of commands, each loaded when it is called, and the frame that every command runs in."""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
import typer.main

from plg.cli.cli_error import CliError
from plg.cli.command_app import PlgGroup, show_help_page
from plg.cli.error_report import extra_left_out, extra_missing, report
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import GlobalFlags, Invocation, invocation
from plg.cli.language import N_, Language, speak, system_language
from plg.cli.output import ClosedPipe, finish_standard_output, prepare_standard_output

if TYPE_CHECKING:
    from typer._click.core import Command, Context


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command by the module that holds its Typer `app`, so that the help page needs no command's module."""

    module: str
    summary: str
    extra: str | None = None
    """The extra of the distribution that the command needs, where a player's installation lacks it."""


COMMANDS: dict[str, LazyCommand] = {
    "dashboard": LazyCommand("plg.cli.dashboard", N_("Open the dashboard."), extra="tui"),
    "register": LazyCommand("plg.cli.register", N_("Make an account and log in.")),
    "login": LazyCommand("plg.cli.login", N_("Log in.")),
    "logout": LazyCommand("plg.cli.logout", N_("Log out and forget the tokens.")),
    "whoami": LazyCommand("plg.cli.whoami", N_("Show the account, its plan and its totals.")),
    "account": LazyCommand("plg.cli.account.command", N_("Look after your account.")),
    "plan": LazyCommand("plg.cli.plan", N_("Show the plan; take the trial, cancel, or see your code for friends.")),
    "pay": LazyCommand("plg.cli.pay", N_("Get a link to pay a plan at.")),
    "redeem": LazyCommand("plg.cli.redeem", N_("Use a promo, gift or friend's code.")),
    "games": LazyCommand("plg.cli.games", N_("List games, or show one.")),
    "nodes": LazyCommand("plg.cli.nodes", N_("List relays.")),
    "ping": LazyCommand("plg.cli.ping", N_("Ping a game's regions, direct and through PLG.")),
    "explain": LazyCommand("plg.cli.explain", N_("Explain which way PLG would take to a game, and why.")),
    "trace": LazyCommand("plg.cli.trace", N_("Draw the route to a game hop by hop, direct and through PLG.")),
    "bench": LazyCommand("plg.cli.bench", N_("Measure whether the booster helps, as an experiment.")),
    "connect": LazyCommand("plg.cli.connect", N_("Carry a game's packets through a relay.")),
    "status": LazyCommand("plg.cli.status", N_("Show the running tunnel.")),
    "disconnect": LazyCommand("plg.cli.disconnect", N_("End the running tunnel.")),
    "launch": LazyCommand("plg.cli.launch", N_("Start a game that is installed here.")),
    "watch": LazyCommand("plg.cli.watch", N_("Wait for games and boost each one while it runs.")),
    "profile": LazyCommand("plg.cli.profile", N_("Games of your own: learn, check, keep.")),
    "hooks": LazyCommand("plg.cli.hooks", N_("List and try your own programs that the tunnel tells of events.")),
    "logs": LazyCommand("plg.cli.logs", N_("Show the log of the running or last tunnel.")),
    "service": LazyCommand("plg.cli.service", N_("Keep a privileged process, so that plg needs no rights.")),
    "restore": LazyCommand("plg.cli.restore", N_("Put back what a crashed run left in the system.")),
    "record": LazyCommand("plg.cli.record", N_("Record what the running tunnel's paths do.")),
    "replay": LazyCommand("plg.cli.replay", N_("Replay a recorded match in another mode.")),
    "demo": LazyCommand(
        "plg.cli.demo", N_("Show everything at work on this machine, with nothing set up."), extra="all"
    ),
    "boost": LazyCommand("plg.cli.boost", N_("Change this computer for a game, and put it back.")),
    "doctor": LazyCommand("plg.cli.doctor", N_("Look for what is wrong, and say what to do.")),
    "server": LazyCommand("plg.cli.server", N_("Run and look after a PLG server."), extra="server"),
    "bot": LazyCommand("plg.cli.bot", N_("Run and look after the Telegram bot of a PLG server."), extra="bot"),
    "admin": LazyCommand("plg.cli.admin.command", N_("Look after a server as its operator.")),
    "relay": LazyCommand("plg.cli.relay", N_("Run and look after a PLG relay."), extra="relay"),
    "statusline": LazyCommand("plg.cli.statusline", N_("One line about the running tunnel, for status bars.")),
    "config": LazyCommand("plg.cli.config", N_("Read and change the settings.")),
    "completion": LazyCommand("plg.cli.completion", N_("Print the script that completes plg in a shell.")),
    "schema": LazyCommand("plg.cli.schema", N_("Print the JSON Schema of what --json prints.")),
    "update": LazyCommand("plg.cli.update", N_("Install a newer version.")),
    "version": LazyCommand("plg.cli.version", N_("Show the version.")),
    "help": LazyCommand(
        "plg.cli.help", N_("Explain a topic: configuration, environment, exit-codes, output, scripting.")
    ),
}
"""In the order of the help page. A new command is one line here and one file."""


class RootGroup(PlgGroup):
    """Finds commands in COMMANDS and imports only the one that is called."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - typer's signature
        return list(COMMANDS)

    def command_rows(self, ctx: "Context") -> Sequence[tuple[str, str]]:  # noqa: ARG002 - typer's signature
        return [(name, command.summary) for name, command in COMMANDS.items()]

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":  # noqa: ARG002 - typer's signature
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else load_command(cmd_name, entry)


def load_command(name: str, entry: LazyCommand) -> "Command":
    """Imports a command's module, which holds its Typer `app`, and builds the command."""
    command = typer.main.get_command(importlib.import_module(entry.module).app)
    command.name = name
    return command


def missing_extra(error: BaseException, arguments: Sequence[str]) -> CliError | None:
    """The error to show instead when a command lacks the libraries of its extra, at import or later in its body."""
    entry = next((COMMANDS[word] for word in arguments if word in COMMANDS), None)
    if not isinstance(error, ModuleNotFoundError) or entry is None or entry.extra is None or error.name is None:
        return None
    if getattr(sys, "frozen", False):
        # The player's program has all of the dashboard: a module that is missing there is a fault of ours.
        return None if entry.extra == "tui" else extra_left_out(entry.module.rpartition(".")[2])
    if error.name.partition(".")[0] in {"plg", "plg_server", "plg_relay", "plg_tui"}:
        return None  # a fault of ours, not of the installation
    return extra_missing(entry.module.rpartition(".")[2], entry.extra, error.name)


app = typer.Typer(
    cls=RootGroup,
    help=N_("PLGames Booster UP: carries a game's packets through a relay when that way is better."),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help=N_("Show the version."))] = False,
) -> None:
    """Without a command: the version when it was asked for, the dashboard on a terminal, the help page elsewhere."""
    if ctx.invoked_subcommand is not None:
        return
    run = invocation(ctx)
    if version:
        from plg.cli.version import show_version

        show_version(run)
        return
    from plg.cli.dashboard import is_installed, is_possible, open_dashboard

    if is_possible(run) and is_installed():
        open_dashboard(run, None)
    else:
        show_help_page(ctx)


def split_global_flags(arguments: Sequence[str]) -> tuple[GlobalFlags, list[str]]:
    """Takes the global options out, wherever they stand before a `--`. Raises CliError when `--lang` has no value."""
    switches = {"--json": False, "--debug": False, "--no-input": False}
    lang: str | None = None
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in switches:
            switches[argument] = True
        elif argument == "--lang":
            lang = next(waiting, "")
        elif argument.startswith("--lang="):
            lang = argument.removeprefix("--lang=")
        else:
            rest.append(argument)
    return GlobalFlags(switches["--json"], switches["--debug"], switches["--no-input"], lang), rest


def choose_language(run: Invocation) -> Language:
    """--lang, PLG_LANG, config.toml, the system's. A wrong flag or variable fails; a damaged file waits for a command that needs it."""
    try:
        asked = run.settings.language(run.flags.lang)
    except CliError:
        if run.flags.lang is not None or run.environ.get("PLG_LANG"):
            raise
        asked = None
    return asked or system_language(run.environ)


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> ExitCode | int:
    """Runs one command line to its exit code; nothing escapes but what kills the process."""
    prepare_standard_output()
    flags, rest = split_global_flags(arguments)
    if environ.get("PLG_DEBUG") == "1":
        flags = GlobalFlags(flags.as_json, True, flags.no_input, flags.lang)
    this = Invocation(flags, environ)
    speak(system_language(environ))
    try:
        speak(choose_language(this))
        code = typer.main.get_command(app).main(rest, prog_name="plg", standalone_mode=False, obj=this)
    except ClosedPipe:
        return ExitCode.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where exceptions meet a person
        return report(missing_extra(error, rest) or error, this)
    if code == ExitCode.INTERRUPTED:
        return report(KeyboardInterrupt(), this)  # typer has caught it already
    if sys.stderr.isatty() and not flags.as_json:
        from plg.cli.update_notice import mention

        mention(this, rest)
    return code if isinstance(code, int) else ExitCode.OK


def main() -> NoReturn:
    """The entry point of the `plg` script."""
    code = run(sys.argv[1:], os.environ)
    finish_standard_output()
    raise SystemExit(int(code))
