"""Lines of the simulated network: one direction between two hosts, composed of small models.

`plg.lab.impairment` gives delay, jitter, independent loss, reordering, doubles, rate and queue. Here come the things that happen in
time rather than per packet: loss in bursts of so many milliseconds (Gilbert and Elliott's two states), spikes of delay, outages,
steps from one state to another, and loss that several lines share because they share a last mile.
"""

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, Protocol

from plg.lab.impairment import ImpairedDirection, Impairment

MS_PER_S: Final = 1000.0


class Line(Protocol):
    """One direction of one line."""

    def deliveries(self, size_bytes: int, now_s: float) -> tuple[float, ...]:
        """When a packet that enters at `now_s` comes out: never, once or twice. Calls come in order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstsInTime:
    """Loss in bursts: bad stretches of `mean_burst_ms` on average that lose `loss_while_bad_percent` of what enters.

    `loss_percent` is the long-term mean. Raises ValueError where no good stretches would be left.
    """

    loss_percent: float
    mean_burst_ms: float
    loss_while_bad_percent: float = 100.0

    def __post_init__(self) -> None:
        if not (0 < self.loss_percent < self.loss_while_bad_percent <= 100 and self.mean_burst_ms > 0):
            raise ValueError(
                "bursts: 0 < loss_percent < loss_while_bad_percent <= 100 and mean_burst_ms > 0 are needed"
            )

    @property
    def mean_good_ms(self) -> float:
        return self.mean_burst_ms * (self.loss_while_bad_percent / self.loss_percent - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DelaySpikes:
    """Now and then the delay jumps by up to `height_ms` and sinks back to normal within `hold_ms`, as a queue drains.

    Heights are drawn evenly from half of `height_ms` to the whole; nothing is reordered. `every_s` is the mean time between two.
    """

    every_s: float
    height_ms: float
    hold_ms: float

    def __post_init__(self) -> None:
        if not (self.every_s > 0 and self.height_ms > 0 and self.hold_ms > 0):
            raise ValueError("spikes: every_s, height_ms and hold_ms must be above 0")


@dataclass(frozen=True, slots=True)
class Step:
    """From `at_s` on another impairment holds."""

    at_s: float
    impairment: Impairment


@dataclass(frozen=True, slots=True, kw_only=True)
class LineModel:
    """A line by its parts. `shared` names loss processes of the scenario that this line runs through too."""

    impairment: Impairment = field(default_factory=Impairment)
    bursts: BurstsInTime | None = None
    spikes: DelaySpikes | None = None
    outages: tuple[tuple[float, float], ...] = ()
    """From and to, seconds: what enters then is gone."""
    steps: tuple[Step, ...] = ()
    shared: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(not begin < end for begin, end in self.outages):
            raise ValueError("an outage must end after its begin")
        if sorted(self.steps, key=lambda step: step.at_s) != list(self.steps):
            raise ValueError("steps must be in order of time")


class LossInTime:
    """The two states of `BurstsInTime`. Asked by one line, or by all that share it: the same instant gives the same state."""

    def __init__(self, model: BurstsInTime, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._good_rate = MS_PER_S / model.mean_good_ms
        self._bad_rate = MS_PER_S / model.mean_burst_ms
        self._loss_while_bad = model.loss_while_bad_percent / 100
        self._is_bad = False
        self._until_s = self._random.expovariate(self._good_rate)

    def loses(self, now_s: float) -> bool:
        """Whether what enters now is lost. `now_s` never falls."""
        while now_s >= self._until_s:
            self._is_bad = not self._is_bad
            self._until_s += self._random.expovariate(self._bad_rate if self._is_bad else self._good_rate)
        if not self._is_bad:
            return False
        return self._loss_while_bad >= 1 or self._random.random() < self._loss_while_bad


class _SpikeInTime:
    def __init__(self, model: DelaySpikes, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._model = model
        self._began_s = float("-inf")
        self._height_s = 0.0
        self._next_s = self._random.expovariate(1 / model.every_s)

    def extra_s(self, now_s: float) -> float:
        """What the spike of the moment adds."""
        while now_s >= self._next_s:
            self._began_s = self._next_s
            self._height_s = self._random.uniform(0.5, 1.0) * self._model.height_ms / MS_PER_S
            self._next_s += self._random.expovariate(1 / self._model.every_s)
        left = 1 - (now_s - self._began_s) * MS_PER_S / self._model.hold_ms
        return self._height_s * left if left > 0 else 0.0


class SimulatedLine:
    """A `LineModel` at work. `blackhole` may be set at any moment."""

    def __init__(self, model: LineModel, seed: int, shared: tuple[LossInTime, ...] = ()) -> None:
        self._direction = ImpairedDirection(model.impairment, seed)
        self._losses = shared
        if model.bursts is not None:
            self._losses += (LossInTime(model.bursts, seed ^ 0xB0B0),)
        self._spikes = None if model.spikes is None else _SpikeInTime(model.spikes, seed ^ 0x51EE)
        self._outages = model.outages
        self._steps = model.steps
        self._step_times = [step.at_s for step in model.steps]
        self._last_in_order_s = 0.0
        self.blackhole = False
        self.offered = 0
        self.lost = 0
        is_plain = not self._losses and model == LineModel(impairment=Impairment(delay_ms=model.impairment.delay_ms))
        self._plain_delay_s = model.impairment.delay_ms / MS_PER_S if is_plain else None
        """Set when the line only delays: most lines of a match do, and need no chance."""

    def deliveries(self, size_bytes: int, now_s: float) -> tuple[float, ...]:
        self.offered += 1
        if self._plain_delay_s is not None and not self.blackhole:
            return (now_s + self._plain_delay_s,)
        lost = self.blackhole
        for process in self._losses:  # all are asked, or one line's fate would shift another's
            lost = process.loses(now_s) or lost
        for begin_s, end_s in self._outages:
            lost = lost or begin_s <= now_s < end_s
        if self._step_times and now_s >= self._step_times[0]:
            self._direction.impairment = self._steps[bisect_right(self._step_times, now_s) - 1].impairment
        due = self._direction.deliveries(size_bytes, now_s)
        if lost or not due:
            self.lost += 1
            return ()
        if self._spikes is None:
            return due
        extra_s = self._spikes.extra_s(now_s)
        # A queue that drains lets nothing overtake; what the line itself reorders arrives before the last one anyway.
        shifted = tuple(max(moment + extra_s, self._last_in_order_s) for moment in due)
        self._last_in_order_s = max(shifted)
        return shifted
