"""Commands that need no account: /games, /nodes, /help."""

from plg_server.bot.answers import Answer, Button, cut
from plg_server.bot.asking import Asker
from plg_server.bot.relays import relay_lines
from plg_server.bot.texts import word
from plg_server.bot.world import BotWorld

GAMES_A_PAGE = 10

MOST_QUERY_BYTES = 48
"""A button that turns the page carries the query, in 64 bytes with all else."""


def help_(asker: Asker) -> Answer:
    """/help"""
    return asker.answer("commands.help", linked=asker.link is not None)


def unknown(asker: Asker) -> Answer:
    """Any other text."""
    return asker.answer("commands.unknown")


def games(world: BotWorld, asker: Asker, query: str, page: int = 1) -> Answer:
    """/games TEXT. Pages count from 1; one that is not there shows the nearest."""
    asked = cut(" ".join(query.split()), MOST_QUERY_BYTES)
    found = world.search.search(asked)
    pages = max(1, -(-len(found) // GAMES_A_PAGE))
    page = min(max(1, page), pages)
    shown = found[(page - 1) * GAMES_A_PAGE : page * GAMES_A_PAGE]
    text = asker.say(
        "commands.games",
        query=asked,
        total=len(found),
        games=[game.summary for game in shown],
        page=page,
        pages=pages,
    )
    turns = [
        Button(word(asker.language, label), data=f"games:{to}:{asked}")
        for label, to in (("back", page - 1), ("next", page + 1))
        if 1 <= to <= pages
    ]
    return Answer(text, (tuple(turns),) if turns else ())


def turn_page(world: BotWorld, asker: Asker, data: str) -> Answer:
    """A button of /games: "PAGE:QUERY"."""
    page, _, query = data.partition(":")
    return games(world, asker, query, int(page) if page.isascii() and page.isdigit() and len(page) <= 4 else 1)


async def nodes(world: BotWorld, asker: Asker) -> Answer:
    """/nodes. Raises StoreUnavailable."""
    return asker.answer("commands.nodes", nodes=await relay_lines(world))
