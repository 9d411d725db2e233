"""What an interleaved experiment says: the difference of two ways with a bootstrap interval over blocks, and a verdict. Pure.

A block is some round trips on one way, one after the other; a direct and a boosted block, in random order, make a pair. A line that
is slow in the evening is slow for both blocks of a pair, so differences are taken inside pairs and averaged without the
extreme fifth at each end. Round trips inside a block depend on each other, pairs hardly do: so pairs are drawn in the bootstrap, never
single round trips. Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13; Hesterberg, What Teachers
Should Know About the Bootstrap (2015), section 5.3 (intervals for few observations).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise
from random import Random
from statistics import NormalDist, fmean
from typing import Final

CONFIDENCE: Final = 0.95
MINIMUM_EFFECT_MS: Final = 1.0
"""Specification. Nobody feels less; a difference that is certain but smaller is still no difference."""
MINIMUM_BLOCKS: Final = 4
"""Specification. Blocks of each way below which there is no verdict."""
RESAMPLES: Final = 2000
"""Implementation. The ends of a 95 % interval move by about 2 % of its width between seeds."""
TRIMMED_SHARE: Final = 0.2
"""Implementation. Cut at each end of the pairs' differences: one pair beside a download must not decide, and with even noise nothing
is lost. Below five pairs nothing is cut."""
LOSS_VETO_PERCENT: Final = 1.0
"""Implementation. A shorter way that certainly loses this much more is no improvement: 1 % of loss hurts like 10 ms."""

_ONE_SIGMA: Final = NormalDist().cdf(1.0)
"""The spread is read from these quantiles: a resample that drew one wild pair three times does not widen it."""

# Two-sided 97.5 % points of Student's t for 1 to 30 degrees of freedom; beyond, Peizer and Pratt's approximation is exact to a thousandth.
_STUDENT_T: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


Figure = Callable[[Sequence["Block"]], float | None]
Centre = Callable[[Sequence[float]], float]


class Way(StrEnum):
    """The two arms of the experiment."""

    DIRECT = "direct"
    BOOSTED = "boosted"


class Verdict(StrEnum):
    """What the median round trip says."""

    IMPROVED = "improved"
    NO_DIFFERENCE = "no_difference"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Block:
    """Some tries on one way, in the order of time. `rtts_ms` are those that were answered, of `sent`."""

    way: Way
    rtts_ms: tuple[float, ...]
    sent: int

    def __post_init__(self) -> None:
        if not 0 <= len(self.rtts_ms) <= self.sent:
            raise ValueError(f"{len(self.rtts_ms)} answers to {self.sent} questions")


@dataclass(frozen=True, slots=True)
class Pair:
    """A direct and a boosted block that were measured next to each other, whichever came first."""

    direct: Block
    boosted: Block


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One way over all its blocks. Milliseconds; None when nothing was answered."""

    blocks: int
    sent: int
    answered: int
    rtt_ms_p50: float | None
    rtt_ms_p95: float | None
    rtt_ms_p99: float | None
    jitter_ms: float | None
    loss_percent: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Boosted minus direct: below 0 is better with the booster. The interval holds the truth in 95 of 100 experiments."""

    value: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether the whole interval is on one side of 0."""
        return self.high < 0 or self.low > 0


@dataclass(frozen=True, slots=True)
class BenchResult:
    """The experiment's answer. A difference is None when one way has no figure for it."""

    direct: ArmFigures
    boosted: ArmFigures
    median_ms: Difference | None
    p95_ms: Difference | None
    jitter_ms: Difference | None
    loss_percent: Difference | None
    verdict: Verdict
    resamples: int
    seed: int


def plan_order(pairs: int, seed: int) -> list[Way]:
    """The order of 2 x `pairs` blocks: in each pair a coin decides which way comes first."""
    coin = Random(seed)  # noqa: S311 - repeatable by the printed seed, guards nothing
    order: list[Way] = []
    for _ in range(pairs):
        order += coin.choice(((Way.DIRECT, Way.BOOSTED), (Way.BOOSTED, Way.DIRECT)))
    return order


def pair_blocks(blocks: Iterable[Block]) -> list[Pair]:
    """The blocks as pairs, first direct with first boosted and so on; one that is left over is dropped."""
    by_way: dict[Way, list[Block]] = {way: [] for way in Way}
    for block in blocks:
        by_way[block.way].append(block)
    return [Pair(direct, boosted) for direct, boosted in zip(by_way[Way.DIRECT], by_way[Way.BOOSTED], strict=False)]


def compare(pairs: Sequence[Pair], *, seed: int, resamples: int = RESAMPLES) -> BenchResult:
    """Raises ValueError for fewer than MINIMUM_BLOCKS pairs."""
    if len(pairs) < MINIMUM_BLOCKS:
        raise ValueError(f"a verdict needs {MINIMUM_BLOCKS} blocks of each way, not {len(pairs)}")
    draw = Random(seed)  # noqa: S311 - as above
    drawn = [[draw.random() for _pair in pairs] for _resample in range(resamples)]

    def difference(figure: Figure, centre: Centre = trimmed_mean) -> Difference | None:
        found = [_minus(figure([pair.boosted]), figure([pair.direct])) for pair in pairs]
        values = [value for value in found if value is not None]
        return _interval(values, drawn, centre) if len(values) >= MINIMUM_BLOCKS else None

    median_ms = difference(lambda blocks: _quantile(blocks, 0.5))
    loss_percent = difference(_loss, fmean)
    direct = arm_figures([pair.direct for pair in pairs])
    boosted = arm_figures([pair.boosted for pair in pairs])
    return BenchResult(
        direct,
        boosted,
        median_ms,
        difference(lambda blocks: _quantile(blocks, 0.95)),
        difference(_jitter),
        loss_percent,
        verdict_of(median_ms, loss_percent),
        resamples,
        seed,
    )


def verdict_of(median_ms: Difference | None, loss_percent: Difference | None) -> Verdict:
    """Certain and at least MINIMUM_EFFECT_MS, or no difference. Where one way is too silent for medians, loss alone decides."""
    if median_ms is None:
        return _verdict(loss_percent, LOSS_VETO_PERCENT)
    verdict = _verdict(median_ms, MINIMUM_EFFECT_MS)
    if verdict is Verdict.IMPROVED and _verdict(loss_percent, LOSS_VETO_PERCENT) is Verdict.WORSE:
        return Verdict.NO_DIFFERENCE
    return verdict


def _verdict(difference: Difference | None, minimum: float) -> Verdict:
    if difference is None or not difference.is_certain or abs(difference.value) < minimum:
        return Verdict.NO_DIFFERENCE
    return Verdict.IMPROVED if difference.value < 0 else Verdict.WORSE


def arm_figures(blocks: Sequence[Block]) -> ArmFigures:
    """The figures of one way."""
    return ArmFigures(
        blocks=len(blocks),
        sent=sum(block.sent for block in blocks),
        answered=sum(len(block.rtts_ms) for block in blocks),
        rtt_ms_p50=_quantile(blocks, 0.5),
        rtt_ms_p95=_quantile(blocks, 0.95),
        rtt_ms_p99=_quantile(blocks, 0.99),
        jitter_ms=_jitter(blocks),
        loss_percent=_loss(blocks),
    )


# --- figures of some blocks ------------------------------------------------------------------------------------------


def _quantile(blocks: Sequence[Block], share: float) -> float | None:
    """Between the two nearest values, as numpy's default."""
    rtts = sorted(chain.from_iterable(block.rtts_ms for block in blocks))
    if not rtts:
        return None
    place = share * (len(rtts) - 1)
    below = int(place)
    above = min(below + 1, len(rtts) - 1)
    return rtts[below] + (rtts[above] - rtts[below]) * (place - below)


def _jitter(blocks: Sequence[Block]) -> float | None:
    """The mean step between answers that follow each other in one block."""
    steps = [abs(after - before) for block in blocks for before, after in pairwise(block.rtts_ms)]
    return fmean(steps) if steps else None


def _loss(blocks: Sequence[Block]) -> float:
    sent = sum(block.sent for block in blocks)
    return 100.0 * (sent - sum(len(block.rtts_ms) for block in blocks)) / sent if sent else 0.0


def _minus(boosted: float | None, direct: float | None) -> float | None:
    return None if boosted is None or direct is None else boosted - direct


# --- the interval ----------------------------------------------------------------------------------------------------


def trimmed_mean(values: Sequence[float]) -> float:
    """The mean without the TRIMMED_SHARE at each end."""
    cut = int(len(values) * TRIMMED_SHARE)
    return fmean(sorted(values)[cut : len(values) - cut])


def _interval(values: Sequence[float], drawn: Sequence[Sequence[float]], centre: Centre) -> Difference:
    """The wider of two intervals at each end, because each alone is too narrow for few pairs.

    Expanded percentiles follow a skewed distribution; Student's t with the bootstrap's spread keeps its promise for four pairs, where
    percentiles can reach no further than the best and the worst. `drawn` are the places of each resample, as shares of the length.
    """
    count = len(values)
    whole = centre(values)
    resampled = sorted(centre([values[int(share * count)] for share in shares[:count]]) for shares in drawn)
    widening = math.sqrt(count / (count - 1))
    t = student_t(count - 1)
    share = NormalDist().cdf(-widening * t)
    low, high = resampled[_place(share, resampled)], resampled[_place(1 - share, resampled)]
    spread = (resampled[_place(_ONE_SIGMA, resampled)] - resampled[_place(1 - _ONE_SIGMA, resampled)]) / 2
    reach = t * widening * spread
    return Difference(whole, min(low, whole - reach), max(high, whole + reach))


def _place(share: float, values: Sequence[float]) -> int:
    return min(max(round(share * (len(values) - 1)), 0), len(values) - 1)


def student_t(degrees: int) -> float:
    """The 97.5 % point of Student's t distribution."""
    if degrees <= len(_STUDENT_T):
        return _STUDENT_T[max(degrees, 1) - 1]
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2)
    return z + (z**3 + z) / (4 * degrees)
