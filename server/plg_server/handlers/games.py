"""/v1/games: what can be played."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.games import GameDetail, GamePage
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.problems import ApiError
from plg_server.routes import Auth, Limit, route
from plg_server.services.asked_game import game_not_found

MAX_PAGE = 500


class GamesQuery(Request, frozen=True):
    """`query` may be part of a name, in Latin or Cyrillic, with typing errors."""

    query: Annotated[str, Meta(max_length=64)] = ""
    category: Annotated[str, Meta(max_length=32)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = 100
    offset: Annotated[int, Meta(ge=0, le=100_000)] = 0


class GamePath(Request, frozen=True):
    """A slug, or an alias that only one game has."""

    slug: Annotated[str, Meta(min_length=1, max_length=64)]


@route(
    "GET",
    "/v1/games",
    query=GamesQuery,
    answer=GamePage,
    auth=Auth.NONE,
    limit=Limit.READ,
)
async def list_games(request: web.Request, query: GamesQuery) -> GamePage:
    """Games, best match first; all of them by slug without a query."""
    catalog = request.app[app_keys.CATALOG]
    if query.category is not None and query.category not in catalog.categories:
        known = ", ".join(catalog.categories)
        raise ApiError(ErrorCode.INVALID_QUERY, f"no game has the category {query.category!r}; there are: {known}")
    found = request.app[app_keys.SEARCH].search(query.query, query.category)
    page = found[query.offset : query.offset + query.limit]
    return GamePage(
        games=[profile.summary for profile in page], total=len(found), limit=query.limit, offset=query.offset
    )


@route(
    "GET",
    "/v1/games/{slug}",
    path=GamePath,
    path_missing=ErrorCode.GAME_NOT_FOUND,
    answer=GameDetail,
    auth=Auth.NONE,
    limit=Limit.READ,
)
async def game(request: web.Request, path: GamePath) -> GameDetail:
    """One game: how its packets are recognised and where they may go."""
    profile = request.app[app_keys.CATALOG].find(path.slug)
    if profile is None:
        raise game_not_found(path.slug, request.app[app_keys.SEARCH])
    return profile.detail


ROUTES = (list_games, game)
