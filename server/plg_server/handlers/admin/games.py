"""/v1/admin/games: what operators change of the games."""

from aiohttp import web

from plg.contract.admin_games import (
    AdminGameDetail,
    AdminGamePage,
    AdminGamesQuery,
    EditGameRequest,
    ExportQuery,
    GameFaults,
    GamesChange,
    GamesToml,
    GameTextRequest,
    ImportGamesRequest,
    ResetGameRequest,
)
from plg.contract.admin_nodes import DeleteQuery
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request, Slug
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.games import GamePath
from plg_server.routes import Auth, Limit, route


class SlugPath(Request, frozen=True):
    """A game by its slug, and by nothing else: what is changed is named exactly."""

    slug: Slug


@route(
    "GET",
    "/v1/admin/games",
    query=AdminGamesQuery,
    answer=AdminGamePage,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def list_all_games(request: web.Request, query: AdminGamesQuery) -> AdminGamePage:
    """Games, and which of them operators changed."""
    return await request.app[app_keys.ADMIN_GAMES].page(query)


@route(
    "GET",
    "/v1/admin/games/export",
    query=ExportQuery,
    answer=GamesToml,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
    errors=(ErrorCode.GAME_NOT_FOUND,),
)
async def export_games(request: web.Request, query: ExportQuery) -> GamesToml:
    """Operators' changes, one game, or everything, as a game file."""
    return await request.app[app_keys.ADMIN_GAMES].export(query)


@route(
    "POST",
    "/v1/admin/games/validate",
    body=GameTextRequest,
    answer=GameFaults,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def validate_games(request: web.Request, body: GameTextRequest) -> GameFaults:
    """Every fault of a game file; nothing is changed."""
    return await request.app[app_keys.ADMIN_GAMES].validate(body)


@route(
    "POST",
    "/v1/admin/games/import",
    body=ImportGamesRequest,
    answer=GamesChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def import_games(request: web.Request, body: ImportGamesRequest) -> GamesChange:
    """Take over what a game file says; with `dry_run` only show it."""
    return await request.app[app_keys.ADMIN_GAMES].import_file(actor_of(request), body)


@route(
    "POST",
    "/v1/admin/games/diff",
    body=GameTextRequest,
    answer=GamesChange,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def diff_games(request: web.Request, body: GameTextRequest) -> GamesChange:
    """What an import would change; nothing is changed."""
    wanted = ImportGamesRequest(toml=body.toml, source=body.source, dry_run=True)
    return await request.app[app_keys.ADMIN_GAMES].import_file(actor_of(request), wanted)


@route(
    "POST",
    "/v1/admin/games/reset",
    body=ResetGameRequest,
    answer=GamesChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.NOT_FOUND,),
)
async def reset_table(request: web.Request, body: ResetGameRequest) -> GamesChange:
    """Take operators' change of a game or list back."""
    return await request.app[app_keys.ADMIN_GAMES].reset(actor_of(request), body)


@route(
    "GET",
    "/v1/admin/games/{slug}",
    path=GamePath,
    path_missing=ErrorCode.GAME_NOT_FOUND,
    answer=AdminGameDetail,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_game(request: web.Request, path: GamePath) -> AdminGameDetail:
    """One game with its TOML and what operators changed in it."""
    return await request.app[app_keys.ADMIN_GAMES].show(path.slug)


@route(
    "PATCH",
    "/v1/admin/games/{slug}",
    path=SlugPath,
    path_missing=ErrorCode.GAME_NOT_FOUND,
    body=EditGameRequest,
    answer=GamesChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def edit_game(request: web.Request, path: SlugPath, body: EditGameRequest) -> GamesChange:
    """Change some fields of a game."""
    return await request.app[app_keys.ADMIN_GAMES].edit(actor_of(request), path.slug, body)


@route(
    "DELETE",
    "/v1/admin/games/{slug}",
    path=SlugPath,
    path_missing=ErrorCode.GAME_NOT_FOUND,
    query=DeleteQuery,
    answer=GamesChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.INVALID_BODY,),
)
async def delete_game(request: web.Request, path: SlugPath, query: DeleteQuery) -> GamesChange:
    """Delete a game of the operators' own."""
    return await request.app[app_keys.ADMIN_GAMES].delete(actor_of(request), path.slug, dry_run=query.dry_run)


ROUTES = (
    list_all_games,
    export_games,
    validate_games,
    import_games,
    diff_games,
    reset_table,
    show_game,
    edit_game,
    delete_game,
)
