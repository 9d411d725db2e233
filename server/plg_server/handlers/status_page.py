"""/status.json: the public status page for programs."""

import msgspec
from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg.contract.status_page import StatusPage
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route

CACHE_S = 15
"""Any cache on the way may keep it so long: it holds nothing that is anybody's own."""


@route(
    "GET",
    "/status.json",
    answer=StatusPage,
    auth=Auth.NONE,
    limit=Limit.READ,
    errors=(ErrorCode.STORE_UNAVAILABLE,),
)
async def status(request: web.Request) -> web.Response:
    """How the service is: relays now, ninety days of each, incidents. Pages of any origin may read it."""
    page = await request.app[app_keys.STATUS_PAGES].now()
    response = web.Response(body=msgspec.json.encode(page), content_type="application/json")
    response.headers[hdrs.CACHE_CONTROL] = f"public, max-age={CACHE_S}"
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
    return response


ROUTES = (status,)
