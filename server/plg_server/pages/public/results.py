"""/results: what players measured with and without the booster, from the same sums as GET /v1/benchmarks."""

from aiohttp import web

from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.public.results_view import overall, shares_of
from plg_server.pages.rendering import render
from plg_server.routes import Limit

KEPT_S = 60.0
"""As long as the sums themselves are kept."""

SHOWN_ROWS = 100
"""Of the games and regions with most voices; the API has all of them."""


@page("GET", "/results", access=Access.ANYBODY, limit=Limit.READ, kept_s=KEPT_S)
async def results(request: web.Request) -> web.Response:
    """Shares and medians by game and region, each with its number of voices."""
    sums = await request.app[app_keys.BENCHMARKS].summaries(None, None)
    catalog = request.app[app_keys.CATALOG]
    rows = []
    for summary in sums.summaries[:SHOWN_ROWS]:
        profile = catalog.by_slug.get(summary.game)
        rows.append(
            (profile.detail.name if profile else summary.game, profile is not None, summary, shares_of(summary))
        )
    return render(
        request,
        "public/results.html",
        days=sums.days,
        overall=overall(sums.summaries),
        rows=rows,
        left_out=max(0, len(sums.summaries) - SHOWN_ROWS),
    )


PAGES = (results,)
