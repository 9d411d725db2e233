"""/v1/routes: every relay as a way to one game, with the terms of the choice."""

from aiohttp import web

from plg.contract.problem import ErrorCode
from plg.contract.routes import RouteReport, RouteRequest
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route


@route(
    "POST",
    "/v1/routes",
    body=RouteRequest,
    answer=RouteReport,
    auth=Auth.ACCOUNT,
    limit=Limit.READ,
    errors=(
        ErrorCode.GAME_NOT_FOUND,
        ErrorCode.GAME_NOT_SUPPORTED,
        ErrorCode.TARGET_REFUSED,
        ErrorCode.STORE_UNAVAILABLE,
    ),
)
async def find_routes(request: web.Request, body: RouteRequest) -> RouteReport:
    """Rank all relays as exits and transits for a game, from the caller's measurements and the relays' own."""
    return await request.app[app_keys.ROUTES_TO_GAMES].report(request[app_keys.IDENTITY].account_id, body)


ROUTES = (find_routes,)
