"""/account/benchmarks: what `plg bench` measured for this account."""

from collections.abc import Sequence

from aiohttp import web

from plg.contract.benchmarks import OwnBenchmark
from plg_server import app_keys
from plg_server.pages.account.frame import PAGE_ROWS, PageNumber, show
from plg_server.pages.account.history import DIRECT, MS, THROUGH
from plg_server.pages.charts import Chart, Series, bar_chart
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, page
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit

MEDIANS = N_("Median ping of these benchmarks")
BENCHMARK = N_("Benchmark")


@page("GET", "/account/benchmarks", access=Access.SIGNED_IN, limit=Limit.READ, query=PageNumber)
async def benchmarks_page(request: web.Request, query: PageNumber) -> web.Response:
    """The account's reports with interval and verdict, newest first."""
    shown = await request.app[app_keys.BENCHMARKS].mine(request[app_keys.IDENTITY].account, PAGE_ROWS, query.offset)
    chart = medians_chart(shown.benchmarks, visitor_of(request).language)
    return show(request, "account/benchmarks.html", shown=shown, query=query, chart=chart)


def medians_chart(reports: Sequence[OwnBenchmark], language: str) -> str:
    """Both ways of each report, oldest first; empty without reports."""
    if not reports:
        return ""
    ordered = list(reversed(reports))
    return bar_chart(
        Chart(
            name="medians",
            title=translated(language, MEDIANS),
            labels=[f"{one.created_at[5:10]} {one.created_at[11:16]}" for one in ordered],
            series=[
                Series(translated(language, THROUGH), [one.boosted.rtt_ms_p50 for one in ordered]),
                Series(translated(language, DIRECT), [one.direct.rtt_ms_p50 for one in ordered]),
            ],
            unit=translated(language, MS),
            digits=1,
            label_words=translated(language, BENCHMARK),
        ),
        language,
    )


PAGES = (benchmarks_page,)
