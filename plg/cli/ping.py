"""`plg ping`: before and after, for each region of a game."""

from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.target_option import GameArgument, run_measuring

DEFAULT_ROUNDS = 5

app = command_app()


@add_command(
    app,
    help=N_(
        "Ping a game's regions, direct and through PLG.\n"
        "Direct is measured to the region's own host, PLG is your ping to the best relay plus the relay's way to the region. "
        "Logged out, only the direct way is measured."
    ),
    examples="plg ping cs2\nplg ping cs2 --region eu-central-1 --rounds 20\nplg ping cs2 --json",
)
def ping(
    ctx: typer.Context,
    game: GameArgument,
    region: Annotated[
        str | None, typer.Option("--region", metavar="CODE", help=N_("This region of the game only."))
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, max=600, help=N_("How often; a round takes about a second."))
    ] = DEFAULT_ROUNDS,
    server: ServerOption = None,
) -> None:
    from plg.cli.direct_measuring import prepare_socket
    from plg.cli.ping_view import PingView
    from plg.cli.route_finding import carried_game
    from plg.cli.server_access import signed_client
    from plg.contract.games import GameDetail, GameRegion
    from plg.probe.region_ping import RegionPinger
    from plg.tunnel.relay_survey import relay_target

    run = invocation(ctx)
    address = run.server(server)

    def wanted_regions(detail: GameDetail) -> list[GameRegion]:
        found = [entry for entry in detail.regions if region is None or entry.code == region]
        if region is not None and not found:
            raise CliError(
                _("{game} has no region '{region}'").format(game=detail.name, region=region),
                code="region_not_found",
                exit_code=ExitCode.NOT_FOUND,
                next_step=_("its regions: {names}").format(names=", ".join(entry.code for entry in detail.regions)),
            )
        if not any(entry.ping for entry in found):
            raise CliError(
                _("no host of {game} is known that answers pings").format(game=detail.name),
                code="nothing_to_ping",
                exit_code=ExitCode.NOT_FOUND,
                next_step=_("measure one of its servers: plg explain {game} --target HOST:PORT").format(
                    game=detail.slug
                ),
            )
        return found

    async def work() -> None:
        async with signed_client(run, address) as client:
            detail = await carried_game(client, game)
            regions = wanted_regions(detail)
            nodes = (await client.nodes(game=detail.slug)).nodes
        targets = [target for node in nodes if (target := relay_target(node)) is not None]
        if nodes and not targets:
            run.talk.say(_("The way through PLG is measured once you are logged in: plg login"))
        pinger = RegionPinger(regions, nodes, targets, prepare=prepare_socket)
        view = PingView(run, detail, rounds)
        for number in range(1, rounds + 1):
            await pinger.measure_round()
            view.show_round(number, pinger.ways())
        view.show_result(pinger.ways())

    run_measuring(work(), game, None)
