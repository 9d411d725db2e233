"""Do no harm: whether the booster is worth it, before the match and at flow starts while it runs. Pure.

A game server binds a player to his address, so the verdict never moves a flow that lives; it decides where the next one begins.
"""

from dataclasses import dataclass
from typing import Final

WORTH_MS: Final = 5.0
"""Specification (node selection): the booster is taken for a gain of so much, and kept by it."""
HARM_MS: Final = 8.0
"""Implementation. So much worse than direct, the next flow goes direct: more than two medians differ by chance."""
CURE_PRICE_MS: Final = 20.0
"""Specification: so much latency may be paid to cure loss or jitter."""
LOSSY_PERCENT: Final = 0.1
"""Specification: direct loss beyond it is worth curing."""
LEAST_LOST: Final = 2
"""Implementation. One lost ping of ten is 10 %, but may be the host's own thrift with answers; two are a sign."""
JITTERY_MS: Final = 8.0
"""Implementation. Mean step between two pings; at 64 packets a second that is half a packet."""
AGREEING_WINDOWS: Final = 2
DWELL_S: Final = 120.0
"""Specification: a verdict stands at least so long."""
MAX_FLIPS: Final = 2
"""Specification: a way that is sometimes better and sometimes worse is not chased."""


@dataclass(frozen=True, slots=True)
class DirectWay:
    """The way without the booster: medians over `sent` pings, of which `lost` had no answer."""

    rtt_ms: float | None
    jitter_ms: float | None = None
    sent: int = 0
    lost: int = 0

    @property
    def loss_percent(self) -> float | None:
        return 100.0 * self.lost / self.sent if self.sent else None

    @property
    def needs_cure(self) -> bool:
        """Whether it loses or delays so unevenly that a longer way may be the better one."""
        lossy = self.lost >= LEAST_LOST and (self.loss_percent or 0.0) > LOSSY_PERCENT
        return lossy or (self.jitter_ms or 0.0) > JITTERY_MS


def is_direct_better(direct: DirectWay, boosted_ms: float | None) -> bool:
    """Before the match. What is not known never speaks against the booster."""
    if direct.rtt_ms is None or boosted_ms is None or direct.rtt_ms - boosted_ms >= WORTH_MS:
        return False
    return not (direct.needs_cure and boosted_ms - direct.rtt_ms <= CURE_PRICE_MS)


class LiveVerdict:
    """While connected: two windows in a row must agree, then the verdict stands for a while, and it turns twice at most."""

    def __init__(self) -> None:
        self.prefers_direct = False
        self.flips = 0
        self._flipped_at_s = float("-inf")
        self._agreeing = 0

    def add_window(self, now: float, direct: DirectWay, boosted_ms: float | None) -> bool:
        """One window's figures; True when the verdict turned."""
        if direct.rtt_ms is None or boosted_ms is None:
            self._agreeing = 0
            return False
        if self.prefers_direct:
            against = not is_direct_better(direct, boosted_ms)
        else:
            against = boosted_ms - direct.rtt_ms >= HARM_MS and is_direct_better(direct, boosted_ms)
        self._agreeing = self._agreeing + 1 if against else 0
        if self._agreeing < AGREEING_WINDOWS or self.flips >= MAX_FLIPS or now - self._flipped_at_s < DWELL_S:
            return False
        self.prefers_direct = not self.prefers_direct
        self.flips += 1
        self._flipped_at_s = now
        self._agreeing = 0
        return True
