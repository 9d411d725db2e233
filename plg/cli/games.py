"""`plg games`: the server's list of games, and one game in detail."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.api.server_client import ServerClient
    from plg.contract.games import GameSummary

PAGE_GAMES = 500
"""Implementation. Games asked for at once, the most that the server gives: one request for the whole list."""

MAX_GAMES = 5_000
"""Implementation. A server that never ends its list is stopped here."""

app = command_app()


@add_command(
    app,
    help=N_("List games, or show one.\nNames are found in English and Russian, with typing errors too."),
    examples="plg games\nplg games doom\nplg games openarena --details\nplg games show openarena\nplg games --json",
)
def games(
    ctx: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUERY]", help=N_("Part of a name; or `show NAME` for one game."), show_default=False),
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="NAME", help=N_("Only games of this category."))
    ] = None,
    details: Annotated[bool, typer.Option("--details", help=N_("Show the one game that QUERY names."))] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.completion_cache import remember
    from plg.cli.game_view import show_game, show_games
    from plg.cli.server_access import anonymous_client, run_async

    run = invocation(ctx)
    words = list(query or [])
    if words[:1] == ["show"]:
        details, words = True, words[1:]
    if details and not words:
        raise needs_a_name()
    address = run.server(server)

    async def work() -> None:
        async with anonymous_client(address) as client:
            if details:
                show_game(run, await client.game("-".join(words).lower()))
            else:
                found = await all_games(client, " ".join(words) or None, category)
                if not words and category is None:
                    remember(run.settings.directory, "games", ((one.slug, one.name) for one in found), is_all=True)
                show_games(run, found, searched=bool(words or category))

    run_async(work())


def needs_a_name() -> Exception:
    """The error of `plg games show` without a name."""
    from plg.cli.cli_error import CliError
    from plg.cli.exit_codes import ExitCode
    from plg.cli.language import _

    return CliError(
        _("missing argument {a}").format(a="NAME"),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("for example: plg games show openarena"),
    )


async def all_games(client: "ServerClient", query: str | None, category: str | None) -> "list[GameSummary]":
    """Every page of the list, at most MAX_GAMES games."""
    found: list[GameSummary] = []
    while len(found) < MAX_GAMES:
        page = await client.games(query=query, category=category, limit=PAGE_GAMES, offset=len(found))
        found += page.games
        if not page.games or len(found) >= page.total:
            break
    return found
