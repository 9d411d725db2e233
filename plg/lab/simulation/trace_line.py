"""A line of the simulated network that does again what a recorded path did."""

from bisect import bisect_left
from dataclasses import dataclass
from random import Random
from typing import Final

KNOWN_FOR_S: Final = 0.5
"""Beyond the nearest datagram by so much, nothing is known of a path at that moment."""


@dataclass(frozen=True, slots=True)
class Point:
    """What the path did to a datagram that entered then: its delay in seconds, or None when it was lost."""

    at_s: float
    delay_s: float | None


class TraceLine:
    """A `Line` that does to packets what the path did at that moment; where nothing is known it does what it did on average.

    `start_s` is added to the trace's times.
    """

    def __init__(self, points: list[Point], fallback_delay_s: float, start_s: float, seed: int) -> None:
        self._times = [point.at_s + start_s for point in points]
        self._delays = [point.delay_s for point in points]
        known = sorted(delay for delay in self._delays if delay is not None)
        self._usual_delay_s = known[len(known) // 2] if known else fallback_delay_s
        self._loss = sum(delay is None for delay in self._delays) / len(points) if points else 0.0
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self.guessed = 0
        """Packets whose fate is the path's average: nothing was recorded near their moment."""
        self.asked = 0

    def deliveries(self, size_bytes: int, now_s: float) -> tuple[float, ...]:  # noqa: ARG002 - as every line
        self.asked += 1
        times = self._times
        after = bisect_left(times, now_s)
        best = min(
            (place for place in (after - 1, after) if 0 <= place < len(times)),
            key=lambda place: abs(times[place] - now_s),
            default=None,
        )
        if best is None or abs(times[best] - now_s) > KNOWN_FOR_S:
            self.guessed += 1
            return () if self._random.random() < self._loss else (now_s + self._usual_delay_s,)
        delay_s = self._delays[best]
        return () if delay_s is None else (now_s + delay_s,)
