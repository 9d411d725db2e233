"""/admin: the service at a glance, and what wants to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from plg.contract.admin_nodes import AdminNode, AdminNodesQuery
from plg.contract.admin_stats import IncomeFigure, Stats
from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.routes import Limit
from plg_server.services import outbox
from plg_server.services.admin_stats import stats
from plg_server.services.operator_notices import operator_notices

BAR_WIDTH = 100
"""Bars are as wide as their share of the longest one, in units of the drawing."""


@dataclass(frozen=True)
class Bar:
    """A figure beside others of its kind."""

    name: str
    value: float
    words: str
    width: float


@page("GET", "/admin", access=Access.SUPPORT, limit=Limit.READ)
async def overview(request: web.Request) -> web.Response:
    """Figures with links to what they count."""
    now = request.app[app_keys.CLOCK]()
    figures = await stats(request.app[app_keys.RELAY_STATES], now)
    nodes = await request.app[app_keys.ADMIN_NODES].page(AdminNodesQuery(limit=200))
    return render(
        request,
        "admin/overview.html",
        stats=figures,
        month=this_month(figures),
        load_percent=mean_load(nodes.nodes),
        nodes=nodes,
        plans=bars([(plan.plan, plan.accounts, str(plan.accounts)) for plan in figures.plans]),
        months=months(figures.income),
        given_up=await outbox.count("given_up"),
        notices=await operator_notices(now),
    )


def this_month(figures: Stats) -> list[IncomeFigure]:
    """What came in the running month (UTC), one figure for each currency."""
    return [one for one in figures.income if one.month == figures.at[:7]]


def mean_load(nodes: Sequence[AdminNode]) -> float | None:
    """The mean load of relays that say one, in percent."""
    loads = [node.load_percent for node in nodes if node.load_percent is not None]
    return sum(loads) / len(loads) if loads else None


def months(income: Sequence[IncomeFigure]) -> dict[str, list[Bar]]:
    """Income by currency, the oldest month first."""
    currencies = sorted({one.currency for one in income})
    return {
        currency: bars(
            [(one.month, float(one.amount), one.amount) for one in reversed(income) if one.currency == currency]
        )
        for currency in currencies
    }


def bars(rows: Sequence[tuple[str, float, str]]) -> list[Bar]:
    """Bars of (name, value, words), as long as their share of the longest."""
    longest = max((value for _, value, _ in rows), default=0.0) or 1.0
    return [Bar(name, value, words, round(BAR_WIDTH * value / longest, 1)) for name, value, words in rows]


PAGES = (overview,)
