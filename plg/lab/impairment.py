"""What a bad line does to packets, as a calculation: bytes and time in, delivery times out.

Nothing here reads a clock or sleeps; `plg.lab.impairment_proxy` and `plg.lab.wire` give it time and carry out its answers. The
same seed and the same packets give the same losses, whatever else is switched on, because every packet draws the same
number of random numbers.
"""

import heapq
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Generic, TypeVar

Item = TypeVar("Item")

JITTER_HOLD_S = 0.030
"""One jitter value lasts this long, as a queue somewhere on the way would. Drawn anew for each packet and kept in order,
jitter would raise the mean delay at high packet rates, because every packet waits for the slowest one before it."""

MAX_DELAY_MS = 60_000.0
"""A packet that takes longer than a minute belongs to no line worth imitating."""

MAX_SCHEDULED = 100_000
"""Packets that may be on their way at once in one schedule: bounds memory when somebody floods the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstLoss:
    """Gilbert-Elliott loss: a good and a bad state, with a chance per packet to change from one to the other.

    The mean length of a bad stretch is 100 / `leave_percent` packets.
    """

    enter_percent: float
    leave_percent: float
    bad_loss_percent: float = 100.0
    good_loss_percent: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_percent(field.name, getattr(self, field.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """One direction of one path. Everything is off by default. Raises ValueError for a value that makes no sense.

    `jitter_ms` moves the delay by up to that much either way, so it is at most `delay_ms`. `reorder_percent` of the packets are
    held `reorder_ms` longer while later ones pass. `rate_kbit_s` None is unlimited; a packet that would wait more than
    `queue_ms` for its turn is dropped, as at the end of a full queue.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss_percent: float = 0.0
    burst_loss: BurstLoss | None = None
    reorder_percent: float = 0.0
    reorder_ms: float = 0.0
    duplicate_percent: float = 0.0
    rate_kbit_s: float | None = None
    queue_ms: float = 200.0
    blackhole: bool = False

    def __post_init__(self) -> None:
        for name in ("delay_ms", "jitter_ms", "reorder_ms", "queue_ms"):
            value = getattr(self, name)
            if not 0 <= value <= MAX_DELAY_MS:
                raise ValueError(f"{name} must be from 0 to {MAX_DELAY_MS:g}, not {value!r}")
        for name in ("loss_percent", "reorder_percent", "duplicate_percent"):
            _check_percent(name, getattr(self, name))
        if self.jitter_ms > self.delay_ms:
            raise ValueError(f"jitter_ms ({self.jitter_ms:g}) must not exceed delay_ms ({self.delay_ms:g})")
        if self.rate_kbit_s is not None and not self.rate_kbit_s > 0:
            raise ValueError(f"rate_kbit_s must be above 0, not {self.rate_kbit_s!r}")

    def to_mapping(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> "Impairment":
        """The reverse of `to_mapping`; keys left out keep their default. Raises ValueError for anything else."""
        known = {field.name for field in fields(cls)}
        strange = sorted(set(values) - known)
        if strange:
            raise ValueError(f"unknown impairment {strange[0]!r}; known are {', '.join(sorted(known))}")
        burst = values.get("burst_loss")
        if burst is not None and not isinstance(burst, Mapping):
            raise ValueError("burst_loss must be an object or null")
        try:
            return cls(**{**values, "burst_loss": None if burst is None else BurstLoss(**burst)})  # type: ignore[arg-type] # the values are checked in __post_init__
        except TypeError as error:
            raise ValueError(f"not an impairment: {error}") from error


@dataclass(slots=True)
class DirectionCounts:
    """What became of the packets of one direction since its start."""

    offered: int = 0
    delivered: int = 0
    lost: int = 0
    queue_dropped: int = 0
    duplicated: int = 0
    reordered: int = 0


class ImpairedDirection:
    """Applies an `Impairment`, which may be exchanged at any time, to the packets of one direction."""

    def __init__(self, impairment: Impairment, seed: int) -> None:
        self.impairment = impairment
        self.counts = DirectionCounts()
        # A repeatable sequence is the point here; nothing depends on it being unpredictable.
        self._packet_random = random.Random(seed)  # noqa: S311
        self._jitter_random = random.Random(seed ^ 0x5EED)  # noqa: S311
        self._burst_is_bad = False
        self._line_free_at_s = 0.0
        self._last_in_order_s = 0.0
        self._jitter_share = 0.0
        self._jitter_until_s = float("-inf")

    def deliveries(self, size_bytes: int, now_s: float) -> tuple[float, ...]:
        """When a packet of `size_bytes` that enters at `now_s` comes out: never, once, or twice."""
        rule, counts = self.impairment, self.counts
        draw = self._packet_random.random
        loss_draw, burst_move_draw, burst_loss_draw = draw() * 100, draw() * 100, draw() * 100
        reorder_draw, duplicate_draw = draw() * 100, draw() * 100
        counts.offered += 1
        lost_in_burst = self._lost_in_burst(rule.burst_loss, burst_move_draw, burst_loss_draw)
        if rule.blackhole or loss_draw < rule.loss_percent or lost_in_burst:
            counts.lost += 1
            return ()
        sent_s = now_s
        if rule.rate_kbit_s is not None:
            start_s = max(now_s, self._line_free_at_s)
            if (start_s - now_s) * 1000 > rule.queue_ms:
                counts.queue_dropped += 1
                return ()
            sent_s = self._line_free_at_s = start_s + size_bytes * 8 / (rule.rate_kbit_s * 1000)
        due_s = sent_s + (rule.delay_ms + self._jitter_share_at(now_s) * rule.jitter_ms) / 1000
        if reorder_draw < rule.reorder_percent:
            counts.reordered += 1
            due_s += rule.reorder_ms / 1000
        else:
            due_s = self._last_in_order_s = max(due_s, self._last_in_order_s)
        counts.delivered += 1
        if duplicate_draw < rule.duplicate_percent:
            counts.duplicated += 1
            return due_s, due_s
        return (due_s,)

    def _lost_in_burst(self, burst: BurstLoss | None, move_draw: float, loss_draw: float) -> bool:
        if burst is None:
            self._burst_is_bad = False
            return False
        if move_draw < (burst.leave_percent if self._burst_is_bad else burst.enter_percent):
            self._burst_is_bad = not self._burst_is_bad
        return loss_draw < (burst.bad_loss_percent if self._burst_is_bad else burst.good_loss_percent)

    def _jitter_share_at(self, now_s: float) -> float:
        """From -1 to 1, evenly spread, constant for JITTER_HOLD_S."""
        if now_s >= self._jitter_until_s:
            self._jitter_share = self._jitter_random.uniform(-1, 1)
            self._jitter_until_s = now_s + JITTER_HOLD_S
        return self._jitter_share


class Schedule(Generic[Item]):
    """Things that fall due at a time; equal times keep the order in which they came. Drops what exceeds its bound."""

    def __init__(self, limit: int = MAX_SCHEDULED) -> None:
        self.overflowed = 0
        self._limit = limit
        self._heap: list[tuple[float, int, Item]] = []
        self._arrivals = 0

    def add(self, due_s: float, item: Item) -> None:
        if len(self._heap) >= self._limit:
            self.overflowed += 1
            return
        self._arrivals += 1
        heapq.heappush(self._heap, (due_s, self._arrivals, item))

    def next_due_s(self) -> float | None:
        """When the earliest thing falls due, or None when nothing is on its way."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now_s: float) -> list[Item]:
        """Everything that is due at `now_s`, earliest first."""
        due = []
        while self._heap and self._heap[0][0] <= now_s:
            due.append(heapq.heappop(self._heap)[2])
        return due


def _check_percent(name: str, value: float) -> None:
    if not 0 <= value <= 100:
        raise ValueError(f"{name} must be from 0 to 100, not {value!r}")
