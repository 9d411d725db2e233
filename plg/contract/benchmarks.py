"""Benchmarks: what `plg bench` measured, handed in by players, and the sums over them that anybody may read."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from plg.contract.schema import Answer, Count, Identifier, LossPercent, Milliseconds, Request, Slug, Timestamp
from plg.contract.sessions import Mode

RegionCode = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9._-]+$")]
SignedMilliseconds = Annotated[float, Meta(ge=-3_600_000, le=3_600_000)]


class BenchmarkVerdict(StrEnum):
    """What the confidence interval of (boosted - direct) says: all below 0, around it, all above.

    A difference of less than 1 ms may be called none wherever its interval lies.
    """

    IMPROVED = "improved"
    NO_DIFFERENCE = "no_difference"
    WORSE = "worse"


class BenchmarkArm(Request, frozen=True, kw_only=True):
    """One way's measurements over all its blocks; the figures are of the `samples` that came back."""

    samples: Annotated[int, Meta(ge=1, le=1_000_000)]
    rtt_ms_p50: Milliseconds
    rtt_ms_p95: Milliseconds
    rtt_ms_p99: Milliseconds | None = None
    jitter_ms: Milliseconds | None = None
    loss_percent: LossPercent = 0.0


class BenchmarkReport(Request, frozen=True, kw_only=True):
    """POST /v1/benchmarks. `difference_ms` is the boosted median minus the direct one: below 0 is better with the booster.

    `ci_low_ms` to `ci_high_ms` is its bootstrap interval at `confidence`. `method` says what was sent ("udp_query", "icmp",
    "tcp" ...). `blocks` counts both ways' blocks; `node_id` is the exit.
    """

    game: Slug
    region: RegionCode | None = None
    node_id: Identifier | None = None
    mode: Mode = "off"
    method: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9_-]+$")]
    blocks: Annotated[int, Meta(ge=2, le=10_000)]
    seconds: Annotated[float, Meta(gt=0, le=86_400)]
    direct: BenchmarkArm
    boosted: BenchmarkArm
    difference_ms: SignedMilliseconds
    ci_low_ms: SignedMilliseconds
    ci_high_ms: SignedMilliseconds
    confidence: Annotated[float, Meta(ge=0.5, lt=1)] = 0.95
    verdict: BenchmarkVerdict
    client_version: Annotated[str, Meta(max_length=32)] = ""


class BenchmarkReceipt(Answer, frozen=True, kw_only=True):
    """The report is stored under `id`; `left_today` more of this game may follow from this account until `day_ends_at`."""

    id: str
    left_today: Count
    day_ends_at: Timestamp


class BenchmarkSummary(Answer, frozen=True, kw_only=True):
    """One game and region (null: not said). `reports` came from `players` accounts; each account counts once a day.

    `n` is the number of those account-days, which the shares (percent, sum 100) and medians are over.
    """

    game: str
    region: str | None
    n: Count
    reports: Count
    players: Count
    improved_percent: float
    no_difference_percent: float
    worse_percent: float
    direct_ms_median: float
    boosted_ms_median: float
    difference_ms_median: float
    direct_loss_percent_median: float
    boosted_loss_percent_median: float


class BenchmarkSummaries(Answer, frozen=True, kw_only=True):
    """GET /v1/benchmarks?game=&region=: the last `days` days, most reported first."""

    days: int
    summaries: list[BenchmarkSummary]


class BenchmarkWay(Answer, frozen=True, kw_only=True):
    """One way of an own report, as BenchmarkArm has it."""

    samples: Count
    rtt_ms_p50: float
    rtt_ms_p95: float
    rtt_ms_p99: float | None = None
    jitter_ms: float | None = None
    loss_percent: float = 0.0


class OwnBenchmark(Answer, frozen=True, kw_only=True):
    """One report of the caller's own; the fields are those of BenchmarkReport. `node_name` is null when the relay is gone."""

    id: str
    created_at: Timestamp
    game: str
    region: str | None
    node_id: str | None
    node_name: str | None
    mode: str
    method: str
    blocks: Count
    seconds: float
    direct: BenchmarkWay
    boosted: BenchmarkWay
    difference_ms: float
    ci_low_ms: float
    ci_high_ms: float
    confidence: float
    verdict: BenchmarkVerdict
    client_version: str


class BenchmarkPage(Answer, frozen=True, kw_only=True):
    """GET /v1/benchmarks/mine?limit=&offset=: newest first; they are kept for `kept_days` days."""

    benchmarks: list[OwnBenchmark]
    total: Count
    limit: int
    offset: int
    kept_days: int
