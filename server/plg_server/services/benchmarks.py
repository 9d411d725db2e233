"""Benchmarks that players hand in: checked, counted, and summed up for everybody."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from tortoise.transactions import in_transaction

from plg.contract import benchmarks as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.models.benchmarks import Benchmark
from plg_server.models.nodes import Node
from plg_server.problems import ApiError
from plg_server.services.asked_game import game_not_found
from plg_server.services.benchmark_sums import BenchmarkRow, fault_of, summaries_of
from plg_server.services.game_catalog import GameCatalog
from plg_server.services.game_search import GameSearch

REPORTS_A_DAY = 24
"""Of one account and game: one an hour. More would be a script that wants to weigh more."""

SHOWN_DAYS = 30
KEPT = timedelta(days=90)
MAX_ROWS = 20_000
"""Rows that one sum reads; with more the newest count."""

SUMS_FOR_S = 60.0


class BenchmarkService:
    """Needs an active database."""

    def __init__(self, catalog: GameCatalog, search: GameSearch) -> None:
        self._catalog = catalog
        self._search = search
        self._sums: dict[tuple[str, str | None], tuple[float, contract.BenchmarkSummaries]] = {}

    async def take(self, account: Account, report: contract.BenchmarkReport) -> contract.BenchmarkReceipt:
        """Store one report. Raises ApiError `game_not_found`, `node_not_found`, `implausible` or `rate_limited`."""
        profile = self._catalog.find(report.game)
        if profile is None:
            raise game_not_found(report.game, self._search)
        fault = fault_of(report)
        regions = {region.code for region in profile.detail.regions}
        if fault is None and report.region is not None and report.region not in regions:
            fault = f"{profile.detail.name} has no region '{report.region}'"
        if fault is not None:
            raise ApiError(ErrorCode.IMPLAUSIBLE, fault)
        if report.node_id is not None and not await Node.exists(id=report.node_id):
            raise ApiError(ErrorCode.NODE_NOT_FOUND, f"there is no relay '{report.node_id}'")
        now = utc_now()
        day, ends_at = _day_of(now)
        async with in_transaction():
            # The lock on the account makes reports that come at once count one after the other.
            await Account.filter(id=account.id).select_for_update().first()
            before = await Benchmark.filter(account_id=account.id, game=profile.slug, day=day).count()
            if before >= REPORTS_A_DAY:
                wait_s = (ends_at - now).total_seconds()
                raise ApiError(
                    ErrorCode.RATE_LIMITED,
                    f"{REPORTS_A_DAY} reports of {profile.detail.name} a day are enough; try again tomorrow (UTC)",
                    retry_after_s=round(wait_s, 1),
                )
            row = _row(account, profile.slug, report, day, now)
            await row.save(force_create=True)
        self._sums.clear()
        return contract.BenchmarkReceipt(
            id=row.id, left_today=REPORTS_A_DAY - before - 1, day_ends_at=timestamp(ends_at)
        )

    async def mine(self, account: Account, limit: int, offset: int) -> contract.BenchmarkPage:
        """The account's own reports, newest first."""
        own = Benchmark.filter(account_id=account.id)
        rows = await own.order_by("-created_at", "-id").limit(limit).offset(offset)
        named = {row.node_id for row in rows if row.node_id is not None}
        names = {node.id: node.name for node in await Node.filter(id__in=named)} if named else {}
        return contract.BenchmarkPage(
            benchmarks=[_own(row, names) for row in rows],
            total=await own.count(),
            limit=limit,
            offset=offset,
            kept_days=KEPT.days,
        )

    def forget_sums(self) -> None:
        """A report was taken out: sums are made anew."""
        self._sums.clear()

    async def summaries(self, game: str | None, region: str | None) -> contract.BenchmarkSummaries:
        """Sums by game and region over the last SHOWN_DAYS days, of one game or of all. Raises ApiError `game_not_found`."""
        slug = ""
        if game is not None:
            profile = self._catalog.find(game)
            if profile is None:
                raise game_not_found(game, self._search)
            slug = profile.slug
        known = self._sums.get((slug, region))
        if known is not None and time.monotonic() - known[0] < SUMS_FOR_S:
            return known[1]
        since, _ = _day_of(utc_now() - timedelta(days=SHOWN_DAYS - 1))
        rows = Benchmark.filter(day__gte=since)
        if slug:
            rows = rows.filter(game=slug)
        if region is not None:
            rows = rows.filter(region=region)
        found = await rows.order_by("-created_at", "-id").limit(MAX_ROWS)
        sums = contract.BenchmarkSummaries(days=SHOWN_DAYS, summaries=summaries_of([_summed(row) for row in found]))
        # Few games are asked for at a time; a caller that asks for every region of every game must not fill the memory.
        if len(self._sums) >= 1000:
            self._sums.clear()
        self._sums[slug, region] = (time.monotonic(), sums)
        return sums


async def forget_benchmarks(now: datetime) -> int:
    """Delete reports that no sum reads any more; returns how many. For the periodic job."""
    since, _ = _day_of(now - KEPT)
    return await Benchmark.filter(day__lt=since).delete()


def _day_of(now: datetime) -> tuple[str, datetime]:
    """The UTC date as text, and the moment it ends."""
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start.strftime("%Y-%m-%d"), start + timedelta(days=1)


def _row(account: Account, game: str, report: contract.BenchmarkReport, day: str, now: datetime) -> Benchmark:
    return Benchmark(
        id=new_id(),
        account_id=account.id,
        game=game,
        region=report.region or "",
        node_id=report.node_id,
        day=day,
        created_at=now,
        mode=report.mode,
        method=report.method,
        client_version="".join(c if c.isprintable() else " " for c in report.client_version),
        blocks=report.blocks,
        seconds=report.seconds,
        verdict=report.verdict.value,
        difference_ms=report.difference_ms,
        ci_low_ms=report.ci_low_ms,
        ci_high_ms=report.ci_high_ms,
        confidence=report.confidence,
        direct_ms=report.direct.rtt_ms_p50,
        boosted_ms=report.boosted.rtt_ms_p50,
        direct_loss_percent=report.direct.loss_percent,
        boosted_loss_percent=report.boosted.loss_percent,
        arms=msgspec.json.encode([report.direct, report.boosted]).decode(),
    )


def _own(row: Benchmark, names: Mapping[str, str]) -> contract.OwnBenchmark:
    """`names` of relays by their ids."""
    direct, boosted = msgspec.json.decode(row.arms, type=tuple[contract.BenchmarkWay, contract.BenchmarkWay])
    return contract.OwnBenchmark(
        id=row.id,
        created_at=timestamp(row.created_at),
        game=row.game,
        region=row.region or None,
        node_id=row.node_id,
        node_name=None if row.node_id is None else names.get(row.node_id),
        mode=row.mode,
        method=row.method,
        blocks=row.blocks,
        seconds=row.seconds,
        direct=direct,
        boosted=boosted,
        difference_ms=row.difference_ms,
        ci_low_ms=row.ci_low_ms,
        ci_high_ms=row.ci_high_ms,
        confidence=row.confidence,
        verdict=contract.BenchmarkVerdict(row.verdict),
        client_version=row.client_version,
    )


def _summed(row: Benchmark) -> BenchmarkRow:
    return BenchmarkRow(
        account_id=row.account_id,
        game=row.game,
        region=row.region or None,
        day=row.day,
        verdict=contract.BenchmarkVerdict(row.verdict),
        difference_ms=row.difference_ms,
        direct_ms=row.direct_ms,
        boosted_ms=row.boosted_ms,
        direct_loss_percent=row.direct_loss_percent,
        boosted_loss_percent=row.boosted_loss_percent,
    )
