"""/admin: the service at a glance, and what wants to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from markupsafe import Markup

from plg.contract.admin_nodes import AdminNode, AdminNodesQuery
from plg.contract.admin_stats import IncomeFigure, Stats
from plg_server import app_keys
from plg_server.pages.charts import Chart, Series, bar_chart
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.pages.visitor import visitor_of
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
        charts=income_charts(figures.income, visitor_of(request).language),
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


def income_charts(income: Sequence[IncomeFigure], language: str) -> list[tuple[str, Markup]]:
    """Income by month, the oldest first, one chart for each currency. Months without any are gaps of nothing: they had no income."""
    known = sorted({one.month for one in income})
    charts = []
    for currency in sorted({one.currency for one in income}):
        amounts = {one.month: float(one.amount) for one in income if one.currency == currency}
        chart = Chart(
            name=f"income-{currency.lower()}",
            title=translated(language, N_("Income by month, {currency}")).format(currency=currency),
            labels=known,
            series=(Series(translated(language, N_("Income")), [amounts.get(month, 0.0) for month in known]),),
            unit=currency,
            digits=2,
            label_words=translated(language, N_("Month")),
        )
        charts.append((currency, bar_chart(chart, language)))
    return charts


def bars(rows: Sequence[tuple[str, float, str]]) -> list[Bar]:
    """Bars of (name, value, words), as long as their share of the longest."""
    longest = max((value for _, value, _ in rows), default=0.0) or 1.0
    return [Bar(name, value, words, round(BAR_WIDTH * value / longest, 1)) for name, value, words in rows]


PAGES = (overview,)
