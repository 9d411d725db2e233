"""`plg dashboard`, and `plg` alone on a terminal: everything at a glance, in `plg_tui`."""

import sys
from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()

BROWSER_DRIVER = "textual.drivers.web_driver:WebDriver"
"""Specification (Textual): in the environment of the process that draws for a browser, see `plg_tui.web_visitor`."""


@add_command(
    app,
    help=N_(
        "Open the dashboard.\nIt shows the running tunnel; leaving it need not end the tunnel. plg alone opens it too."
    ),
    examples="plg dashboard\nplg\nplg dashboard --web\nplg dashboard --plain --interval 60",
)
def dashboard(
    ctx: typer.Context,
    web: Annotated[bool, typer.Option("--web", help=N_("In a browser of this machine, until Ctrl-C."))] = False,
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help=N_("With --web: listen there; 0 takes a free port.")
        ),
    ] = 0,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help=N_("With --web: a loopback address, and no other."))
    ] = "127.0.0.1",
    plain: Annotated[
        bool, typer.Option("--plain", help=N_("As lines of words, for a screen reader or a pipe, until Ctrl-C."))
    ] = False,
    interval_s: Annotated[
        float,
        typer.Option("--interval", metavar="SECONDS", min=1, max=3600, help=N_("With --plain: a summary so often.")),
    ] = 30.0,
    server: ServerOption = None,
) -> None:
    run = invocation(ctx)
    if plain:
        speak_plainly(run, interval_s)
        return
    if web:
        from plg.cli.dashboard_web import serve_dashboard

        serve_dashboard(run, server, host, port)
        return
    open_dashboard(run, server)


def speak_plainly(run: Invocation, interval_s: float) -> None:
    """Until Ctrl-C, which is how one leaves. Raises CliError with --json: programs have another command for that."""
    if run.output.as_json:
        raise CliError(
            _("--plain is for people"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("for a program: plg status --watch --json"),
        )
    from contextlib import suppress

    from plg.tunnel.runtime_place import runtime_place
    from plg_tui.plain import watch_plain

    with suppress(KeyboardInterrupt):
        watch_plain(run.output.line, runtime_place(run.environ), interval_s)


def is_possible(run: Invocation) -> bool:
    """Whether a person sits at a terminal that can show it, or at a browser. Textual draws on standard error."""
    if run.environ.get("TEXTUAL_DRIVER") == BROWSER_DRIVER:
        return True
    streams = run.output.is_terminal and sys.stdin.isatty() and sys.stderr.isatty()
    return streams and not run.output.as_json and not run.flags.no_input


def is_installed() -> bool:
    """Whether this installation has the dashboard's library; nothing is loaded to find out."""
    from importlib.util import find_spec

    return find_spec("textual") is not None


def open_dashboard(run: Invocation, server: str | None) -> None:
    """Until it is left. Raises CliError where there is no terminal."""
    if not is_possible(run):
        raise CliError(
            _("the dashboard needs a terminal"),
            code="no_terminal",
            exit_code=ExitCode.USAGE,
            next_step=_("in a script: plg status --json, plg connect GAME --json"),
        )
    from plg_tui.app import Dashboard

    shown = Dashboard(run, run.server(server))
    still_running = shown.run()
    if shown.return_code:
        raise typer.Exit(shown.return_code)
    if still_running:
        run.talk.say(_("The tunnel goes on. plg status shows it, plg disconnect ends it."))
