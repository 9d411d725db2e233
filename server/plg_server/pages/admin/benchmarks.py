"""/admin/benchmarks: reports that players sent in."""

from aiohttp import web

from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.admin_benchmarks import AdminBenchmarksQuery
from plg.contract.admin_sessions import AccountRef, GameSlug
from plg.contract.benchmarks import BenchmarkVerdict
from plg.contract.schema import Identifier, Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.benchmarks import BenchmarkPath
from plg_server.pages.admin.acts import ActForm, Fact, Trial, ask_once_more, said
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit
from plg_server.services.admin_benchmarks import benchmark_page, delete_benchmark


class BenchmarksQuery(Request, frozen=True, kw_only=True):
    """As the API's, with a day for a moment."""

    account: AccountRef | None = None
    game: GameSlug | None = None
    node: Identifier | None = None
    verdict: BenchmarkVerdict | None = None
    since: Day | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


@page("GET", "/admin/benchmarks", access=Access.SUPPORT, limit=Limit.READ, query=BenchmarksQuery)
async def benchmarks_page(request: web.Request, query: BenchmarksQuery) -> web.Response:
    """Reports that fit, newest first."""
    found = await benchmark_page(
        AdminBenchmarksQuery(
            account=query.account,
            game=query.game,
            node=query.node,
            verdict=query.verdict,
            since=day_begins(query.since),
            limit=query.limit,
            offset=query.offset,
        )
    )
    return render(request, "admin/benchmarks.html", rows=found.benchmarks, query=query, paging=paging(query, found))


@page(
    "POST",
    "/admin/benchmarks/{benchmark_id}/delete",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=BenchmarkPath,
    form=ActForm,
)
async def delete_report(request: web.Request, path: BenchmarkPath, form: ActForm) -> web.StreamResponse:
    """Take a false report out of everybody's sums."""
    sums = request.app[app_keys.BENCHMARKS]
    done = await delete_benchmark(actor_of(request), path.benchmark_id, sums, dry_run=form.dry_run)
    if not done.dry_run:
        return go(request, "/admin/benchmarks", note="benchmark_deleted")
    report = done.benchmark
    difference = f"{report.direct_ms:.1f} / {report.boosted_ms:.1f} ms"
    facts = (
        Fact(said(request, N_("Game")), report.game),
        Fact(said(request, N_("Account")), report.email),
        Fact(said(request, N_("Direct and boosted")), difference),
    )
    title = said(request, N_("Delete this report?"))
    return ask_once_more(request, Trial(title, said(request, N_("Delete the report")), "/admin/benchmarks", facts))


PAGES = (benchmarks_page, delete_report)
