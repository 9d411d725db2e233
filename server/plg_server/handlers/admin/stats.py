"""/v1/admin/stats: the server in figures."""

from aiohttp import web

from plg.contract.admin_stats import Stats
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_stats import stats


@route(
    "GET",
    "/v1/admin/stats",
    answer=Stats,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
    errors=(ErrorCode.STORE_UNAVAILABLE,),
)
async def show_stats(request: web.Request) -> Stats:
    """Accounts, plans, sessions, income and relays in figures."""
    return await stats(request.app[app_keys.RELAY_STATES], request.app[app_keys.CLOCK]())


ROUTES = (show_stats,)
