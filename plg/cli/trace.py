"""`plg trace`: the routers on the way to a game, direct and through PLG, side by side."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.target_option import GameArgument, TargetOption, read_target, run_measuring

if TYPE_CHECKING:
    from plg.cli.route_finding import FoundRoutes
    from plg.probe.route_trace import RouteTrace

app = command_app()


class Method(StrEnum):
    """`auto` takes the first that this process may use."""

    AUTO = "auto"
    UDP = "udp"
    ICMP = "icmp"


@add_command(
    app,
    help=N_(
        "Draw the route to a game hop by hop, direct and through PLG.\n"
        "On Linux no rights are needed; elsewhere raw sockets are, so run it as administrator or root. What lies between relay and "
        "game only the relay can see: its own measured way is shown."
    ),
    examples=(
        "plg trace openarena --target 192.0.2.7:27960\nplg trace cs2 --names\nsudo plg trace cs2 --method icmp --json"
    ),
)
def trace(
    ctx: typer.Context,
    game: GameArgument,
    target: TargetOption = None,
    method: Annotated[
        Method, typer.Option("--method", help=N_("What is sent: UDP (Linux, no rights needed) or ICMP (raw sockets)."))
    ] = Method.AUTO,
    max_hops: Annotated[int, typer.Option("--max-hops", metavar="N", min=1, max=64, help=N_("How far to look."))] = 30,
    names: Annotated[bool, typer.Option("--names", help=N_("Also look up the routers' names."))] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.direct_measuring import prepare_socket
    from plg.cli.route_finding import find_routes
    from plg.cli.server_access import signed_client
    from plg.cli.trace_view import show_traces
    from plg.probe.reverse_names import look_up_names
    from plg.probe.route_trace import TraceUnavailable, trace_route

    run = invocation(ctx)
    address = run.server(server)
    wanted = read_target(target)
    chosen_method = None if method is Method.AUTO else method.value

    async def follow(host: str) -> "RouteTrace":
        try:
            return await trace_route(host, method=chosen_method, max_hops=max_hops, prepare=prepare_socket)
        except TraceUnavailable as error:
            raise cannot_trace(str(error)) from error
        except OSError as error:
            raise CliError(
                _("no way to {host}: {why}").format(host=host, why=error.strerror or str(error)),
                code="no_route",
                exit_code=ExitCode.UNREACHABLE,
            ) from error

    async def work() -> None:
        async with signed_client(run, address) as client:
            found = await find_routes(client, game, wanted, run.settings.directory)
        chosen = found.order.chosen
        node = found.node(chosen.node_id) if chosen is not None else None
        direct = await follow(direct_host(found))
        boosted = await follow(node.host) if node is not None else None
        traced = [trace for trace in (direct, boosted) if trace is not None]
        addresses = {hop.address for trace in traced for hop in trace.hops if hop.address is not None}
        known = await look_up_names(addresses) if names else {}
        show_traces(run, found, direct, boosted, known)

    run_measuring(work(), game, wanted)


def direct_host(found: "FoundRoutes") -> str:
    """Where the direct lane ends: the game server, or the host that stands for its region. Raises CliError."""
    from plg.tunnel.counterfactual import direct_target

    if found.targets:
        return str(found.targets[0][0])
    chosen = found.order.chosen
    node = found.node(chosen.node_id) if chosen is not None else None
    wanted = direct_target(found.game, found.targets, node.game_leg if node is not None else None)
    host = (
        wanted.host
        if wanted is not None
        else next((ping.host for region in found.game.regions for ping in region.ping), None)
    )
    if host is None:
        raise CliError(
            _("it is not known where the servers of {game} are").format(game=found.game.name),
            code="target_needed",
            exit_code=ExitCode.FAILURE,
            next_step=_("name the game server: --target HOST:PORT"),
        )
    return host


def cannot_trace(why: str) -> CliError:
    """This machine, or this user, cannot see routers."""
    return CliError(
        _("this machine cannot trace routes: {why}").format(why=why),
        code="trace_unavailable",
        exit_code=ExitCode.NEEDS_PRIVILEGES,
        next_step=_("run it as administrator or root; plg explain shows the ways without their routers"),
    )
