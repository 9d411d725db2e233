"""What a NAT on the way makes of one socket's address and port, as several relays see it (RFC 4787 section 4.1).

The same socket asks every relay under which address it is seen (LPING, protocol SPEC section 8). The same answer from relays at
different addresses is an endpoint-independent mapping, an answer that differs is what games call a symmetric NAT. IPv4 only: IPv6 does without.
"""

import asyncio
import secrets
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plg.probe.relay_ping import MAX_RELAYS, RelayTarget, SocketPreparation
from plg.protocol.errors import DropReason
from plg.protocol.probe import build_probe, read_probe_reply

TRIES: Final = 4
TRY_S: Final = 0.4
"""Implementation. A playable relay answers within it, and four datagrams are not lost by chance."""
_LONGEST_DATAGRAM: Final = 512

Endpoint = tuple[str, int]
"""IPv4 address as text, and port."""


class Mapping(StrEnum):
    """In the terms of RFC 4787. The value is what people and scripts read."""

    NONE = "none"
    ENDPOINT_INDEPENDENT = "endpoint-independent"
    ADDRESS_DEPENDENT = "address-dependent"
    ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"
    DEPENDENT = "address- or port-dependent"
    """One of the two before: no two relays share an address, so they cannot be told apart."""
    TRANSLATED = "translated"
    """There is a NAT; one relay alone cannot tell more."""
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One relay's answer. `local` is this machine's end towards it; `seen` is None when the relay told nothing."""

    relay: Endpoint
    local: Endpoint
    seen: Endpoint | None


@dataclass(frozen=True, slots=True)
class NatMapping:
    """The verdict over several sightings. `local` and `seen` are those it rests on; `told` is how many relays these came from."""

    mapping: Mapping
    local: Endpoint | None = None
    seen: tuple[Endpoint, ...] = ()
    told: int = 0


def judge_mapping(sightings: Sequence[Sighting]) -> NatMapping:
    """Pure. With several ways out (two interfaces) the one that most relays saw is judged; a relay on this side of the NAT
    does not speak for what happens behind it.
    """
    ways: dict[str, list[tuple[Sighting, Endpoint]]] = defaultdict(list)
    for sighting in sightings:
        if sighting.seen is not None:
            ways[sighting.local[0]].append((sighting, sighting.seen))
    if not ways:
        return NatMapping(Mapping.NOT_TOLD)
    told = max(ways.values(), key=len)
    local = told[0][0].local
    translated = [(sighting, seen) for sighting, seen in told if seen != sighting.local]
    if not translated:
        return NatMapping(Mapping.NONE, local, (local,), len(told))
    by_relay_address: dict[str, dict[int, Endpoint]] = defaultdict(dict)
    for sighting, seen in translated:
        by_relay_address[sighting.relay[0]][sighting.relay[1]] = seen
    distinct = tuple(sorted({seen for _, seen in translated}))
    return NatMapping(_mapping_of(list(by_relay_address.values())), local, distinct, len(translated))


def _mapping_of(by_relay_address: Sequence[dict[int, Endpoint]]) -> Mapping:
    """What was seen at each relay address, by the relay's port there."""
    if any(len(set(ports.values())) > 1 for ports in by_relay_address):
        return Mapping.ADDRESS_AND_PORT_DEPENDENT
    if len(by_relay_address) < 2:
        return Mapping.TRANSLATED
    if len({next(iter(ports.values())) for ports in by_relay_address}) == 1:
        return Mapping.ENDPOINT_INDEPENDENT
    several_ports = any(len(ports) > 1 for ports in by_relay_address)
    return Mapping.ADDRESS_DEPENDENT if several_ports else Mapping.DEPENDENT


async def sight_mapping(targets: Sequence[RelayTarget], *, prepare: SocketPreparation | None = None) -> list[Sighting]:
    """Ask up to MAX_RELAYS relays from one socket; one sighting for each that has an IPv4 address. Takes at most TRIES * TRY_S.

    Relays that are older than the question stay silent. Never raises for the network.
    """
    few = targets[:MAX_RELAYS]
    found = await asyncio.gather(*map(_locate, few))
    asked = [_Asked(target, relay, secrets.randbits(64)) for target, relay in zip(few, found, strict=True) if relay]
    if not asked:
        return []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        opened.bind(("", 0))
        if prepare is not None:
            prepare(opened)
        for number in range(TRIES):
            waiting = [entry for entry in asked if entry.seen is None]
            for entry in waiting:
                entry.ask(opened, number)
            try:
                async with asyncio.timeout(TRY_S):
                    while any(entry.seen is None for entry in waiting):
                        await _take_one(opened, waiting)
            except TimeoutError:
                continue
            break
        port = int(opened.getsockname()[1])
    return [Sighting(entry.relay, (_local_address(entry.relay, prepare), port), entry.seen) for entry in asked]


class _Asked:
    """One relay while it is asked."""

    def __init__(self, target: RelayTarget, relay: Endpoint, nonce: int) -> None:
        self.target = target
        self.relay = relay
        self.seen: Endpoint | None = None
        self._nonce = nonce

    def ask(self, opened: socket.socket, number: int) -> None:
        probe = build_probe(self._nonce, self.target.token, number, time.monotonic_ns() // 1000, ask_address=True)
        masked = probe if self.target.mask is None else self.target.mask.apply(probe)
        if masked is None:
            return
        try:
            opened.sendto(masked, self.relay)
        except OSError:
            return  # no route, or a full buffer: the next try

    def take(self, datagram: bytes) -> bool:
        """Whether it is this relay's answer to us; remembers what it tells."""
        plain = datagram if self.target.mask is None else self.target.mask.apply(datagram)
        reply = DropReason.MALFORMED if plain is None else read_probe_reply(plain, self.target.token)
        if isinstance(reply, DropReason) or reply.nonce != self._nonce or reply.seen is None:
            return False
        self.seen = (str(reply.seen.address), reply.seen.port)
        return True


async def _take_one(opened: socket.socket, waiting: Sequence[_Asked]) -> None:
    """One datagram, whoever sent it. By source first: which mask it wears only its sender tells."""
    try:
        datagram, source = await asyncio.get_running_loop().sock_recvfrom(opened, _LONGEST_DATAGRAM)
    except OSError:
        await asyncio.sleep(0.01)  # an ICMP error of one relay says nothing of the others
        return
    for entry in waiting:
        if entry.relay == (str(source[0]), int(source[1])) and entry.take(datagram):
            return


async def _locate(target: RelayTarget) -> Endpoint | None:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            target.host, target.port, family=socket.AF_INET, type=socket.SOCK_DGRAM
        )
    except OSError:
        return None
    address = found[0][4]
    return str(address[0]), int(address[1])


def _local_address(relay: Endpoint, prepare: SocketPreparation | None) -> str:
    """From which address the kernel sends there. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        if prepare is not None:
            prepare(opened)
        try:
            opened.connect(relay)
        except OSError:
            return "0.0.0.0"  # noqa: S104 - nothing is bound there: no way leads to this relay
        return str(opened.getsockname()[0])
