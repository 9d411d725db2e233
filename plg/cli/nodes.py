"""`plg nodes`: the relays that are alive, as the server sees them and as this machine measures them."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_("List relays.\nLogged in, each is measured from here too, which takes about a second."),
    examples="plg nodes\nplg nodes --for openarena\nplg nodes --for openarena --target 192.0.2.7:27960\nplg nodes --json",
)
def nodes(
    ctx: typer.Context,
    game: Annotated[
        str | None, typer.Option("--for", metavar="GAME", help=N_("Add each relay's own way to this game."))
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="HOST:PORT", help=N_("The way to this game server instead."))
    ] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.node_view import show_nodes
    from plg.cli.server_access import run_async, signed_client
    from plg.tunnel.relay_survey import survey_relays

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with signed_client(run, address) as client:
            found = await client.nodes(game=game, target=target)
        survey = await survey_relays(found.nodes)
        show_nodes(run, survey.ranked, for_game=game is not None or target is not None)

    run_async(work())
