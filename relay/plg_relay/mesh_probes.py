"""The relay's own measurements to the other relays: one LPING a second to each, spread over the second.

The server names the peers in heartbeat answers and hears the figures in the next heartbeats. All of it runs in callbacks of one
task and two sockets; nothing here waits on a peer. The time that a peer says it held a ping is not subtracted: a peer must
not be able to talk itself nearer.
"""

import asyncio
import base64
import binascii
import secrets
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from ipaddress import ip_address
from statistics import median
from typing import Final

from plg.contract.relay_control import MAX_PEERS, PEER_TARGET_PREFIX, PeerRelay, RegionMeasurement
from plg.protocol.constants import KEY_LENGTH, PROBE_TOKEN_LENGTH
from plg.protocol.errors import DropReason
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import build_probe, read_probe_reply

PERIOD_S: Final = 1.0
WINDOW: Final = 60
"""Pings that a figure is made of: a minute, so that a change of route is told within half of one and a lost ping is 1.7 %."""

TIMEOUT_S: Final = 1.0
"""An answer that comes later counts as lost: no playable way between two relays takes a second."""

LEAST: Final = 3
"""Pings that must be over before a figure is told."""

LEAST_FOR_P95: Final = 20
_LONGEST_DATAGRAM: Final = 512
_DRAIN_LIMIT: Final = 128


@dataclass(slots=True)
class _Peer:
    """One peer while it is measured. `rtts_ms` holds None for a lost ping; `sent_us` the pings that are under way."""

    told: PeerRelay
    token: bytes
    mask: HeaderMask | None
    addresses: tuple[tuple[socket.AddressFamily, str], ...]
    nonce: int = field(default_factory=lambda: secrets.randbits(64))
    at: int = 0
    number: int = 0
    sent_us: dict[int, int] = field(default_factory=dict)
    rtts_ms: deque[float | None] = field(default_factory=lambda: deque(maxlen=WINDOW))
    answered_s: float = 0.0

    @property
    def address(self) -> tuple[socket.AddressFamily, str]:
        """Where it is pinged now."""
        return self.addresses[self.at % len(self.addresses)]

    def expire(self, now_us: int) -> None:
        """Count the pings as lost whose time is over."""
        limit_us = now_us - round(TIMEOUT_S * 1_000_000)
        for number in [number for number, sent_us in self.sent_us.items() if sent_us < limit_us]:
            del self.sent_us[number]
            self.rtts_ms.append(None)
        # Nothing comes back on this address at all: its other one, if it has one, may do better.
        if len(self.addresses) > 1 and len(self.rtts_ms) >= LEAST and not any(r is not None for r in self.rtts_ms):
            self.at += 1
            self.rtts_ms.clear()


class MeshProbes:
    """Measures each peer once a second until cancelled."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        self._period_s = period_s
        self._peers: dict[str, _Peer] = {}
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}

    def set_peers(self, peers: list[PeerRelay]) -> None:
        """The server's list as of now; what is known of a peer that stays where it was is kept."""
        kept: dict[str, _Peer] = {}
        for told in peers[:MAX_PEERS]:
            fresh = _read(told)
            if fresh is None:
                continue
            known = self._peers.get(told.node_id)
            if known is not None and (known.addresses, known.told.port) == (fresh.addresses, told.port):
                known.told, known.token, known.mask = told, fresh.token, fresh.mask
                kept[told.node_id] = known
            else:
                kept[told.node_id] = fresh
        self._peers = kept

    def measurements(self) -> list[RegionMeasurement]:
        """What is known: median and 95th percentile of the answers, and loss, over the last minute."""
        now_s = time.monotonic()
        return [_figure(peer, now_s) for peer in self._peers.values() if len(peer.rtts_ms) >= LEAST]

    async def run(self) -> None:
        """Ping until cancelled."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            while True:
                peers = list(self._peers.values())
                # Each peer has its own moment in the second, so that their pings do not leave in one burst.
                for place, peer in enumerate(peers):
                    await asyncio.sleep(began_s + self._period_s * place / len(peers) - loop.time())
                    self._ping(peer)
                began_s = max(began_s + self._period_s, loop.time())
                await asyncio.sleep(began_s - loop.time())
        finally:
            for opened in self._sockets.values():
                loop.remove_reader(opened)
                opened.close()
            self._sockets.clear()

    def _ping(self, peer: _Peer) -> None:
        now_us = _now_us()
        peer.expire(now_us)
        family, host = peer.address
        peer.number = (peer.number + 1) & 0xFFFF
        datagram: bytes | None = build_probe(peer.nonce, peer.token, peer.number, now_us)
        if peer.mask is not None and datagram is not None:
            datagram = peer.mask.apply(datagram)
        if datagram is None:
            return
        peer.sent_us[peer.number] = now_us
        try:
            self._socket(family).sendto(datagram, (host, peer.told.port))
        except OSError:
            return  # no route, no such family, or a full buffer: the ping counts as lost

    def _socket(self, family: socket.AddressFamily) -> socket.socket:
        """The socket of this family, opened with the first need. Raises OSError where the machine has no such family."""
        opened = self._sockets.get(family)
        if opened is None:
            opened = socket.socket(family, socket.SOCK_DGRAM)
            opened.setblocking(False)
            self._sockets[family] = opened
            asyncio.get_running_loop().add_reader(opened, self._drain, opened)
        return opened

    def _drain(self, opened: socket.socket) -> None:
        for _ in range(_DRAIN_LIMIT):
            try:
                datagram, source = opened.recvfrom(_LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of one peer says nothing of the others
            self._take(datagram, str(source[0]).partition("%")[0], int(source[1]), _now_us())

    def _take(self, datagram: bytes, host: str, port: int, arrived_us: int) -> None:
        # By source first: which mask a datagram wears only its sender tells.
        for peer in self._peers.values():
            if peer.told.port != port or ip_address(peer.address[1]) != ip_address(host):
                continue
            plain = datagram if peer.mask is None else peer.mask.apply(datagram)
            reply = DropReason.MALFORMED if plain is None else read_probe_reply(plain)
            if isinstance(reply, DropReason) or reply.nonce != peer.nonce:
                continue
            if peer.sent_us.get(reply.probe_id) == reply.t1_us:
                del peer.sent_us[reply.probe_id]
                peer.rtts_ms.append((arrived_us - reply.t1_us) / 1000)
                peer.answered_s = time.monotonic()
            return


def _read(told: PeerRelay) -> _Peer | None:
    """A peer as the server describes it, checked; None when it cannot be pinged."""
    try:
        token = base64.b64decode(told.ping_token, validate=True)
        mask = None if told.mask_key is None else base64.b64decode(told.mask_key, validate=True)
        parsed = [ip_address(text) for text in told.addresses]
    except (binascii.Error, ValueError):
        return None
    if len(token) != PROBE_TOKEN_LENGTH or (mask is not None and len(mask) != KEY_LENGTH) or not parsed:
        return None
    families = {4: socket.AF_INET, 6: socket.AF_INET6}
    addresses = tuple((families[address.version], str(address)) for address in parsed)
    return _Peer(told, token, None if mask is None else HeaderMask(mask), addresses)


def _figure(peer: _Peer, now_s: float) -> RegionMeasurement:
    answered = sorted(rtt_ms for rtt_ms in peer.rtts_ms if rtt_ms is not None)
    lost = len(peer.rtts_ms) - len(answered)
    return RegionMeasurement(
        target_id=PEER_TARGET_PREFIX + peer.told.node_id,
        rtt_ms=median(answered) if answered else None,
        loss_percent=100.0 * lost / len(peer.rtts_ms),
        rtt_p95_ms=answered[int(len(answered) * 0.95)] if len(answered) >= LEAST_FOR_P95 else None,
        age_s=round(max(0.0, now_s - peer.answered_s), 1) if answered else 0.0,
    )


def _now_us() -> int:
    return time.monotonic_ns() // 1000
