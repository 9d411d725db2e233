"""`plg nodes`: the relays that are alive, as the server sees them and as this machine measures them."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption
from plg.cli.target_option import TargetOption, read_target, run_measuring

app = command_app()


@add_command(
    app,
    help=N_(
        "List relays.\nLogged in, each is measured from here too, which takes about a second."
        "\nWith --for also its way to the game, beside the direct way: about three seconds."
    ),
    examples="plg nodes\nplg nodes --for openarena\nplg nodes --for openarena --target 192.0.2.7:27960\nplg nodes --json",
)
def nodes(
    ctx: typer.Context,
    game: Annotated[
        str | None, typer.Option("--for", metavar="GAME", help=N_("Add each relay's own way to this game."))
    ] = None,
    target: TargetOption = None,
    server: ServerOption = None,
) -> None:
    from plg.api.errors import NotSignedIn, ServerMisbehaved, ServerRefused
    from plg.cli.completion_cache import remember
    from plg.cli.node_view import show_nodes, show_nodes_for
    from plg.cli.route_finding import find_routes
    from plg.cli.server_access import signed_client
    from plg.contract.problem import ErrorCode
    from plg.tunnel.capture_plan import GameNotCarried
    from plg.tunnel.relay_survey import survey_relays

    run = invocation(ctx)
    address = run.server(server)
    wanted = read_target(target)

    async def work() -> None:
        async with signed_client(run, address) as client:
            if game is not None:
                try:
                    show_nodes_for(run, await find_routes(client, game, wanted, run.settings.directory))
                except ServerRefused as refusal:
                    if refusal.code != ErrorCode.NOT_FOUND:
                        raise
                except (NotSignedIn, ServerMisbehaved, GameNotCarried):
                    pass  # without an account, or at an older server: what it lists to anybody
                else:
                    return
            found = await client.nodes(game=game, target=target)
            seen = ((one.id, one.name) for one in found.nodes)
            remember(run.settings.directory, "nodes", seen, is_all=game is None and target is None)
        survey = await survey_relays(found.nodes)
        show_nodes(run, survey.ranked, for_game=game is not None or target is not None)

    run_measuring(work(), game or "", wanted)
