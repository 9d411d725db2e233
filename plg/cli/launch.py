"""`plg launch`: start a game that is installed here, and see to its tunnel."""

import os
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.contract.cli_output import StatusDocument
from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once, ask_tunnel
from plg.tunnel.control_protocol import ControlRequest, StopMode
from plg.tunnel.runtime_place import runtime_place
from plg.tunnel.states import CONNECTED

if TYPE_CHECKING:
    import subprocess

    from plg.api.game_catalogue import KnownGame

app = command_app()

TUNNEL_WAIT_S: Final = 120.0
"""Implementation. Twice what `plg connect --detach` waits for its answer."""
LOOK_EVERY_S: Final = 2.0
QUICK_LOOK_S: Final = 0.2
APPEAR_WAIT_S: Final = 900.0
"""Implementation. Steam may update a game first; who waits longer than this has given up."""
GONE_LOOKS: Final = 2
"""Implementation. A game that hands over to another process of its own is away for a moment."""


@add_command(
    app,
    help=N_(
        "Start a game that is installed here.\n"
        "By the command saved with plg config set launch.GAME, else by Steam. What stands after the game goes to it. Under sudo it runs as you."
    ),
    examples="plg launch cs2\nplg launch openarena -- +connect 192.0.2.7:27960\nplg connect cs2 --launch --disconnect-on-exit",
)
def launch(
    ctx: typer.Context,
    game: Annotated[str, typer.Argument(metavar="GAME", help=N_("The game: see plg games."))],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGS]", help=N_("Arguments for the game."), show_default=False)
    ] = None,
    disconnect_on_exit: Annotated[
        bool, typer.Option("--disconnect-on-exit", help=N_("End the running tunnel when the game has ended."))
    ] = False,
    when_connected: Annotated[
        bool, typer.Option("--when-connected", help=N_("Wait until a tunnel is connected first."))
    ] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.launching import find_game, plan_launch, start
    from plg.contract.cli_output_machine import LaunchDocument
    from plg.machine.game_launch import is_handed_over

    run = invocation(ctx)
    known = find_game(run, run.server(server), game)
    argv = plan_launch(run, known, game, arguments or [])
    if when_connected and not wait_for_tunnel(run, carried_as(run, known.slug) if known is not None else None):
        return  # it has failed, and said so itself
    process = start(run, argv, game)
    if run.output.as_json:
        run.output.document(LaunchDocument(game=game, argv=argv, pid=process.pid))
    else:
        run.talk.say(_("{game} is starting").format(game=game))
    if disconnect_on_exit and wait_for_end(run, process, known, handed_over=is_handed_over(argv)):
        leave(run, game)
    process.returncode = process.poll() or 0  # it lives on; nobody is to wait for it


def carried_as(run: Invocation, slug: str) -> str:
    """How a tunnel for this game calls it: a profile of the person's own may play as a game of the server."""
    from plg.cli.profile_files import find_profile

    own = find_profile(run.settings.directory, slug)
    return (own.plays_as if own is not None else None) or slug


def wait_for_tunnel(run: Invocation, slug: str | None) -> bool:
    """Whether a tunnel (for this game, where its identifier is known) is connected in time, while who asked for it lives."""
    parent = os.getppid()
    deadline_s = time.monotonic() + TUNNEL_WAIT_S
    while time.monotonic() < deadline_s:
        status = tunnel_status(run)
        if isinstance(status, StatusDocument) and status.state == CONNECTED and slug in {None, status.game}:
            return True
        if status is None and os.getppid() != parent:
            return False
        time.sleep(QUICK_LOOK_S)
    return False


def tunnel_status(run: Invocation) -> "StatusDocument | TunnelSilent | None":
    """What the running tunnel says of itself; None when there is none."""
    try:
        return ask_once(runtime_place(run.environ), ControlRequest(ask="status")).status
    except NoTunnel:
        return None
    except TunnelSilent as silence:
        return silence


def wait_for_end(
    run: Invocation, process: "subprocess.Popen[bytes]", known: "KnownGame | None", *, handed_over: bool
) -> bool:
    """Whether the game has ended; False when the tunnel ended first, or the game never appeared.

    The game is its own process or, where that only hands over (to Steam, from a script), any that its profile knows.
    """
    from plg.machine.game_processes import GameLook

    look = GameLook({known.slug: known.executables} if known is not None else {})
    appeared = not handed_over
    gone = 0
    deadline_s = time.monotonic() + APPEAR_WAIT_S
    while tunnel_status(run) is not None:
        lives = (not handed_over and process.poll() is None) or bool(look.running())
        appeared = appeared or lives
        gone = 0 if lives else gone + 1
        if appeared and gone >= GONE_LOOKS:
            return True
        if not appeared and time.monotonic() > deadline_s:
            return False
        time.sleep(LOOK_EVERY_S)
    return False


def leave(run: Invocation, game: str) -> None:
    """End the tunnel when no match is live any more."""
    run.talk.say(_("{game} has ended: disconnecting").format(game=game))
    try:
        for _answer in ask_tunnel(
            runtime_place(run.environ), ControlRequest(ask="disconnect", mode=StopMode.WAIT), timeout_s=None
        ):
            pass
    except (NoTunnel, TunnelSilent):
        return  # somebody else was quicker
