"""`plg explain`: every way to a game, every term of its sum, and why it won or lost."""

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption
from plg.cli.target_option import GameArgument, TargetOption, read_target, run_measuring

app = command_app()


@add_command(
    app,
    help=N_(
        "Explain which way PLG would take to a game, and why.\n"
        "Measures the relays and the direct way from here, asks the server, measures the best three again: about three seconds."
    ),
    examples="plg explain openarena\nplg explain openarena --target 192.0.2.7:27960\nplg explain cs2 --json",
)
def explain(ctx: typer.Context, game: GameArgument, target: TargetOption = None, server: ServerOption = None) -> None:
    from plg.cli.explain_view import show_routes
    from plg.cli.route_finding import find_routes
    from plg.cli.server_access import signed_client

    run = invocation(ctx)
    address = run.server(server)
    wanted = read_target(target)

    async def work() -> None:
        async with signed_client(run, address) as client:
            show_routes(run, await find_routes(client, game, wanted, run.settings.directory))

    run_measuring(work(), game, wanted)
