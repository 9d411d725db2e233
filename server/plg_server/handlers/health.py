"""/healthz (this process lives), /readyz (it can serve), /metrics."""

import asyncio

import msgspec
from aiohttp import web

from plg_server import app_keys
from plg_server.rate_limits import is_inside, parse_networks
from plg_server.routes import Auth, Limit, route
from plg_server.store import StoreUnavailable

READY_WAIT_S = 2.0
"""A probe that takes longer is answered "not ready": orchestrators give up at about this time anyway."""


class Health(msgspec.Struct, frozen=True):
    """One word for each part: "ok", or why not."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """`status` is "ok" only when every part is."""

    status: str
    database: str
    store: str


@route("GET", "/healthz", answer=Health, auth=Auth.NONE, limit=Limit.NONE)
async def healthz(_request: web.Request) -> Health:
    """Whether the process answers at all."""
    return Health(status="ok")


@route("GET", "/readyz", answer=Readiness, auth=Auth.NONE, limit=Limit.NONE, other_statuses={503: Readiness})
async def readyz(request: web.Request) -> web.Response:
    """Whether database and store answer; 503 when one of them does not."""
    database, store = await asyncio.gather(_database_state(request.app), _store_state(request.app))
    ready = database == store == "ok"
    answer = Readiness(status="ok" if ready else "unavailable", database=database, store=store)
    return web.Response(status=200 if ready else 503, body=msgspec.json.encode(answer), content_type="application/json")


async def _database_state(app: web.Application) -> str:
    try:
        async with asyncio.timeout(READY_WAIT_S):
            await app[app_keys.DATABASE].ping()
    except Exception as error:
        if isinstance(error, TimeoutError) or app[app_keys.DATABASE].is_unavailable(error):
            return "unavailable"
        raise
    return "ok"


async def _store_state(app: web.Application) -> str:
    try:
        await app[app_keys.STORE].ping()
    except StoreUnavailable:
        return "unavailable"
    return "ok"


@route("GET", "/metrics", auth=Auth.NONE, limit=Limit.NONE, media_type="text/plain", documented=False)
async def metrics(request: web.Request) -> web.Response:
    """Prometheus metrics, for the configured networks only."""
    networks = parse_networks(request.app[app_keys.CONFIG].metrics_networks)
    proxied = "X-Forwarded-For" in request.headers and request[app_keys.CLIENT_ADDRESS] == request.remote
    if proxied or not is_inside(request[app_keys.CLIENT_ADDRESS], networks):
        # Not 403: who may not see it need not know that it is there.
        raise web.HTTPNotFound
    text, content_type = request.app[app_keys.METRICS].exposition(request.headers.get("Accept", ""))
    return web.Response(body=text, headers={"Content-Type": content_type})


ROUTES = (healthz, readyz, metrics)
