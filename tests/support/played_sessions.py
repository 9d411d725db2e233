"""A player's past: sessions and benchmarks with plausible values, and a desk that has them instead of a server."""

from collections.abc import Sequence

from msgspec.structs import replace

from plg.contract.accounts import Account, Plan, Totals
from plg.contract.benchmarks import (
    BenchmarkPage,
    BenchmarkSummaries,
    BenchmarkSummary,
    BenchmarkVerdict,
    BenchmarkWay,
    OwnBenchmark,
)
from plg.contract.billing import Checkout, PlanList, ReferralReport, Subscription
from plg.contract.sessions import SessionPage, SessionRecord
from plg_tui.server_desk import ServerDesk
from support.plan_bodies import CHECKOUT, PLANS, REFERRAL, SUBSCRIPTION

ACCOUNT = Account(
    id="a1",
    email="player@example.org",
    display_name="Player One",
    role="player",
    created_at="2026-01-02T03:04:05Z",
    plan=Plan(name="free", expires_at=None, max_sessions=2),
    totals=Totals(sessions=12, seconds=36_000, packets=2_000_000, bytes=300_000_000),
)

PINGS = [
    (29.4, 52.0),
    (31.0, 51.0),
    (30.2, 78.5),
    (33.0, 33.4),
    (None, 54.0),
    (29.9, 55.0),
    (40.1, 38.0),
    (28.8, 71.0),
]
"""Measured through PLG and direct, newest first, in milliseconds."""


def record(
    number: int, measured_ms: float | None, direct_ms: float | None, *, game: str = "openarena"
) -> SessionRecord:
    return SessionRecord(
        session_id=f"s{number}",
        game=game,
        node_id="fra1",
        node_name="Frankfurt 1",
        target=None,
        state="ended",
        started_at=f"2026-01-{20 - number:02}T18:30:00Z",
        ended_at=f"2026-01-{20 - number:02}T19:00:00Z",
        seconds=1_800.0 + number,
        packets_up=100_000,
        packets_down=110_000,
        bytes_up=10_000_000,
        bytes_down=12_000_000,
        rtt_ms_p50=20.0,
        loss_up_percent=0.1,
        loss_down_percent=0.4,
        measured_total_ms=measured_ms,
        direct_ms=direct_ms,
        saved_up=40 + number,
        saved_down=3,
    )


PLAYED = [
    record(number, boosted, direct, game="doom" if number == 3 else "openarena")
    for number, (boosted, direct) in enumerate(PINGS)
]

SUMMARIES = BenchmarkSummaries(
    days=30,
    summaries=[
        BenchmarkSummary(
            game="openarena",
            region="eu-central",
            n=40,
            reports=44,
            players=21,
            improved_percent=55.0,
            no_difference_percent=40.0,
            worse_percent=5.0,
            direct_ms_median=51.0,
            boosted_ms_median=34.5,
            difference_ms_median=-16.5,
            direct_loss_percent_median=0.2,
            boosted_loss_percent_median=0.0,
        ),
        BenchmarkSummary(
            game="xonotic",
            region=None,
            n=3,
            reports=3,
            players=3,
            improved_percent=0.0,
            no_difference_percent=66.7,
            worse_percent=33.3,
            direct_ms_median=22.0,
            boosted_ms_median=24.0,
            difference_ms_median=2.0,
            direct_loss_percent_median=0.0,
            boosted_loss_percent_median=0.0,
        ),
    ],
)


def own_benchmark(number: int, direct_ms: float, boosted_ms: float, *, game: str = "openarena") -> OwnBenchmark:
    """Its interval reaches 2 ms to each side, which decides the verdict."""
    difference_ms = boosted_ms - direct_ms
    verdict = BenchmarkVerdict.NO_DIFFERENCE
    if abs(difference_ms) > 2:
        verdict = BenchmarkVerdict.IMPROVED if difference_ms < 0 else BenchmarkVerdict.WORSE
    return OwnBenchmark(
        id=f"b{number}",
        created_at=f"2026-01-{20 - number:02}T20:15:00Z",
        game=game,
        region="eu-central" if game == "openarena" else None,
        node_id="fra1",
        node_name="Frankfurt 1",
        mode="off",
        method="udp_query",
        blocks=20,
        seconds=300.0,
        direct=BenchmarkWay(samples=500, rtt_ms_p50=direct_ms, rtt_ms_p95=direct_ms + 9, loss_percent=0.4),
        boosted=BenchmarkWay(samples=500, rtt_ms_p50=boosted_ms, rtt_ms_p95=boosted_ms + 4, loss_percent=0.0),
        difference_ms=difference_ms,
        ci_low_ms=difference_ms - 2,
        ci_high_ms=difference_ms + 2,
        confidence=0.95,
        verdict=verdict,
        client_version="1",
    )


BENCHED = [
    own_benchmark(0, 52.0, 29.5),
    own_benchmark(1, 51.4, 30.1),
    own_benchmark(2, 33.0, 33.6, game="doom"),
    own_benchmark(3, 61.0, 31.2),
    own_benchmark(4, 38.0, 42.5),
]
"""Own reports, newest first."""


class FullDesk(ServerDesk):
    """Answers for the account at once; games are still asked of the server."""

    def __init__(self, desk: ServerDesk, sessions: Sequence[SessionRecord] = PLAYED) -> None:
        super().__init__(desk._invocation, desk._address, desk._tell)
        self.played = list(sessions)
        self.summaries = SUMMARIES
        self.benched = list(BENCHED)
        self.who = ACCOUNT

    async def sessions(self, *, limit: int, offset: int = 0) -> SessionPage:
        part = self.played[offset : offset + limit]
        return SessionPage(sessions=part, total=len(self.played), limit=limit, offset=offset)

    async def benchmarks(self) -> BenchmarkSummaries:
        return self.summaries

    async def own_benchmarks(self, *, limit: int) -> BenchmarkPage:
        reports = self.benched[:limit]
        return BenchmarkPage(benchmarks=reports, total=len(self.benched), limit=limit, offset=0, kept_days=90)

    async def account(self) -> Account:
        return self.who

    async def subscription(self) -> Subscription:
        return SUBSCRIPTION

    async def plans(self) -> PlanList:
        return PLANS

    async def referral(self) -> ReferralReport:
        return REFERRAL

    async def checkout(self, plan: str, provider: str, currency: str) -> Checkout:
        return replace(CHECKOUT, plan=plan, provider=provider, currency=currency)
