"""Measure many relays at once before there is a session: LPING over UDP, the same way and the same treatment as the game's data.

Each relay gets ten pings 100 ms apart, all relays side by side, so that the whole takes about 1.2 s whatever their number. The first
ping of each only warms up routes and address translation and is not counted.
"""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from plg.protocol.errors import DropReason
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import ProbeReply, build_probe, read_probe_reply

MAX_RELAYS: Final = 16
"""Implementation. More would make the measurement disturb itself on a slow line: 16 x 64 bytes every 100 ms is 82 kbit/s."""
PINGS: Final = 10
INTERVAL_S: Final = 0.1
WARM_UP_PINGS: Final = 1
LAST_ANSWER_S: Final = 0.4
"""Implementation. How long the last answers may take when some relay answered nothing yet; a known relay gets twice its median."""
SHORTEST_WAIT_S: Final = 0.05
_DRAIN_LIMIT: Final = 64

SocketPreparation = Callable[[socket.socket], None]
"""Applied to every socket before use: the tunnel marks it, so that a running capture lets it pass."""


@dataclass(frozen=True, slots=True)
class RelayTarget:
    """A relay to measure. `token` is the server's permission to ping it (28 bytes).

    `mask` hides the headers of probes and answers, for a relay that wants that.
    """

    node_id: str
    host: str
    port: int
    token: bytes
    mask: HeaderMask | None = None


@dataclass(frozen=True, slots=True)
class RelayPing:
    """What was measured. `rtt_ms` (median) and `jitter_ms` (mean step between answers) are None when nothing came back."""

    node_id: str
    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float
    draining: bool = False
    full: bool = False


@dataclass(slots=True)
class _Probed:
    """One relay while it is being measured; times are loop seconds."""

    target: RelayTarget
    nonce: int
    address: tuple[str, int]
    family: socket.AddressFamily
    sent_at_us: dict[int, int] = field(default_factory=dict)
    rtt_ms: dict[int, float] = field(default_factory=dict)
    draining: bool = False
    full: bool = False

    def masked(self, datagram: bytes) -> bytes | None:
        """With the relay's mask on or taken off; None for a datagram too short for one."""
        return datagram if self.target.mask is None else self.target.mask.apply(datagram)

    def read(self, datagram: bytes) -> ProbeReply | None:
        """This relay's answer to one of our questions, or None."""
        plain = self.masked(datagram)
        reply = DropReason.MALFORMED if plain is None else read_probe_reply(plain)
        return None if isinstance(reply, DropReason) or reply.nonce != self.nonce else reply

    def result(self, pings: int) -> RelayPing:
        counted = [self.rtt_ms[number] for number in sorted(self.rtt_ms) if number >= WARM_UP_PINGS]
        expected = pings - WARM_UP_PINGS
        steps = [abs(b - a) for a, b in pairwise(counted)]
        return RelayPing(
            self.target.node_id,
            median(counted) if counted else None,
            fmean(steps) if steps else (0.0 if counted else None),
            100.0 * (expected - len(counted)) / expected,
            self.draining,
            self.full,
        )


async def measure_relays(
    targets: Sequence[RelayTarget],
    *,
    pings: int = PINGS,
    interval_s: float = INTERVAL_S,
    prepare: SocketPreparation | None = None,
) -> list[RelayPing]:
    """Ping up to MAX_RELAYS relays at once; one result for each target given, in their order.

    A relay that does not answer, whose name is unknown, or that stands beyond the limit has `rtt_ms` None and 100 % loss. Never
    raises for the network.
    """
    if pings <= WARM_UP_PINGS:
        raise ValueError(f"{pings} pings leave nothing to count")
    probed = [entry for entry in await asyncio.gather(*map(_locate, targets[:MAX_RELAYS])) if entry is not None]
    if probed:
        await _Round(probed, pings, interval_s, prepare).run()
    results = {entry.target.node_id: entry.result(pings) for entry in probed}
    return [results.get(target.node_id) or RelayPing(target.node_id, None, None, 100.0) for target in targets]


async def _locate(target: RelayTarget) -> _Probed | None:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except OSError:
        return None
    family, _, _, _, address = found[0]
    return _Probed(target, secrets.randbits(64), (str(address[0]), int(address[1])), family)


class _Round:
    """One measurement: a socket per address family, a clock for sending, and the answers as they come."""

    def __init__(self, probed: list[_Probed], pings: int, interval_s: float, prepare: SocketPreparation | None) -> None:
        self._probed = probed
        self._pings = pings
        self._interval_s = interval_s
        self._prepare = prepare
        self._complete = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        sockets: dict[socket.AddressFamily, socket.socket] = {}
        try:
            for family in {entry.family for entry in self._probed}:
                sockets[family] = self._open(family)
                loop.add_reader(sockets[family], self._drain, sockets[family])
            began_s = loop.time()
            for number in range(self._pings):
                await asyncio.sleep(max(0.0, began_s + number * self._interval_s - loop.time()))
                for entry in self._probed:
                    self._ping(sockets[entry.family], entry, number)
            with suppress(TimeoutError):  # what has not come by then counts as lost
                async with asyncio.timeout(self._last_wait_s()):
                    await self._complete.wait()
        finally:
            for opened in sockets.values():
                loop.remove_reader(opened)
                opened.close()

    def _open(self, family: socket.AddressFamily) -> socket.socket:
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.setblocking(False)
        if self._prepare is not None:
            self._prepare(opened)
        return opened

    def _ping(self, opened: socket.socket, entry: _Probed, number: int) -> None:
        stamp = _now_us()
        entry.sent_at_us[number] = stamp
        probe = entry.masked(build_probe(entry.nonce, entry.target.token, number, stamp))
        if probe is None:
            return
        try:
            opened.sendto(probe, entry.address)
        except OSError:
            return  # no route, or a full buffer: the ping counts as lost

    def _drain(self, opened: socket.socket) -> None:
        for _ in range(_DRAIN_LIMIT):
            try:
                datagram, source = opened.recvfrom(512)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error of one relay says nothing of the others
            self._take(datagram, (str(source[0]), int(source[1])), _now_us())
        if all(len(entry.rtt_ms) == self._pings for entry in self._probed):
            self._complete.set()

    def _take(self, datagram: bytes, source: tuple[str, int], arrived_us: int) -> None:
        # By address first: which mask a datagram wears only its sender tells. Several relays may stand behind one address.
        for entry in self._probed:
            reply = entry.read(datagram) if _same_address(source, entry.address) else None
            if reply is not None:
                self._count(entry, reply, arrived_us)
                return

    @staticmethod
    def _count(entry: _Probed, reply: ProbeReply, arrived_us: int) -> None:
        if entry.sent_at_us.get(reply.probe_id) != reply.t1_us or reply.probe_id in entry.rtt_ms:
            return
        # The relay's own stamps are not believed: time inside it is felt by the game too, and a relay that claimed to have held
        # the ping all the while would seem to stand next door.
        entry.rtt_ms[reply.probe_id] = (arrived_us - reply.t1_us) / 1000
        entry.draining, entry.full = reply.draining, reply.full

    def _last_wait_s(self) -> float:
        """How long the last answers are waited for: silent relays must not cost more than they are worth."""
        waits = []
        for entry in self._probed:
            if len(entry.rtt_ms) == self._pings:
                continue
            known = list(entry.rtt_ms.values())
            waits.append(max(SHORTEST_WAIT_S, 2 * median(known) / 1000) if known else LAST_ANSWER_S)
        return min(max(waits, default=SHORTEST_WAIT_S), 2 * LAST_ANSWER_S)


def _same_address(a: tuple[str, int], b: tuple[str, int]) -> bool:
    return a[1] == b[1] and (a[0] == b[0] or ip_address(a[0].split("%")[0]) == ip_address(b[0].split("%")[0]))


def _now_us() -> int:
    return time.monotonic_ns() // 1000
