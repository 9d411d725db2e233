"""What `plg bench` prints with --json; the rules are those of `plg.contract.cli_output`."""

from plg.contract.cli_output import Document
from plg.contract.schema import Answer


class BenchBlock(Answer, frozen=True, kw_only=True):
    """One block: `rtts_ms` are the answers in the order of time, of `sent` questions.

    Where the game server itself was not asked through the relay (method "parts"), boosted round trips are those to the relay plus
    `game_leg_ms`, the relay's own way to the game, `game_leg_age_s` old.
    """

    number: int
    way: str
    began_s: float
    sent: int
    rtts_ms: list[float]
    game_leg_ms: float | None = None
    game_leg_age_s: float | None = None


class BenchArm(Answer, frozen=True, kw_only=True):
    """One way over all its blocks; null when nothing was answered."""

    blocks: int
    sent: int
    answered: int
    rtt_ms_p50: float | None
    rtt_ms_p95: float | None
    rtt_ms_p99: float | None
    jitter_ms: float | None
    loss_percent: float


class BenchDifference(Answer, frozen=True, kw_only=True):
    """Boosted minus direct with its 95 % bootstrap interval: below 0 is better with the booster."""

    value: float
    low: float
    high: float


class BenchProgressDocument(Document, frozen=True, kw_only=True):
    """One line of `plg bench --json` after each block."""

    done: int
    blocks: int
    block: BenchBlock
    schema: str = "plg.bench_progress/1"


class BenchDocument(Document, frozen=True, kw_only=True):
    """The result. `method` is query_a2s or query_quake3 (end to end: the game server itself answered, both ways) or parts.

    `verdict` is improved, no_difference or worse by the median round trip: certain (its interval on one side of 0), at least
    `minimum_effect_ms`, and no improvement that certainly loses more. Differences are taken inside pairs of neighbouring
    blocks and averaged without the extreme fifth at each end. `complete` is false after Ctrl-C. `sent_as` is the id under
    which the server keeps the report.
    """

    game: str
    target: str | None
    region: str | None
    node_id: str
    node_name: str
    method: str
    end_to_end: bool
    server_name: str | None
    mode: str
    seed: int
    seconds: float
    complete: bool
    blocks: list[BenchBlock]
    direct: BenchArm
    boosted: BenchArm
    median_ms: BenchDifference | None
    p95_ms: BenchDifference | None
    jitter_ms: BenchDifference | None
    loss_percent: BenchDifference | None
    confidence: float
    minimum_effect_ms: float
    verdict: str
    sent_as: str | None = None
    schema: str = "plg.bench/1"
