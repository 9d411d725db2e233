"""/: the landing page."""

from aiohttp import web

from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.routes import Limit

KEPT_S = 10.0
"""How old the figures on it may be."""


@page("GET", "/", access=Access.ANYBODY, limit=Limit.NONE, kept_s=KEPT_S)
async def home(request: web.Request) -> web.Response:
    """What PLG is."""
    return render(request, "public/home.html")


PAGES = (home,)
