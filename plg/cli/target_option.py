"""The game and `--target` of commands that measure: read, checked, and their failures in words."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.tunnel.grants import HostPort

T = TypeVar("T")

GameArgument = Annotated[str, typer.Argument(metavar="GAME", help=N_("The game: see plg games."))]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="HOST:PORT", help=N_("The way to this game server instead."))
]


def read_target(text: str | None) -> "HostPort | None":
    """HOST:PORT of --target. Raises CliError."""
    from plg.tunnel.grants import parse_host_port

    if text is None:
        return None
    try:
        return parse_host_port(text)
    except ValueError:
        raise CliError(
            _("{option}: '{value}' is not HOST:PORT").format(option="--target", value=text),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("write it as 192.0.2.7:27960, [2001:db8::7]:27960 or play.example.org:27960"),
        ) from None


def run_measuring(work: Coroutine[Any, Any, T], game: str, target: "HostPort | None") -> T:
    """Runs a command's asynchronous part; what a tunnel may fail with is told in the same words as there."""
    from plg.cli.server_access import run_async
    from plg.cli.tunnel_failures import explain_tunnel_error
    from plg.tunnel.connect_request import ConnectRequest

    try:
        return run_async(work)
    except Exception as error:
        told = explain_tunnel_error(error, ConnectRequest(game=game, target=target))
        if told is None:
            raise
        raise told from error
