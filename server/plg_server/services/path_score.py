"""What makes one way worse than another, in milliseconds: round trip, jitter, loss and load on one scale.

The score of a path in the protocol brief: RTT p50 + 2 * (p95 - p50) + 10 ms for each percent of loss (at most 100) + load. Every
penalty grows with its figure and with nothing else, so that a worse figure never helps.
"""

import math
from dataclasses import dataclass

JITTER_WEIGHT = 2.0
MAX_JITTER_PENALTY_MS = 100.0
MS_PER_LOSS_PERCENT = 10.0
"""1 % of lost packets hurts about as much as 10 ms."""

MAX_LOSS_PENALTY_MS = 100.0
LOADED_FROM_PERCENT = 80.0
MS_PER_LOAD_PERCENT = 1.0
"""Above 80 % a relay gets dearer by 1 ms a percent, so that the next best takes over before it is full."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured part of a way: median, 95th percentile where known, loss. `rtt_ms` None: it did not answer."""

    rtt_ms: float | None
    loss_percent: float = 0.0
    p95_ms: float | None = None
    age_s: float = 0.0

    @property
    def spread_ms(self) -> float:
        """p95 - p50, 0 where one of them is not known."""
        if self.rtt_ms is None or self.p95_ms is None:
            return 0.0
        return max(0.0, self.p95_ms - self.rtt_ms)


UNKNOWN = Figure(None)
"""Nobody measured it."""


def jitter_penalty_ms(*parts: Figure | None) -> float:
    """For a way of several parts: their spreads add like independent errors do, not one on top of the other."""
    spread_ms = math.sqrt(sum(part.spread_ms**2 for part in parts if part is not None))
    return min(JITTER_WEIGHT * spread_ms, MAX_JITTER_PENALTY_MS)


def loss_penalty_ms(*parts: Figure | None) -> float:
    """Losses of the parts of a way add up; a part whose answer is missing altogether counts where its way is judged."""
    return min(MS_PER_LOSS_PERCENT * loss_percent(*parts), MAX_LOSS_PENALTY_MS)


def loss_percent(*parts: Figure | None) -> float:
    """What is lost on all parts of a way together, at most 100."""
    return min(100.0, sum(part.loss_percent for part in parts if part is not None))


def load_penalty_ms(load_percent: float) -> float:
    """Nothing up to 80 %, then 1 ms a percent."""
    return max(0.0, load_percent - LOADED_FROM_PERCENT) * MS_PER_LOAD_PERCENT
