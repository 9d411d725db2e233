"""`plg connect`: carry a game's packets through a relay until Ctrl-C."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.cli.settings import ServerAddress
    from plg.contract.sessions import Mode
    from plg.tunnel.connect_request import ConnectRequest
    from plg.tunnel.grants import HostPort
    from plg.tunnel.local_interfaces import LocalInterface

app = command_app()


@add_command(
    app,
    help=N_(
        "Carry a game's packets through a relay.\nRuns until Ctrl-C. A match that runs already is left alone; start the game, or a new match, afterwards."
    ),
    examples=(
        "plg connect openarena\nplg connect openarena --target 192.0.2.7:27960\n"
        "plg connect openarena --target 192.0.2.7:27960 --capture proxy --listen 127.0.0.1:27960\n"
        "plg connect openarena --mode adaptive --max-overhead 1.5\nplg connect openarena --via wlan0,eth0\nplg connect openarena --detach\nplg connect openarena --metrics 9464\n"
        "plg connect cs2 --launch --disconnect-on-exit"
    ),
)
def connect(
    ctx: typer.Context,
    game: Annotated[str, typer.Argument(metavar="GAME", help=N_("The game: see plg games."))],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGS]", help=N_("With --launch: arguments for the game."), show_default=False),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="HOST:PORT", help=N_("Only the packets to this game server."))
    ] = None,
    capture: Annotated[
        str | None,
        typer.Option("--capture", metavar="WAY", help=N_("How to take the packets: auto, divert, tun or proxy.")),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help=N_("With proxy: where the game is to send its packets.")),
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", metavar="RELAY", help=N_("This relay and no other: see plg nodes."))
    ] = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help=N_("Also move a match that runs already; most games then drop the player.")),
    ] = False,
    mode: Annotated[
        str | None,
        typer.Option("--mode", metavar="MODE", help=N_("How to use several ways: off, redundant (usual) or adaptive.")),
    ] = None,
    max_overhead: Annotated[
        float | None,
        typer.Option(
            "--max-overhead", metavar="X", help=N_("At most so many bytes for each byte of the game's, 1 or more.")
        ),
    ] = None,
    via: Annotated[
        str | None,
        typer.Option("--via", metavar="IF,IF", help=N_("These network interfaces, each as a way of its own.")),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=N_("Boost also when the direct way is better."))] = False,
    no_standby: Annotated[bool, typer.Option("--no-standby", help=N_("Keep no second exit ready."))] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="N", min=0, help=N_("Leave after so many seconds."))
    ] = None,
    detach: Annotated[
        bool, typer.Option("-d", "--detach", help=N_("Return when connected; the tunnel goes on in the background."))
    ] = False,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", metavar="[HOST:]PORT", help=N_("Serve the tunnel's figures here, for Prometheus.")),
    ] = None,
    launch: Annotated[bool, typer.Option("--launch", help=N_("Start the game when the tunnel is up."))] = False,
    disconnect_on_exit: Annotated[
        bool, typer.Option("--disconnect-on-exit", help=N_("With --launch: end the tunnel with the game."))
    ] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.metrics_option import read_metrics

    run = invocation(ctx)
    metrics_place = read_metrics(metrics) if metrics is not None else None
    address = run.server(server)
    request = replace(
        read_request(
            game,
            target,
            capture if capture is not None else run.settings.text("capture") or "auto",
            listen,
            node,
            take_over=take_over,
        ),
        mode=read_mode(mode if mode is not None else run.settings.text("mode")),
        max_overhead=read_overhead(max_overhead if max_overhead is not None else run.settings.number("max_overhead")),
        interfaces=read_interfaces(via),
        force=force,
        standby=not no_standby,
    )
    if not launch and (arguments or disconnect_on_exit):
        raise _usage(_("arguments for the game and --disconnect-on-exit belong to --launch"), _("add --launch"))
    if launch:
        from plg.cli.launching import launch_when_connected

        launch_when_connected(run, address, game, arguments or [], disconnect_on_exit=disconnect_on_exit, quiet=detach)
    code: int | None = by_service(run, address, request, seconds, metrics_place, detach=detach)
    if code is None:
        code = in_background(ctx, request) if detach else carry(run, address, request, seconds, metrics_place)
    if code != ExitCode.OK:
        raise typer.Exit(code)


def read_request(
    game: str, target: str | None, capture: str, listen: str | None, node: str | None, *, take_over: bool
) -> "ConnectRequest":
    """The command line as a wish. Raises CliError."""
    from plg import __version__
    from plg.capture.choose import PREFERENCES
    from plg.tunnel.connect_request import ConnectRequest
    from plg.tunnel.grants import HostPort, parse_host_port

    def host_port(option: str, text: str) -> HostPort:
        try:
            return parse_host_port(text)
        except ValueError:
            raise _usage(
                _("{option}: '{value}' is not HOST:PORT").format(option=option, value=text),
                _("write it as 192.0.2.7:27960, [2001:db8::7]:27960 or play.example.org:27960"),
            ) from None

    if capture not in PREFERENCES:
        raise _usage(
            _("--capture: there is no way called '{value}'").format(value=capture),
            _("allowed: {values}").format(values=", ".join(PREFERENCES)),
        )
    place = host_port("--listen", listen) if listen is not None else HostPort("127.0.0.1", 0)
    if listen is not None and capture != "proxy":
        raise _usage(_("--listen belongs to --capture proxy"), _("add --capture proxy, or leave --listen out"))
    if place.host not in {"127.0.0.1", "localhost"}:
        raise _usage(
            _("--listen: {host} is not this machine alone").format(host=place.host),
            _("write it as 127.0.0.1:PORT; everybody near could use your tunnel otherwise"),
        )
    return ConnectRequest(
        game=game,
        target=host_port("--target", target) if target is not None else None,
        capture=capture,
        listen_port=place.port,
        node=node,
        take_over=take_over,
        client_version=__version__,
    )


def read_mode(text: str | None) -> "Mode | None":
    """None leaves it to the server. Raises CliError."""
    from typing import get_args

    from plg.contract.sessions import Mode

    if text is None:
        return None
    known: tuple[Mode, ...] = get_args(Mode)
    found = next((mode for mode in known if mode == text), None)
    if found is None:
        raise _usage(
            _("--mode: there is no mode called '{value}'").format(value=text),
            _("allowed: {values}").format(values=", ".join(known)),
        )
    return found


def read_overhead(value: float | None) -> float:
    """Raises CliError."""
    from plg.tunnel.session_opening import DEFAULT_OVERHEAD, MAX_OVERHEAD

    if value is None:
        return DEFAULT_OVERHEAD
    if not 1.0 <= value <= MAX_OVERHEAD:  # also not a number
        raise _usage(
            _("--max-overhead: {value} is not between 1 and {limit}").format(
                value=f"{value:g}", limit=f"{MAX_OVERHEAD:g}"
            ),
            _("1 means no copies at all, 1.5 half as many bytes again, 2.5 every copy there is"),
        )
    return value


def read_interfaces(text: str | None) -> "tuple[LocalInterface, ...]":
    """The interfaces of --via, looked for on this machine. Raises CliError."""
    from plg.tunnel.local_interfaces import (
        MAX_INTERFACES,
        MAX_NAME_LENGTH,
        InterfaceTrouble,
        InterfaceUnusable,
        find_interfaces,
    )

    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if not all(0 < len(name) <= MAX_NAME_LENGTH and name.isprintable() for name in names) or len(set(names)) < len(
        names
    ):
        raise _usage(
            _("--via: '{value}' is no list of interfaces").format(value=text),
            _("write their names with commas between them: --via wlan0,eth0"),
        )
    if len(names) > MAX_INTERFACES:
        raise _usage(
            _("--via: more than {limit} interfaces").format(limit=MAX_INTERFACES),
            _("write their names with commas between them: --via wlan0,eth0"),
        )
    try:
        return find_interfaces(names)
    except InterfaceUnusable as trouble:
        sentences = {
            InterfaceTrouble.UNKNOWN: _("there is no network interface called '{name}'"),
            InterfaceTrouble.DOWN: _("the network interface {name} is down"),
            InterfaceTrouble.NO_ADDRESS: _("the network interface {name} has no address"),
        }
        raise CliError(
            sentences[trouble.trouble].format(name=trouble.name),
            code=trouble.trouble.value,
            exit_code=ExitCode.NOT_FOUND if trouble.trouble is InterfaceTrouble.UNKNOWN else ExitCode.UNREACHABLE,
            next_step=_("interfaces that are up: {names}").format(names=", ".join(trouble.known)),
        ) from trouble


def by_service(
    run: Invocation,
    address: "ServerAddress",
    request: "ConnectRequest",
    seconds: float | None,
    metrics: "HostPort | None",
    *,
    detach: bool,
) -> int | None:
    """Let the tunnel service do it where this process lacks the rights; None when it is to be done here. Raises CliError."""
    from plg.cli.connect_by_service import through_service

    return through_service(run, address, request, seconds, metrics, detach=detach)


def in_background(ctx: typer.Context, request: "ConnectRequest") -> int:
    """Run the tunnel as a process of its own; the exit code once it is connected, or its own when it failed."""
    from plg.cli.detaching import command_words, detach
    from plg.cli.tunnel_failures import explain_tunnel_error
    from plg.tunnel.runtime_place import RuntimeDirectoryUnsafe

    try:
        return detach(invocation(ctx), command_words(ctx))
    except RuntimeDirectoryUnsafe as error:
        told = explain_tunnel_error(error, request)
        if told is None:
            raise
        raise told from error


def carry(
    run: Invocation,
    address: "ServerAddress",
    request: "ConnectRequest",
    seconds: float | None,
    metrics: "HostPort | None" = None,
) -> ExitCode:
    """Run the tunnel to its end on this process's own loop."""
    import asyncio
    import sys

    from plg.cli.restore import tell_restored
    from plg.cli.tunnel_failures import explain_tunnel_error
    from plg.cli.tunnel_session import run_tunnel
    from plg.machine.service_rights import keep_from_children

    keep_from_children()  # what this process may do is not for the programs that it starts
    tell_restored(run)
    factory = asyncio.new_event_loop
    if sys.platform != "win32":
        try:
            import uvloop
        except ImportError:
            pass  # asyncio's own loop does the same with a third more processor time
        else:
            factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        try:
            return runner.run(run_tunnel(run, address, request, seconds, metrics))
        except Exception as error:
            told = explain_tunnel_error(error, request)
            if told is None:
                raise
            raise told from error


def _usage(message: str, next_step: str) -> CliError:
    return CliError(message, code="usage", exit_code=ExitCode.USAGE, next_step=next_step)
