"""The way without the booster, measured for a person who asks: the game server itself where it answers, else the host that stands for it."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from plg.capture.bypass_mark import mark_socket
from plg.contract.cli_output_routes import DirectWayView
from plg.contract.games import GameDetail
from plg.contract.nodes import NodeGameLeg
from plg.contract.routes import DirectMeasurement
from plg.probe.direct_ping import measure
from plg.probe.game_query import QueryProtocol, known_protocol
from plg.probe.query_ping import QueryPing, UdpCarrier
from plg.protocol.destination import Address
from plg.tunnel.connect_request import TargetUnknown
from plg.tunnel.counterfactual import direct_target
from plg.tunnel.direct_gate import DirectWay
from plg.tunnel.grants import HostPort

PINGS: Final = 8
PING_INTERVAL_S: Final = 0.15
QUERY_INTERVAL_S: Final = 0.12
"""Implementation. Eight questions in a second: servers of the Quake III family answer an address ten times at once, then once a second."""
GIVE_UP_AFTER: Final = 3
"""Implementation. A server that has not answered three questions does not answer any."""

Targets = Sequence[tuple[Address, int]]


@dataclass(frozen=True, slots=True)
class DirectFigures:
    """What was measured to `host` by `method` (query_a2s, query_quake3, icmp, tcp); `reason` says why there is no figure."""

    rtt_ms: float | None
    jitter_ms: float | None
    sent: int
    lost: int
    host: str | None
    method: str | None
    estimated: bool
    reason: str | None = None

    @property
    def loss_percent(self) -> float | None:
        return 100.0 * self.lost / self.sent if self.sent else None

    def as_way(self) -> DirectWay:
        """As the gate of `plg connect` weighs it."""
        return DirectWay(self.rtt_ms, self.jitter_ms, self.sent, self.lost)

    def as_measurement(self) -> DirectMeasurement | None:
        """As the server is told; None when there is nothing to tell."""
        if self.rtt_ms is None:
            return None
        return DirectMeasurement(
            rtt_ms=self.rtt_ms, loss_percent=round(self.loss_percent or 0.0, 2), estimated=self.estimated
        )

    def view(self) -> DirectWayView:
        return DirectWayView(
            rtt_ms=self.rtt_ms,
            jitter_ms=self.jitter_ms,
            loss_percent=self.loss_percent,
            sent=self.sent,
            host=self.host,
            method=self.method,
            estimated=self.estimated,
            reason=self.reason,
        )


def query_method(protocol: QueryProtocol) -> str:
    """The name of a query protocol as a method of measuring."""
    return f"query_{protocol.value}"


async def find_targets(target: HostPort | None) -> list[tuple[Address, int]]:
    """The addresses of --target. Raises TargetUnknown."""
    if target is None:
        return []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise TargetUnknown(target) from error
    addresses = dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return [(address, target.port) for address in addresses]


async def measure_direct(
    game: GameDetail, targets: Targets, leg: NodeGameLeg | None, *, pings: int = PINGS
) -> DirectFigures:
    """`leg` is the way from the best relay, whose end the direct way is measured to as well. Never raises for the network."""
    protocol = known_protocol(game.slug)
    if targets and protocol is not None:
        asked = await _ask_server(targets[0], protocol, pings)
        if asked is not None:
            return asked
    wanted = direct_target(game, targets, leg)
    if wanted is None:
        return DirectFigures(None, None, 0, 0, None, None, estimated=False, reason="no host to measure is known")
    ping = await measure(
        wanted.host, wanted.method, wanted.port, pings=pings, interval_s=PING_INTERVAL_S, prepare=prepare_socket
    )
    sent = pings if ping.method is not None else 0
    lost = round(ping.loss_percent * sent / 100)
    return DirectFigures(
        ping.rtt_ms, ping.jitter_ms, sent, lost, wanted.host, ping.method, wanted.estimated, ping.reason
    )


async def _ask_server(target: tuple[Address, int], protocol: QueryProtocol, pings: int) -> DirectFigures | None:
    """By the game's own questions; None when the server answers none of the first few."""
    address, port = target
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        carrier = UdpCarrier(str(address), port, family, prepare=prepare_socket)
    except OSError:
        return None
    ping = QueryPing(protocol, carrier)
    answered: list[float] = []
    try:
        for number in range(pings):
            rtt_ms = await ping.ask()
            if rtt_ms is not None:
                answered.append(rtt_ms)
            elif not answered and number + 1 >= GIVE_UP_AFTER:
                return None
            await asyncio.sleep(QUERY_INTERVAL_S)
    finally:
        ping.close()
    steps = [abs(after - before) for before, after in pairwise(answered)]
    return DirectFigures(
        median(answered) if answered else None,
        fmean(steps) if steps else None,
        pings,
        pings - len(answered),
        f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}",
        query_method(protocol),
        estimated=False,
    )


def prepare_socket(opened: socket.socket) -> None:
    """Past the capture of a tunnel that runs, where this process has the right to say so."""
    mark_socket(opened)
