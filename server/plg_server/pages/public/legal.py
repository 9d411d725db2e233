"""/privacy, /offer and /rules: what the code keeps and does, in words. Figures come from where the code has them."""

from aiohttp import web

from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.routes import Limit
from plg_server.services.benchmarks import KEPT as BENCHMARKS_KEPT
from plg_server.services.cleaning import KEEP_SESSIONS
from plg_server.services.outbox import KEEP_GIVEN_UP, KEEP_SENT
from plg_server.services.telegram_cleaning import KEEP_MESSAGES

KEPT_S = 60.0
"""They change with the program and its settings only."""


@page("GET", "/privacy", access=Access.ANYBODY, limit=Limit.READ, kept_s=KEPT_S)
async def privacy(request: web.Request) -> web.Response:
    """What is kept, for how long, and how it is taken back."""
    return render(
        request,
        "public/privacy.html",
        sessions_days=KEEP_SESSIONS.days,
        benchmarks_days=BENCHMARKS_KEPT.days,
        mails_days=KEEP_SENT.days,
        given_up_days=KEEP_GIVEN_UP.days,
        messages_days=KEEP_MESSAGES.days,
        sign_in_days=request.app[app_keys.CONFIG].refresh_token_days,
    )


@page("GET", "/offer", access=Access.ANYBODY, limit=Limit.READ, kept_s=KEPT_S)
async def offer(request: web.Request) -> web.Response:
    """On which terms plans are sold, or that nothing is."""
    return render(request, "public/offer.html")


@page("GET", "/rules", access=Access.ANYBODY, limit=Limit.READ, kept_s=KEPT_S)
async def rules(request: web.Request) -> web.Response:
    """What is allowed on the relays."""
    return render(request, "public/rules.html")


PAGES = (privacy, offer, rules)
