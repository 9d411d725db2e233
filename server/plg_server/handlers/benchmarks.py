"""/v1/benchmarks: what players measured with and without the booster."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.benchmarks import BenchmarkPage, BenchmarkReceipt, BenchmarkReport, BenchmarkSummaries, RegionCode
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route


class BenchmarksQuery(Request, frozen=True):
    """All games without `game`; all regions without `region`."""

    game: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    region: RegionCode | None = None


class OwnBenchmarksQuery(Request, frozen=True):
    """Newest first."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


@route(
    "POST",
    "/v1/benchmarks",
    body=BenchmarkReport,
    answer=BenchmarkReceipt,
    status=201,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(ErrorCode.GAME_NOT_FOUND, ErrorCode.NODE_NOT_FOUND, ErrorCode.IMPLAUSIBLE),
)
async def hand_in_benchmark(request: web.Request, body: BenchmarkReport) -> BenchmarkReceipt:
    """Hand in a benchmark; of one account, game and day at most 24 are taken, and one counts in the sums."""
    return await request.app[app_keys.BENCHMARKS].take(request[app_keys.IDENTITY].account, body)


@route(
    "GET",
    "/v1/benchmarks",
    query=BenchmarksQuery,
    answer=BenchmarkSummaries,
    auth=Auth.NONE,
    limit=Limit.READ,
    errors=(ErrorCode.GAME_NOT_FOUND,),
)
async def list_benchmarks(request: web.Request, query: BenchmarksQuery) -> BenchmarkSummaries:
    """How the booster did in the last 30 days, by game and region, with the number of voices behind each figure."""
    return await request.app[app_keys.BENCHMARKS].summaries(query.game, query.region)


@route(
    "GET", "/v1/benchmarks/mine", query=OwnBenchmarksQuery, answer=BenchmarkPage, auth=Auth.ACCOUNT, limit=Limit.READ
)
async def list_own_benchmarks(request: web.Request, query: OwnBenchmarksQuery) -> BenchmarkPage:
    """The caller's own reports, newest first, each with both ways and the interval of the difference."""
    account = request[app_keys.IDENTITY].account
    return await request.app[app_keys.BENCHMARKS].mine(account, query.limit, query.offset)


ROUTES = (hand_in_benchmark, list_benchmarks, list_own_benchmarks)
