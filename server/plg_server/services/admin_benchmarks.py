"""Benchmarks as operators look after them: find reports, take out a false one."""

from tortoise.transactions import in_transaction

from plg.contract import admin_benchmarks as contract
from plg.contract.benchmarks import BenchmarkVerdict
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp
from plg_server.models.benchmarks import Benchmark
from plg_server.problems import ApiError
from plg_server.services.admin_sessions import of_account
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.benchmarks import BenchmarkService


async def benchmark_page(query: contract.AdminBenchmarksQuery) -> contract.AdminBenchmarkPage:
    """Reports that fit, newest first. Needs an active database."""
    found = await of_account(Benchmark.all(), query.account)
    if query.game is not None:
        found = found.filter(game=query.game)
    if query.node is not None:
        found = found.filter(node_id=query.node)
    if query.verdict is not None:
        found = found.filter(verdict=query.verdict.value)
    if query.since is not None:
        found = found.filter(created_at__gte=query.since)
    if query.until is not None:
        found = found.filter(created_at__lt=query.until)
    rows = found.order_by("-created_at", "-id").limit(query.limit).offset(query.offset)
    return contract.AdminBenchmarkPage(
        benchmarks=[_view(row) for row in await rows.select_related("account")],
        total=await found.count(),
        limit=query.limit,
        offset=query.offset,
    )


async def delete_benchmark(
    actor: Actor, benchmark_id: str, sums: BenchmarkService, *, dry_run: bool
) -> contract.DeletedBenchmark:
    """Take a report out of everybody's sums. Raises ApiError `not_found`, also for the second of two who delete it.

    Other replicas' sums follow within their minute.
    """
    row = await Benchmark.get_or_none(id=benchmark_id).select_related("account")
    if row is None:
        raise _not_found(benchmark_id)
    if not dry_run:
        async with in_transaction():
            if not await Benchmark.filter(id=benchmark_id).delete():
                raise _not_found(benchmark_id)
            details: dict[str, JsonValue] = {
                "account": row.account_id,
                "game": row.game,
                "verdict": row.verdict,
                "difference_ms": row.difference_ms,
            }
            await record(actor, "benchmarks.delete", f"benchmark:{benchmark_id}", details)
        sums.forget_sums()
    return contract.DeletedBenchmark(benchmark=_view(row), dry_run=dry_run)


def _not_found(benchmark_id: str) -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, f"there is no benchmark '{benchmark_id}'")


def _view(row: Benchmark) -> contract.AdminBenchmark:
    return contract.AdminBenchmark(
        id=row.id,
        account_id=row.account_id,
        email=row.account.email,
        game=row.game,
        region=row.region or None,
        node_id=row.node_id,
        created_at=timestamp(row.created_at),
        mode=row.mode,
        method=row.method,
        client_version=row.client_version,
        blocks=row.blocks,
        seconds=row.seconds,
        verdict=BenchmarkVerdict(row.verdict),
        difference_ms=row.difference_ms,
        ci_low_ms=row.ci_low_ms,
        ci_high_ms=row.ci_high_ms,
        confidence=row.confidence,
        direct_ms=row.direct_ms,
        boosted_ms=row.boosted_ms,
        direct_loss_percent=row.direct_loss_percent,
        boosted_loss_percent=row.boosted_loss_percent,
    )
