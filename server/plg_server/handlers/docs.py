"""/openapi.json and /docs: the API described, from our own files only."""

from importlib.resources import files

from aiohttp import web

from plg_server import app_keys
from plg_server.routes import Auth, Limit, route

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_CACHED = "public, max-age=300"


@route(
    "GET",
    "/openapi.json",
    auth=Auth.NONE,
    limit=Limit.NONE,
    media_type="application/json",
    documented=False,
    status=200,
)
async def openapi_json(request: web.Request) -> web.Response:
    """This API as an OpenAPI 3.1 document."""
    return web.Response(
        body=request.app[app_keys.OPENAPI], content_type="application/json", headers={"Cache-Control": _CACHED}
    )


def _page(name: str, content_type: str) -> web.Response:
    body = (files("plg_server") / "pages" / "docs" / name).read_bytes()
    return web.Response(
        body=body,
        content_type=content_type,
        charset="utf-8",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": _CACHED},
    )


@route("GET", "/docs", auth=Auth.NONE, limit=Limit.NONE, media_type="text/html", documented=False)
async def docs(_request: web.Request) -> web.Response:
    """A page that shows the API."""
    return _page("docs.html", "text/html")


@route("GET", "/docs/docs.js", auth=Auth.NONE, limit=Limit.NONE, media_type="text/javascript", documented=False)
async def docs_script(_request: web.Request) -> web.Response:
    """The page's script."""
    return _page("docs.js", "text/javascript")


@route("GET", "/docs/docs.css", auth=Auth.NONE, limit=Limit.NONE, media_type="text/css", documented=False)
async def docs_style(_request: web.Request) -> web.Response:
    """The page's style."""
    return _page("docs.css", "text/css")


@route("GET", "/docs/docs.svg", auth=Auth.NONE, limit=Limit.NONE, media_type="image/svg+xml", documented=False)
async def docs_icon(_request: web.Request) -> web.Response:
    """The page's icon: without one, browsers ask for /favicon.ico and report that it is missing."""
    return _page("docs.svg", "image/svg+xml")


ROUTES = (openapi_json, docs, docs_script, docs_style, docs_icon)
