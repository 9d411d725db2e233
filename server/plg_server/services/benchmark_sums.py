"""Is a benchmark report possible, and what do many of them say together? Pure.

A report comes from anybody with an account. What contradicts itself is refused; what is left is bounded by one voice for each
account, day, game and region: the newest report of that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from plg.contract.benchmarks import BenchmarkArm, BenchmarkReport, BenchmarkSummary, BenchmarkVerdict

MAX_RATE_PER_S = 200.0
"""Samples a second of both ways together; a benchmark that sends more is an attack, or invented."""

SMALL_DIFFERENCE_MS = 1.0
"""The least that a client may call a difference."""

LONGEST_RTT_MS = 5000.0
MAX_GROUPS = 500
"""Games and regions shown at once."""


def fault_of(report: BenchmarkReport) -> str | None:
    """One line that says what cannot be in this report; None when it may be true."""
    for name, arm in (("direct", report.direct), ("boosted", report.boosted)):
        fault = _arm_fault(arm)
        if fault is not None:
            return f"{name}: {fault}"
    if not report.ci_low_ms <= report.difference_ms <= report.ci_high_ms:
        return "difference_ms is not inside its own interval"
    if not _verdict_follows(report):
        return f"the verdict '{report.verdict.value}' does not follow from the interval"
    if (report.direct.samples + report.boosted.samples) / report.seconds > MAX_RATE_PER_S:
        return f"more than {MAX_RATE_PER_S:.0f} samples a second"
    if report.blocks > report.direct.samples + report.boosted.samples:
        return "more blocks than samples"
    # Medians over all samples and over pairs of blocks part company only by as much as the ways waver.
    between_ms = report.boosted.rtt_ms_p50 - report.direct.rtt_ms_p50
    room_ms = 5.0 + sum(arm.rtt_ms_p95 - arm.rtt_ms_p50 for arm in (report.direct, report.boosted))
    if abs(between_ms - report.difference_ms) > room_ms:
        return "difference_ms does not fit the two ways' medians"
    return None


def _arm_fault(arm: BenchmarkArm) -> str | None:
    if arm.rtt_ms_p50 <= 0 or arm.rtt_ms_p50 > LONGEST_RTT_MS:
        return f"a median of {arm.rtt_ms_p50:g} ms"
    if arm.rtt_ms_p95 < arm.rtt_ms_p50 or (arm.rtt_ms_p99 is not None and arm.rtt_ms_p99 < arm.rtt_ms_p95):
        return "percentiles that fall"
    if arm.loss_percent >= 100:
        return "samples came back although all were lost"
    return None


def _verdict_follows(report: BenchmarkReport) -> bool:
    """A side is taken only when the whole interval is on it; a difference too small to be felt may count as none."""
    if report.verdict is BenchmarkVerdict.IMPROVED:
        return report.ci_high_ms < 0
    if report.verdict is BenchmarkVerdict.WORSE:
        return report.ci_low_ms > 0
    return report.ci_low_ms <= 0 <= report.ci_high_ms or abs(report.difference_ms) < SMALL_DIFFERENCE_MS


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """What the sums need of one report."""

    account_id: str
    game: str
    region: str | None
    day: str
    verdict: BenchmarkVerdict
    difference_ms: float
    direct_ms: float
    boosted_ms: float
    direct_loss_percent: float
    boosted_loss_percent: float


def summaries_of(rows: Sequence[BenchmarkRow]) -> list[BenchmarkSummary]:
    """One summary for each game and region, most voices first. `rows` are newest first."""
    groups: dict[tuple[str, str | None], list[BenchmarkRow]] = {}
    for row in rows:
        groups.setdefault((row.game, row.region), []).append(row)
    summaries = [_summary(game, region, group) for (game, region), group in groups.items()]
    summaries.sort(key=lambda summary: (-summary.n, summary.game, summary.region or ""))
    return summaries[:MAX_GROUPS]


def _summary(game: str, region: str | None, rows: list[BenchmarkRow]) -> BenchmarkSummary:
    voices: dict[tuple[str, str], BenchmarkRow] = {}
    for row in rows:
        voices.setdefault((row.account_id, row.day), row)
    counted = list(voices.values())

    def share(verdict: BenchmarkVerdict) -> float:
        return 100.0 * sum(row.verdict is verdict for row in counted) / len(counted)

    return BenchmarkSummary(
        game=game,
        region=region,
        n=len(counted),
        reports=len(rows),
        players=len({row.account_id for row in rows}),
        improved_percent=share(BenchmarkVerdict.IMPROVED),
        no_difference_percent=share(BenchmarkVerdict.NO_DIFFERENCE),
        worse_percent=share(BenchmarkVerdict.WORSE),
        direct_ms_median=median(row.direct_ms for row in counted),
        boosted_ms_median=median(row.boosted_ms for row in counted),
        difference_ms_median=median(row.difference_ms for row in counted),
        direct_loss_percent_median=median(row.direct_loss_percent for row in counted),
        boosted_loss_percent_median=median(row.boosted_loss_percent for row in counted),
    )
