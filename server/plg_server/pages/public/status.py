"""/status: how the service is, for people. For programs: /status.json."""

from aiohttp import web

from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.public.live_pings import live_pings_of
from plg_server.pages.public.status_view import STRIP_HEIGHT, open_and_past, strip, told
from plg_server.pages.rendering import render
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit

KEPT_S = 5.0
"""As old as its figures may be anyway."""


@page("GET", "/status", access=Access.ANYBODY, limit=Limit.READ, kept_s=KEPT_S)
async def status(request: web.Request) -> web.Response:
    """Relays now, ninety days of each, incidents, and the live ping."""
    shown = await request.app[app_keys.STATUS_PAGES].now()
    language = visitor_of(request).language
    pings = live_pings_of(shown)
    running, past = open_and_past(shown.incidents, shown.made_at)
    return render(
        request,
        "public/status.html",
        connect_sources=pings.origins,
        service=shown,
        whole=strip(shown.days, shown.availability_percent),
        strips={relay.id: strip(relay.days, relay.availability_percent) for relay in shown.relays},
        strip_height=STRIP_HEIGHT,
        running=running,
        past=past,
        told=lambda text, text_ru: told(text, text_ru, language),
        pings=pings.relays,
    )


PAGES = (status,)
