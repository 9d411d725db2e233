"""The experiment behind `plg bench`: blocks of direct and boosted round trips, taken in turns as a coin decides."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from plg.probe.bench_statistics import Block, Way, pair_blocks, plan_order

WARM_UP_SAMPLES: Final = 1
"""Implementation. The first round trip of a block wakes routes, caches and radios, and is not counted."""
SAMPLE_TIMEOUT_S: Final = 1.0


class SampledWay(Protocol):
    """One of the two ways."""

    async def prepare_block(self) -> None:
        """Before a block begins."""

    async def sample(self) -> float | None:
        """One round trip to the game's server in milliseconds; None when it was lost."""


@dataclass(frozen=True, slots=True)
class MeasuredBlock:
    """A block with its place in the experiment. `leg_ms` is the relay's own way that each sample includes, None end to end."""

    number: int
    began_s: float
    block: Block
    leg_ms: float | None = None
    leg_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """How much is measured; `interval_s` lies between the beginnings of two samples."""

    pairs: int
    samples: int
    interval_s: float
    seed: int

    @property
    def seconds(self) -> float:
        """How long it takes when nothing is lost."""
        return 2 * self.pairs * (self.samples + WARM_UP_SAMPLES) * self.interval_s


@dataclass(slots=True)
class Experiment:
    """What was measured so far. `is_complete` is false when it was broken off."""

    plan: ExperimentPlan
    blocks: list[MeasuredBlock] = field(default_factory=list)
    is_complete: bool = False
    seconds: float = 0.0

    @property
    def pairs(self) -> int:
        """How many blocks of each way there are."""
        return len(pair_blocks(entry.block for entry in self.blocks))


Told = Callable[[MeasuredBlock], None]
Leg = Callable[[], tuple[float | None, float | None]]


async def run_experiment(
    experiment: Experiment,
    ways: dict[Way, SampledWay],
    told: Told,
    *,
    is_over: Callable[[], bool] = lambda: False,
    leg: Leg = lambda: (None, None),
) -> None:
    """Measure until the plan is done, `is_over`, or the task is cancelled (Ctrl-C): what is there then stays in `experiment`."""
    plan = experiment.plan
    began_s = time.monotonic()
    try:
        for number, way in enumerate(plan_order(plan.pairs, plan.seed)):
            if is_over():
                return
            at_s = time.monotonic() - began_s
            block = await measure_block(way, ways[way], plan)
            leg_ms, leg_age_s = leg() if way is Way.BOOSTED else (None, None)
            measured = MeasuredBlock(number, at_s, block, leg_ms, leg_age_s)
            experiment.blocks.append(measured)
            told(measured)
        experiment.is_complete = True
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            raise
        task.uncancel()  # taken as the wish to see what is there; the caller goes on
    finally:
        experiment.seconds = time.monotonic() - began_s


async def measure_block(way: Way, sampled: SampledWay, plan: ExperimentPlan) -> Block:
    """Samples at even distances; a slow one delays the next."""
    await sampled.prepare_block()
    answered: list[float] = []
    for number in range(plan.samples + WARM_UP_SAMPLES):
        next_at_s = time.monotonic() + plan.interval_s
        rtt_ms = await sampled.sample()
        if number >= WARM_UP_SAMPLES and rtt_ms is not None:
            answered.append(rtt_ms)
        await asyncio.sleep(max(0.0, next_at_s - time.monotonic()))
    return Block(way, tuple(answered), plan.samples)


class AskedWay:
    """A way whose round trips come from one awaitable call; `prepare` is awaited before each block."""

    def __init__(
        self, sample: Callable[[], Awaitable[float | None]], prepare: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._sample = sample
        self._prepare = prepare

    async def prepare_block(self) -> None:
        if self._prepare is not None:
            await self._prepare()

    async def sample(self) -> float | None:
        return await self._sample()


class PartsWay:
    """Boosted where the game server cannot be asked: the session's ping to the relay plus the relay's own way to the game.

    `ask_leg` tells (milliseconds, age in seconds), asked for again before each block.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[float | None]],
        ask_leg: Callable[[], Awaitable[tuple[float | None, float | None]]],
    ) -> None:
        self._ping = ping
        self._ask_leg = ask_leg
        self.leg: tuple[float | None, float | None] = (None, None)

    async def prepare_block(self) -> None:
        asked = await self._ask_leg()
        if asked[0] is not None:
            self.leg = asked

    async def sample(self) -> float | None:
        rtt_ms = await self._ping()
        return None if rtt_ms is None or self.leg[0] is None else rtt_ms + self.leg[0]


def so_far(blocks: Sequence[MeasuredBlock], way: Way) -> list[Block]:
    """The blocks of one way."""
    return [entry.block for entry in blocks if entry.block.way is way]
