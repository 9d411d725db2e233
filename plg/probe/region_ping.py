"""Rounds of pings to the regions of a game and to the relays, at the same time, summed up: before and after, side by side.

The direct way ends at the region's ping host, by the method that the game's profile names for it; the boosted way is the own ping
to a relay plus the relay's leg to that region, as the server counts it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Final

from plg.contract.games import GameRegion, RegionPing
from plg.contract.nodes import Node, NodeGameLeg, NodeState
from plg.probe.direct_ping import DirectPing, measure
from plg.probe.node_ranking import LOSS_COST_LIMIT_MS, LOSS_COST_MS_PER_PERCENT
from plg.probe.relay_ping import RelayPing, RelayTarget, SocketPreparation, measure_relays

MAX_REGIONS: Final = 32
"""Implementation. No game has more; a longer list is cut, so that a round stays light."""
AT_ONCE: Final = 8
"""Implementation. Hosts measured at the same time: the measurement must not disturb itself."""
DIRECT_PINGS: Final = 3
RELAY_PINGS: Final = 4  # the first one of each round is not counted
PING_INTERVAL_S: Final = 0.15
DIRECT_TIMEOUT_S: Final = 0.6
"""Implementation. A round takes about a second; a host further away counts as lost, and no game is played there."""


@dataclass(slots=True)
class Tally:
    """Rounds of one host."""

    rtts_ms: list[float] = field(default_factory=list)
    jitters_ms: list[float] = field(default_factory=list)
    sent: int = 0
    lost: float = 0.0
    method: str | None = None

    def add(self, rtt_ms: float | None, jitter_ms: float | None, loss_percent: float, sent: int) -> None:
        """One round of `sent` pings."""
        if rtt_ms is not None:
            self.rtts_ms.append(rtt_ms)
        if jitter_ms is not None:
            self.jitters_ms.append(jitter_ms)
        self.sent += sent
        self.lost += loss_percent * sent / 100

    @property
    def rtt_ms(self) -> float | None:
        return median(self.rtts_ms) if self.rtts_ms else None

    @property
    def jitter_ms(self) -> float | None:
        return fmean(self.jitters_ms) if self.jitters_ms else None

    @property
    def loss_percent(self) -> float | None:
        return 100 * self.lost / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class BestWay:
    """The best relay for one region: its tally and its leg."""

    node: Node
    relay: Tally
    leg: NodeGameLeg
    total_ms: float
    loss_percent: float


@dataclass(frozen=True, slots=True)
class RegionWays:
    """One region so far. `host` is None when the profile names none; `best` when no relay has measured its way there."""

    region: GameRegion
    host: RegionPing | None
    direct: Tally
    best: BestWay | None

    @property
    def gain_ms(self) -> float | None:
        """Direct minus boosted."""
        if self.best is None or self.direct.rtt_ms is None:
            return None
        return self.direct.rtt_ms - self.best.total_ms


class RegionPinger:
    """Measures round after round; `targets` are the relays that may be pinged."""

    def __init__(
        self,
        regions: Sequence[GameRegion],
        nodes: Sequence[Node],
        targets: Sequence[RelayTarget],
        *,
        prepare: SocketPreparation | None = None,
    ) -> None:
        self._regions = list(regions[:MAX_REGIONS])
        self._nodes = [node for node in nodes if node.state is NodeState.UP]
        self._targets = list(targets)
        self._prepare = prepare
        self._hosts = {region.code: ping_host(region) for region in self._regions}
        self._direct = {region.code: Tally() for region in self._regions}
        self._relays: dict[str, Tally] = {target.node_id: Tally() for target in targets}

    async def measure_round(self) -> None:
        """About a second. Never raises for the network."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure_relays())
            for code, host in self._hosts.items():
                if host is not None:
                    group.create_task(self._measure_direct(code, host, gate))

    def ways(self) -> list[RegionWays]:
        """Everything so far, in the profile's order."""
        return [
            RegionWays(region, self._hosts[region.code], self._direct[region.code], self._best(region.code))
            for region in self._regions
        ]

    async def _measure_relays(self) -> None:
        if not self._targets:
            return
        for ping in await measure_relays(
            self._targets, pings=RELAY_PINGS, interval_s=PING_INTERVAL_S, prepare=self._prepare
        ):
            self._add_relay(ping)

    def _add_relay(self, ping: RelayPing) -> None:
        if ping.full or ping.draining:
            self._nodes = [node for node in self._nodes if node.id != ping.node_id]
        self._relays[ping.node_id].add(ping.rtt_ms, ping.jitter_ms, ping.loss_percent, RELAY_PINGS - 1)

    async def _measure_direct(self, code: str, host: RegionPing, gate: asyncio.Semaphore) -> None:
        async with gate:
            ping: DirectPing = await measure(
                host.host,
                host.method,
                host.port,
                pings=DIRECT_PINGS,
                interval_s=PING_INTERVAL_S,
                timeout_s=DIRECT_TIMEOUT_S,
                prepare=self._prepare,
            )
        if ping.method is None:
            return  # this machine cannot measure it: not measured is not lost
        tally = self._direct[code]
        tally.method = ping.method
        tally.add(ping.rtt_ms, ping.jitter_ms, ping.loss_percent, DIRECT_PINGS)

    def _best(self, code: str) -> BestWay | None:
        ways = [way for node in self._nodes if (way := self._way(node, code)) is not None]
        return min(ways, key=_score_ms, default=None)

    def _way(self, node: Node, code: str) -> BestWay | None:
        relay = self._relays.get(node.id)
        leg = next((leg for leg in node.game_legs if leg.region == code and leg.rtt_ms is not None), None)
        if relay is None or relay.rtt_ms is None or leg is None or leg.rtt_ms is None:
            return None
        kept = (1 - (relay.loss_percent or 0.0) / 100) * (1 - (leg.loss_percent or 0.0) / 100)
        return BestWay(node, relay, leg, relay.rtt_ms + leg.rtt_ms, 100 * (1 - kept))


def ping_host(region: GameRegion) -> RegionPing | None:
    """The host of the region that is measured: one of its own before one that only stands for it, as the relays do."""
    return min(region.ping, key=lambda entry: entry.proxy, default=None)


def _score_ms(way: BestWay) -> float:
    return way.total_ms + min(way.loss_percent * LOSS_COST_MS_PER_PERCENT, LOSS_COST_LIMIT_MS)
