"""Numeric addresses of relays: tickets and the other relays name them by number, operators often by name."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from plg.protocol.destination import Address
from plg_server.services.destination_rules import Resolver

FRESH_S = 60.0
"""Names are looked up that often: a relay that moves is found again a minute later."""

KEPT_S = 3600.0
"""An answer outlives a resolver that is away by so long."""

MAX_ADDRESSES = 8
"""Of one relay; a name with more stands for something else than a relay."""

MAX_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class _Answer:
    """Seconds of the monotonic clock: when it was asked, and when it was last answered."""

    asked_s: float
    answered_s: float
    addresses: tuple[Address, ...]


class RelayAddresses:
    """Looks names up and remembers them, for this process."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[str, _Answer] = {}

    async def of(self, hosts: Iterable[str]) -> dict[str, tuple[Address, ...]]:
        """The addresses of each host, IPv4 first; empty for a name that does not resolve. Never raises."""
        wanted = sorted(set(hosts))
        now_s = time.monotonic()
        due = [host for host in wanted if host not in self._known or now_s - self._known[host].asked_s >= FRESH_S]
        if due:
            async with asyncio.TaskGroup() as group:
                for host in due:
                    group.create_task(self._look_up(host, now_s))
            if len(self._known) > MAX_NAMES:
                self._known = {host: self._known[host] for host in wanted}
        return {host: self._known[host].addresses for host in wanted}

    async def _look_up(self, host: str, now_s: float) -> None:
        try:
            found = [ip_address(host)]
        except ValueError:
            try:
                found = await self._resolver.addresses(host)
            except (OSError, ValueError):
                before = self._known.get(host, _Answer(now_s, now_s, ()))
                # What was known stays, until it is too old to send players there.
                kept = before.addresses if now_s - before.answered_s < KEPT_S else ()
                self._known[host] = _Answer(now_s, before.answered_s, kept)
                return
        ordered = sorted(set(found), key=lambda address: (address.version, int(address)))
        self._known[host] = _Answer(now_s, now_s, tuple(ordered[:MAX_ADDRESSES]))


def common_pair(a: Iterable[Address], b: Iterable[Address]) -> tuple[Address, Address] | None:
    """An address of each with which the two reach each other, IPv4 before IPv6; None when they have no family in common."""
    theirs = list(b)
    for mine in sorted(a, key=lambda address: address.version):
        for other in theirs:
            if other.version == mine.version:
                return mine, other
    return None


def networks_of(addresses: Iterable[Address]) -> frozenset[str]:
    """The /16 (IPv4) or /32 (IPv6) around each: who shares one mostly shares a provider."""
    prefix = {4: 16, 6: 32}
    return frozenset(str(ip_network((address, prefix[address.version]), strict=False)) for address in addresses)
