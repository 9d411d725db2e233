"""/v1/admin/benchmarks: reports that players sent in."""

from aiohttp import web

from plg.contract.admin_benchmarks import AdminBenchmarkPage, AdminBenchmarksQuery, DeletedBenchmark
from plg.contract.admin_nodes import DeleteQuery
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_benchmarks import benchmark_page, delete_benchmark


class BenchmarkPath(Request, frozen=True):
    """A report."""

    benchmark_id: EntityId


@route(
    "GET",
    "/v1/admin/benchmarks",
    query=AdminBenchmarksQuery,
    answer=AdminBenchmarkPage,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def list_reports(request: web.Request, query: AdminBenchmarksQuery) -> AdminBenchmarkPage:  # noqa: ARG001 - the same for every operator
    """Reports that fit, newest first."""
    return await benchmark_page(query)


@route(
    "DELETE",
    "/v1/admin/benchmarks/{benchmark_id}",
    path=BenchmarkPath,
    query=DeleteQuery,
    answer=DeletedBenchmark,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def remove_benchmark(request: web.Request, path: BenchmarkPath, query: DeleteQuery) -> DeletedBenchmark:
    """Take a false report out of everybody's sums."""
    sums = request.app[app_keys.BENCHMARKS]
    return await delete_benchmark(actor_of(request), path.benchmark_id, sums, dry_run=query.dry_run)


ROUTES = (list_reports, remove_benchmark)
