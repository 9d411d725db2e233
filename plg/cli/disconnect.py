"""`plg disconnect`: end the running tunnel, but not a match by accident."""

import sys
from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _, ngettext

app = command_app()


@add_command(
    app,
    help=N_(
        "End the running tunnel.\nWhile a match is live it asks; without a terminal it refuses with exit code 9 unless --wait or --now is given."
    ),
    examples="plg disconnect\nplg disconnect --wait\nplg disconnect --now --json",
)
def disconnect(
    ctx: typer.Context,
    wait: Annotated[bool, typer.Option("--wait", help=N_("Leave when no match is live any more."))] = False,
    now: Annotated[bool, typer.Option("--now", help=N_("Leave at once; a live match loses its connection."))] = False,
) -> None:
    from plg.tunnel.control_client import NoTunnel, TunnelSilent
    from plg.tunnel.control_protocol import StopMode

    run = invocation(ctx)
    if wait and now:
        raise CliError(
            _("--wait and --now contradict each other"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("give one of them"),
        )
    mode = StopMode.WAIT if wait else StopMode.NOW if now else StopMode.ASK
    try:
        live = leave(run, mode.value)
        if live:
            leave(run, choose(run, live))
    except NoTunnel:
        raise CliError(
            _("no tunnel is running"), code="not_connected", exit_code=ExitCode.NOT_CONNECTED, next_step=None
        ) from None
    except TunnelSilent as error:
        from plg.cli.status import silent

        raise silent(str(error)) from error


def leave(run: Invocation, mode: str) -> int:
    """Ask the tunnel to end and wait until it has. Returns the number of live flows when it refused because of them."""
    from plg.tunnel.control_client import TunnelSilent, ask_tunnel
    from plg.tunnel.control_protocol import ControlRequest, StopMode
    from plg.tunnel.runtime_place import runtime_place

    request = ControlRequest(ask="disconnect", mode=StopMode(mode))
    timeout_s = None if request.mode is StopMode.WAIT else 30.0
    for answer in ask_tunnel(runtime_place(run.environ), request, timeout_s=timeout_s):
        if answer.live_flows:
            return answer.live_flows
        if answer.waiting_for:
            run.talk.say(_("A match is live; waiting until it is over. Ctrl-C here does not change that."))
        elif answer.disconnected is not None:
            if run.output.as_json:
                run.output.document(answer.disconnected)
            else:
                run.output.line(_("Disconnected; everything is as it was."))
            return 0
        elif answer.error is not None:
            raise TunnelSilent(answer.error)
    raise TunnelSilent(_("it ended without a word"))


def choose(run: Invocation, live: int) -> str:
    """What to do about a live match: the person says. Raises CliError where nobody can be asked."""
    if run.output.as_json or run.flags.no_input or not sys.stdin.isatty():
        raise CliError(
            ngettext(
                "a match is live on {n} connection: leaving now would break it",
                "a match is live on {n} connections: leaving now would break it",
                live,
            ).format(n=live),
            code="match_live",
            exit_code=ExitCode.BUSY,
            next_step=_("plg disconnect --wait leaves when it is over, plg disconnect --now leaves at once"),
        )
    question = _("A match is live. Leave [w]hen it is over, leave [n]ow, or [s]tay? ")
    answer = run.talk.ask(question, instead="--wait / --now").casefold()
    if answer.startswith(("n", _("n"))):
        return "now"
    if answer.startswith(("w", _("w"))):
        return "wait"
    raise CliError(_("the tunnel stays"), code="match_live", exit_code=ExitCode.BUSY)
