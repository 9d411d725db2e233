"""/games and /games/{slug}: what can be played, found as the API and the command find it."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.games import GameDetail
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.public import game_words
from plg_server.pages.public.results_view import overall
from plg_server.pages.rendering import render
from plg_server.routes import Limit
from plg_server.services.game_search import MAX_QUERY_LENGTH

GAMES_ON_PAGE = 24
"""Whole rows at two, three and four columns."""

KEPT_S = 60.0
"""How old a game's page may be; the catalogue itself is looked at each few seconds."""


class GamesQuery(Request, frozen=True, kw_only=True):
    """`q` may be part of a name, in Latin or Cyrillic, with typing errors. What is beyond MAX_QUERY_LENGTH does not count."""

    q: Annotated[str, Meta(max_length=512)] = ""
    category: Annotated[str, Meta(max_length=64)] = ""
    page: Annotated[int, Meta(ge=1, le=1000)] = 1


class GamePath(Request, frozen=True, kw_only=True):
    """A slug, or an alias that only one game has."""

    slug: Annotated[str, Meta(min_length=1, max_length=64)]


@page("GET", "/games", access=Access.ANYBODY, limit=Limit.READ, query=GamesQuery, kept_s=KEPT_S)
async def games(request: web.Request, query: GamesQuery) -> web.Response:
    """Search, filter by category, a page at a time. A category that no game has finds nothing."""
    catalog, search = request.app[app_keys.CATALOG], request.app[app_keys.SEARCH]
    asked = " ".join(query.q.split())[:MAX_QUERY_LENGTH]
    found = search.search(asked, query.category or None)
    pages = max(1, -(-len(found) // GAMES_ON_PAGE))
    number = min(query.page, pages)
    nearest = [catalog.by_slug[slug].summary for slug in search.nearest(asked, 5)] if asked and not found else []
    return render(
        request,
        "public/games.html",
        words=game_words,
        asked=asked,
        category=query.category,
        categories=catalog.categories,
        games=[profile.summary for profile in found[(number - 1) * GAMES_ON_PAGE : number * GAMES_ON_PAGE]],
        total=len(found),
        all_games=len(catalog.profiles),
        page=number,
        pages=pages,
        nearest=nearest,
    )


@page("GET", "/games/{slug}", access=Access.ANYBODY, limit=Limit.READ, path=GamePath, kept_s=KEPT_S)
async def game(request: web.Request, path: GamePath) -> web.Response:
    """One game; a name that is none shows what may have been meant."""
    catalog, search = request.app[app_keys.CATALOG], request.app[app_keys.SEARCH]
    profile = catalog.find(path.slug)
    if profile is None:
        nearest = [catalog.by_slug[slug].summary for slug in search.nearest(path.slug, 5)]
        return render(
            request, "public/game_missing.html", status=404, asked=path.slug, nearest=nearest, words=game_words
        )
    sums = await request.app[app_keys.BENCHMARKS].summaries(profile.slug, None)
    return render(
        request,
        "public/game.html",
        words=game_words,
        main_path=f"/games/{profile.slug}",
        game=profile.detail,
        confidence=_confidence(profile.detail),
        days=sums.days,
        summaries=sums.summaries,
        overall=overall(sums.summaries),
    )


def _confidence(game: GameDetail) -> list[tuple[str, str]]:
    """How sure the profile is of what matters to a player, as marked words."""
    return [
        (game_words.FACTS[name], game_words.CONFIDENCES[level.value])
        for name, level in game.confidence.items()
        if name in game_words.FACTS
    ]


PAGES = (games, game)
