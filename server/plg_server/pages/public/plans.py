"""/plans: what may be had here, what it costs and how it may be paid, as GET /v1/plans says."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.public import plan_words
from plg_server.pages.rendering import render
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit
from plg_server.services.referrals import BONUS_DAYS

KEPT_S = 10.0
"""How old prices may be; what is paid is fixed at the checkout."""


class PlansQuery(Request, frozen=True, kw_only=True):
    """A currency that is not sold counts as none."""

    currency: Annotated[str, Meta(max_length=16)] = ""


@page("GET", "/plans", access=Access.ANYBODY, limit=Limit.READ, query=PlansQuery, kept_s=KEPT_S)
async def plans(request: web.Request, query: PlansQuery) -> web.Response:
    """Plans side by side in one currency."""
    offers = await request.app[app_keys.SUBSCRIPTIONS].offers()
    billing = request.app[app_keys.CONFIG].billing
    return render(
        request,
        "public/plans.html",
        words=plan_words,
        plans=offers,
        currencies=plan_words.currencies_of(offers),
        currency=plan_words.chosen_currency(offers, query.currency, visitor_of(request).language),
        ways=plan_words.ways_to_pay(request.app[app_keys.CHECKOUTS].offers()),
        is_sold=billing.on,
        is_fair=billing.outcome_fair,
        bonus_days=BONUS_DAYS,
    )


PAGES = (plans,)
