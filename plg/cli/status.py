"""`plg status`: what the running tunnel does. Fast: it asks a local socket and loads nothing of the tunnel itself."""

from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

app = command_app()


@add_command(
    app,
    help=N_("Show the running tunnel.\nExit code 3 when there is none."),
    examples="plg status\nplg status --watch\nplg status --json",
)
def status(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help=N_("Go on showing it, until Ctrl-C or its end."))] = False,
    interval_s: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, max=60, help=N_("How often, with --watch."))
    ] = 1.0,
) -> None:
    from datetime import UTC, datetime

    from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once, ask_tunnel
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import runtime_place

    run = invocation(ctx)
    place = runtime_place(run.environ)
    try:
        if not watch:
            show(run, ask_once(place, ControlRequest(ask="status")).status)
            return
        live = run.output.is_terminal and not run.output.as_json
        request = ControlRequest(ask="watch", interval_s=interval_s)
        for answer in ask_tunnel(place, request, timeout_s=interval_s + 5.0):
            show(run, answer.status, live=live)
        if live:
            run.output.line()
    except NoTunnel:
        if run.output.as_json:
            from plg.tunnel.states import off_document

            run.output.document(off_document(datetime.now(UTC)))
        else:
            run.output.line(_("off: no tunnel is running"))
        raise typer.Exit(ExitCode.NOT_CONNECTED) from None
    except TunnelSilent as error:
        raise silent(str(error)) from error


def show(run: Invocation, found: object, *, live: bool = False) -> None:
    """One status in the form that fits the reader."""
    from plg.cli.status_text import status_line, status_page
    from plg.contract.cli_output import StatusDocument

    if not isinstance(found, StatusDocument):
        raise silent(_("the tunnel gave another answer than asked for"))
    if run.output.as_json:
        run.output.document(found)
    elif live:
        run.output.rewrite_line(status_line(found))
    else:
        run.output.block(status_page(found))


def silent(why: str) -> CliError:
    """A tunnel is there but cannot be talked with."""
    return CliError(
        _("the running tunnel does not answer: {why}").format(why=why),
        code="tunnel_silent",
        exit_code=ExitCode.FAILURE,
        next_step=_("end its process; nothing stays behind"),
    )
