"""Addresses that browsers, search engines and updating clients ask for by themselves, without a language."""

from importlib.resources import files
from typing import Annotated
from xml.sax.saxutils import escape

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.pages.language import LANGUAGES
from plg_server.pages.rendering import own_url
from plg_server.pages.static_files import TYPES, asset
from plg_server.problems import ApiError
from plg_server.routes import Auth, Limit, route

KEPT = "public, max-age=3600"

PUBLIC_PATHS = ("/", "/games", "/results", "/plans", "/status", "/download", "/privacy", "/offer", "/rules")
"""Pages that search engines may show, beside one for each game."""

DISALLOWED = (
    "/v1/",
    "/static/terminal_",
    "/*/account",
    "/*/admin",
    "/*/sign-in",
    "/*/sign-up",
    "/*/look",
    "/csp-report",
)

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


class ReleasePath(Request, frozen=True, kw_only=True):
    """A file's plain name."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$")]


@route("GET", "/robots.txt", auth=Auth.NONE, limit=Limit.READ, media_type="text/plain", documented=False)
async def robots(request: web.Request) -> web.Response:
    """What search engines may read (RFC 9309)."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in DISALLOWED), f"Sitemap: {own_url(request)}/sitemap.xml"]
    return web.Response(text="\n".join(lines) + "\n", headers=_own_address_headers(request))


@route("GET", "/sitemap.xml", auth=Auth.NONE, limit=Limit.READ, media_type="application/xml", documented=False)
async def sitemap(request: web.Request) -> web.Response:
    """Every public page in each language, each naming the others (sitemaps.org; hreflang as search engines read it)."""
    own = escape(own_url(request), {'"': "&quot;"})
    paths = [*PUBLIC_PATHS, *(f"/games/{profile.slug}" for profile in request.app[app_keys.CATALOG].profiles)]
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{NAMESPACE}" xmlns:xhtml="http://www.w3.org/1999/xhtml">'
    ]
    for path in paths:
        others = "".join(
            f'<xhtml:link rel="alternate" hreflang="{one}" href="{own}/{one}{path}"/>' for one in LANGUAGES
        )
        parts += [f"<url><loc>{own}/{language}{path}</loc>{others}</url>" for language in LANGUAGES]
    return web.Response(
        text="\n".join([*parts, "</urlset>\n"]), content_type="application/xml", headers=_own_address_headers(request)
    )


@route(
    "GET",
    "/site.webmanifest",
    auth=Auth.NONE,
    limit=Limit.READ,
    media_type="application/manifest+json",
    documented=False,
)
async def manifest(_request: web.Request) -> web.Response:
    """What a phone needs to put the site on its home screen (W3C Web Application Manifest)."""
    told = {
        "name": "PLGames Booster UP",
        "short_name": "PLG",
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": "#0d1318",
        "theme_color": "#0b7459",
        "icons": [{"src": asset(f"icon-{px}.png"), "sizes": f"{px}x{px}", "type": "image/png"} for px in (192, 512)],
    }
    return web.Response(
        body=msgspec.json.encode(told), content_type="application/manifest+json", headers={hdrs.CACHE_CONTROL: KEPT}
    )


@route("GET", "/favicon.ico", auth=Auth.NONE, limit=Limit.READ, media_type="image/x-icon", documented=False)
async def favicon(_request: web.Request) -> web.Response:
    """For whoever asks without reading the page."""
    return _picture("favicon.ico")


@route("GET", "/apple-touch-icon.png", auth=Auth.NONE, limit=Limit.READ, media_type="image/png", documented=False)
async def touch_icon(_request: web.Request) -> web.Response:
    """The same, for home screens."""
    return _picture("apple-touch-icon.png")


@route(
    "GET",
    "/releases/{name}",
    path=ReleasePath,
    path_missing=ErrorCode.NOT_FOUND,
    auth=Auth.NONE,
    limit=Limit.READ,
    media_type="application/octet-stream",
    documented=False,
)
async def release_file(request: web.Request, path: ReleasePath) -> web.StreamResponse:
    """A download that the operator has put up, or the signed index of them."""
    found = await request.app[app_keys.RELEASES].file(path.name)
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, "no file of that name is put up here")
    return web.FileResponse(
        found,
        headers={
            hdrs.CONTENT_TYPE: "application/json" if path.name.endswith(".json") else "application/octet-stream",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{path.name}"',
            hdrs.CACHE_CONTROL: "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _own_address_headers(request: web.Request) -> dict[str, str]:
    """What names the server by the address that was asked for is for that asker alone: no cache may hand it to others."""
    return {hdrs.CACHE_CONTROL: KEPT if request.app[app_keys.CONFIG].public_url else "private, no-cache"}


def _picture(name: str) -> web.Response:
    body = (files("plg_server") / "pages" / "static" / name).read_bytes()
    return web.Response(body=body, content_type=TYPES[name.rpartition(".")[2]], headers={hdrs.CACHE_CONTROL: KEPT})


ROUTES = (robots, sitemap, manifest, favicon, touch_icon, release_file)
