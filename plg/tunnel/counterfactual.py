"""What the game would feel without the booster, measured while it runs: light pings on the direct way, beside the tunnel.

Both sides of the comparison end at the same host and are measured by the same method: the relay's leg, which the server tells, and the
direct way. Neither is ever invented: where a part is not known, the sum is not known.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from plg.api.errors import ApiError
from plg.contract.games import GameDetail
from plg.contract.nodes import NodeGameLeg
from plg.probe.direct_ping import ICMP, DirectPing
from plg.protocol.destination import Address
from plg.tunnel.clock import Clock
from plg.tunnel.direct_gate import DirectWay

SAMPLE_EVERY_S: Final = 2.0
"""Implementation. 64 bytes every two seconds: nothing that a game or a host could feel."""
TCP_SAMPLE_EVERY_S: Final = 10.0
"""Implementation. A connection is more than a ping to the host that it is opened to."""
JITTER_SHARE: Final = 0.25
"""Implementation. Players' pings do not march in step."""
WINDOW_S: Final = 30.0
"""Implementation. Some fifteen samples: enough for a median and to tell a lost one from loss."""
MAX_SAMPLES: Final = 64
LEG_EVERY_S: Final = 30.0
LEG_WANTED_EVERY_S: Final = 5.0
"""Implementation. A leg that is not known yet: relays begin to measure a new server when it is first asked for."""
LEG_WANTED_FOR_S: Final = 60.0
GATE_PINGS: Final = 6
GATE_INTERVAL_S: Final = 0.15
"""Implementation. Before the match: done while the relays are being measured."""


@dataclass(frozen=True, slots=True)
class DirectTarget:
    """Where the direct way is measured to. `estimated`: the host stands for the game server only by its region."""

    host: str
    method: str
    port: int | None
    estimated: bool


MeasureDirect = Callable[[DirectTarget, int], Awaitable[DirectPing]]
"""So many pings on the direct way, past the capture."""
AskLeg = Callable[[], Awaitable[NodeGameLeg | None]]
"""The way from the exit in use to the game, as the server knows it now. Raises ApiError."""


def direct_target(
    game: GameDetail, targets: Sequence[tuple[Address, int]], leg: NodeGameLeg | None
) -> DirectTarget | None:
    """The host that the relay's leg was measured to, None when that cannot be told.

    Without a leg a named game server is measured itself: the relays are about to do the same.
    """
    if targets and (leg is None or leg.rtt_ms is None or not leg.estimated):
        return DirectTarget(str(targets[0][0]), ICMP, None, estimated=False)
    if leg is None or leg.region is None:
        return None
    region = next((region for region in game.regions if region.code == leg.region), None)
    if region is None or not region.ping:
        return None
    ping = min(region.ping, key=lambda entry: entry.proxy)
    return DirectTarget(ping.host, ping.method, ping.port, estimated=ping.proxy or bool(targets))


def direct_way(ping: DirectPing, sent: int) -> DirectWay:
    """One measurement of `sent` pings as the gate weighs it."""
    return DirectWay(ping.rtt_ms, ping.jitter_ms, sent, round(ping.loss_percent * sent / 100.0))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One moment; None where a part is not known. `estimated`: an end stands for the game server only by its region.

    `now_ms` is the live round trip to the exit plus the exit's way to the game; `gain_ms` is `direct_ms` - `now_ms`.
    """

    now_ms: float | None = None
    direct_ms: float | None = None
    direct_jitter_ms: float | None = None
    direct_loss_percent: float | None = None
    leg_ms: float | None = None
    method: str | None = None
    age_s: float | None = None
    estimated: bool = False

    @property
    def gain_ms(self) -> float | None:
        return None if self.now_ms is None or self.direct_ms is None else self.direct_ms - self.now_ms


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    rtt_ms: float | None
    method: str


class Counterfactual:
    """Samples until cancelled. `target_for` tells where to measure for a leg, None for nowhere."""

    def __init__(
        self,
        clock: Clock,
        measure: MeasureDirect,
        ask_leg: AskLeg,
        target_for: Callable[[NodeGameLeg | None], DirectTarget | None],
        leg: NodeGameLeg | None = None,
    ) -> None:
        self._clock = clock
        self._measure = measure
        self._ask_leg = ask_leg
        self._target_for = target_for
        self._samples: deque[_Sample] = deque(maxlen=MAX_SAMPLES)
        self.leg = leg
        self.target = target_for(leg)
        self._wanted_until_s = clock.time() + LEG_WANTED_FOR_S
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Whatever fails is tried again at the next turn."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sample_for_ever())
            tasks.create_task(self._refresh_for_ever())

    def take_leg(self, leg: NodeGameLeg | None) -> None:
        """A newer leg, or another exit's. Samples of another host say nothing about it and are forgotten."""
        self.leg = leg
        target = self._target_for(leg)
        if target is None or self.target is None or target.host != self.target.host:
            self._samples.clear()
        self.target = target

    def forget_leg(self) -> None:
        """Another exit is in use: the old one's leg says nothing about it, and its own is asked for at once."""
        self.leg = None
        self._wanted_until_s = self._clock.time() + LEG_WANTED_FOR_S
        self._wake.set()

    def add(self, ping: DirectPing, sent: int) -> None:
        """A measurement of `sent` pings that was made to `target` by someone else (before the match)."""
        if ping.method is None:
            return
        lost = round(ping.loss_percent * sent / 100.0)
        now = self._clock.time()
        self._samples.extend(_Sample(now, ping.rtt_ms, ping.method) for _ in range(sent - lost))
        self._samples.extend(_Sample(now, None, ping.method) for _ in range(lost))

    def way(self, now: float) -> DirectWay:
        """The direct way over the last WINDOW_S."""
        samples = self._recent(now)
        answered = [sample.rtt_ms for sample in samples if sample.rtt_ms is not None]
        steps = [abs(b - a) for a, b in pairwise(answered)]
        return DirectWay(
            median(answered) if answered else None,
            fmean(steps) if steps else None,
            len(samples),
            len(samples) - len(answered),
        )

    def compare(self, now: float, exit_rtt_ms: float | None) -> Comparison:
        """`exit_rtt_ms` is the live round trip to the exit in use."""
        samples, way, leg = self._recent(now), self.way(now), self.leg
        leg_ms = leg.rtt_ms if leg is not None else None
        return Comparison(
            now_ms=exit_rtt_ms + leg_ms if exit_rtt_ms is not None and leg_ms is not None else None,
            direct_ms=way.rtt_ms,
            direct_jitter_ms=way.jitter_ms,
            direct_loss_percent=way.loss_percent,
            leg_ms=leg_ms,
            method=samples[-1].method if samples else None,
            age_s=now - samples[-1].at_s if samples else None,
            estimated=(leg is not None and leg.estimated) or (self.target is not None and self.target.estimated),
        )

    def _recent(self, now: float) -> list[_Sample]:
        return [sample for sample in self._samples if now - sample.at_s <= WINDOW_S]

    async def _sample_for_ever(self) -> None:
        while True:
            target = self.target
            every_s = SAMPLE_EVERY_S
            if target is not None:
                ping = await self._measure(target, 1)
                if ping.method is not None and target == self.target:
                    self._samples.append(_Sample(self._clock.time(), ping.rtt_ms, ping.method))
                if ping.method != ICMP:
                    every_s = TCP_SAMPLE_EVERY_S
            await asyncio.sleep(every_s * random.uniform(1 - JITTER_SHARE, 1 + JITTER_SHARE))  # noqa: S311 - spreads pings

    async def _refresh_for_ever(self) -> None:
        while True:
            is_wanted = (self.leg is None or self.leg.rtt_ms is None) and self._clock.time() < self._wanted_until_s
            with suppress(TimeoutError):
                async with asyncio.timeout(LEG_WANTED_EVERY_S if is_wanted else LEG_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                leg = await self._ask_leg()
            except ApiError:
                continue  # the server is away: what it said last still holds
            if leg is not None:
                self.take_leg(leg)
