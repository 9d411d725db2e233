"""What became of one direction's game packets: lost, doubled, how late, and in which gaps."""

from array import array
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import isnan, nan

MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionFigures:
    """One direction over a stretch of time. Latencies are one way, milliseconds, None when nothing arrived."""

    sent: int
    delivered: int
    lost: int
    duplicates: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    longest_gap: int
    """Packets lost in a row at most."""
    gaps: dict[int, int]
    """How often so many packets were lost in a row."""
    longest_silence_ms: float
    """The longest time in which nothing arrived."""

    @property
    def loss_percent(self) -> float:
        return 100.0 * self.lost / self.sent if self.sent else 0.0


class DirectionTally:
    """Counts by packet number. The number of a packet is the order in which the game sent it."""

    def __init__(self) -> None:
        self._sent_s = array("d")
        self._arrived_s = array("d")
        self.duplicates = 0
        self.strangers = 0
        """Arrivals whose number was never sent: must stay 0."""

    def __len__(self) -> int:
        return len(self._sent_s)

    def sent(self, now_s: float) -> int:
        """The number for a packet that the game sends now."""
        self._sent_s.append(now_s)
        self._arrived_s.append(nan)
        return len(self._sent_s) - 1

    def arrived(self, number: int, now_s: float) -> None:
        if number >= len(self._sent_s):
            self.strangers += 1
        elif isnan(self._arrived_s[number]):
            self._arrived_s[number] = now_s
        else:
            self.duplicates += 1

    def figures(self, from_s: float = 0.0, to_s: float = float("inf")) -> DirectionFigures:
        """Packets that the game sent from `from_s` until before `to_s`."""
        pairs = [
            (sent, arrived)
            for sent, arrived in zip(self._sent_s, self._arrived_s, strict=True)
            if from_s <= sent < to_s
        ]
        latencies = sorted((arrived - sent) * MS_PER_S for sent, arrived in pairs if not isnan(arrived))
        gaps = _gaps([isnan(arrived) for _, arrived in pairs])
        return DirectionFigures(
            sent=len(pairs),
            delivered=len(latencies),
            lost=len(pairs) - len(latencies),
            duplicates=self.duplicates,
            p50_ms=percentile(latencies, 50),
            p95_ms=percentile(latencies, 95),
            p99_ms=percentile(latencies, 99),
            p999_ms=percentile(latencies, 99.9),
            longest_gap=max(gaps, default=0),
            gaps=dict(sorted(gaps.items())),
            longest_silence_ms=_longest_silence_s([arrived for _, arrived in pairs]) * MS_PER_S,
        )


def percentile(ordered: list[float], percent: float) -> float | None:
    """By nearest rank; None of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _gaps(lost: list[bool]) -> Counter[int]:
    gaps: Counter[int] = Counter()
    run = 0
    for is_lost in [*lost, False]:
        if is_lost:
            run += 1
        elif run:
            gaps[run] += 1
            run = 0
    return gaps


def _longest_silence_s(arrived_s: list[float]) -> float:
    moments = sorted(moment for moment in arrived_s if not isnan(moment))
    return max((later - sooner for sooner, later in pairwise(moments)), default=0.0)
