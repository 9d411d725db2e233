"""The transit's packet path: once per forwarded datagram. It reads nine bytes, compares addresses and rewrites nothing.

Sans-IO as the exit's. What one wake-up brought for one address leaves in one call.
"""

from collections.abc import Callable
from typing import Final

from plg.protocol.constants import (
    COOKIE_LENGTH,
    DATA_OVERHEAD,
    HELLO_LENGTH,
    NO_SESSION_LENGTH,
    PHASE_BIT,
    TYPE_COOKIE,
    TYPE_DATA,
    TYPE_HELLO,
    TYPE_MASK,
    TYPE_NO_SESSION,
    TYPE_SHIFT,
    TYPE_WELCOME,
    VERSION_BITS,
    VERSION_MASK,
    WELCOME_MAX_LENGTH,
)
from plg.protocol.errors import DropReason
from plg.protocol.handshake import HELLO_ROLE_AT, WELCOME_MIN_LENGTH
from plg.protocol.header import DATA_DOWN, DATA_UP, outer_byte
from plg.protocol.relay_handshake import Source
from plg.protocol.ticket import ROLE_EXIT
from plg_relay.counters import Counters
from plg_relay.transit_table import Binding

SendTo = Callable[[list[bytes], Source], int]
"""Send to one address, in order: how many went. Raises OSError when not even the first did."""

Arrivals = list[tuple[bytes, Source]]

MAX_TRANSIT_DATAGRAM: Final = 1472
"""Bytes (protocol SPEC 10): what Ethernet carries under IPv4 and UDP unfragmented. End points send at most 1372."""

_WITHOUT_PHASE: Final = 0xFF & ~PHASE_BIT
_CARRIED_KINDS: Final = frozenset({TYPE_DATA, TYPE_WELCOME, TYPE_COOKIE, TYPE_NO_SESSION})
_OTHERS_UP: Final = {outer_byte(TYPE_HELLO): (HELLO_LENGTH, HELLO_LENGTH)}
_OTHERS_DOWN: Final = {
    outer_byte(TYPE_WELCOME): (WELCOME_MIN_LENGTH, WELCOME_MAX_LENGTH),
    outer_byte(TYPE_COOKIE): (COOKIE_LENGTH, COOKIE_LENGTH),
    outer_byte(TYPE_NO_SESSION): (NO_SESSION_LENGTH, NO_SESSION_LENGTH),
}
"""First byte of what is not DATA -> shortest and longest, bytes."""


class TransitPath:
    """Forwards what comes for bound sessions."""

    def __init__(self, by_key: dict[bytes, Binding], counters: Counters, send: SendTo) -> None:
        self._by_key = by_key
        self._counters = counters
        self._drops = counters.drops
        self._send = send

    def forward(self, arrivals: Arrivals, now_s: float) -> Arrivals:
        """Forward or drop what is of a bound session; the rest is for this relay itself, or of no bound session."""
        by_key = self._by_key
        if not by_key:
            return arrivals
        rest: Arrivals = []
        up: dict[Source, list[bytes]] = {}
        down: dict[Source, list[bytes]] = {}
        for arrival in arrivals:
            datagram, source = arrival
            binding = by_key.get(datagram[1:9])
            if binding is None:
                rest.append(arrival)
                continue
            length = len(datagram)
            first = datagram[0] & _WITHOUT_PHASE
            is_up = source == binding.client
            if is_up:
                is_data = first == DATA_UP and DATA_OVERHEAD <= length <= MAX_TRANSIT_DATAGRAM
                if not is_data:
                    if not _is_other(datagram, _OTHERS_UP):
                        self._refuse(arrival, DropReason.MALFORMED, rest)
                        continue
                    if not binding.hellos.take(1.0, now_s):
                        self._drops[DropReason.HELLO_RATE] += 1
                        continue
                binding.heard_at_s = now_s
                binding.is_shown = True
                allowance, groups, address = binding.up, up, binding.next_hop
            elif source == binding.next_hop:
                is_data = first == DATA_DOWN and DATA_OVERHEAD <= length <= MAX_TRANSIT_DATAGRAM
                if not is_data and not _is_other(datagram, _OTHERS_DOWN):
                    self._refuse(arrival, DropReason.MALFORMED, rest)
                    continue
                if not binding.is_shown and not self._may_go_unshown(binding, length):
                    continue
                allowance, groups, address = binding.down, down, binding.client
            else:
                self._refuse(arrival, DropReason.TRANSIT_FOREIGN, rest)
                continue
            if allowance.topped_up_s != now_s:
                allowance.top_up(now_s)
            if allowance.packets_left < 1.0 or allowance.bytes_left < length:
                over_bytes = DropReason.RATE_BYTES_UP if is_up else DropReason.RATE_BYTES_DOWN
                self._drops[DropReason.RATE_PACKETS if allowance.packets_left < 1.0 else over_bytes] += 1
                continue
            allowance.packets_left -= 1.0
            allowance.bytes_left -= length
            if is_up:
                binding.packets_up += 1
                binding.bytes_up += length
            else:
                binding.packets_down += 1
                binding.bytes_down += length
            if address in groups:
                groups[address].append(datagram)
            else:
                groups[address] = [datagram]
        counters = self._counters
        for address, datagrams in up.items():
            sent, volume = self._send_group(datagrams, address)
            counters.transit_packets_up += sent
            counters.transit_bytes_up += volume
        for address, datagrams in down.items():
            sent, volume = self._send_group(datagrams, address)
            counters.transit_packets_down += sent
            counters.transit_bytes_down += volume
        return rest

    def _may_go_unshown(self, binding: Binding, length: int) -> bool:
        if binding.unshown_bytes_left < length:
            self._drops[DropReason.TRANSIT_UNPROVED] += 1
            return False
        binding.unshown_bytes_left -= length
        return True

    def _send_group(self, datagrams: list[bytes], address: Source) -> tuple[int, int]:
        try:
            sent = self._send(datagrams, address)
        except OSError as error:
            is_full = isinstance(error, BlockingIOError)
            self._drops[DropReason.SEND_BUFFER if is_full else DropReason.SEND_ERROR] += len(datagrams)
            return 0, 0
        if sent < len(datagrams):
            self._drops[DropReason.SEND_BUFFER] += len(datagrams) - sent
        return sent, sum(map(len, datagrams[:sent]))

    def _refuse(self, arrival: tuple[bytes, Source], reason: DropReason, rest: Arrivals) -> None:
        """Drop what a transit would carry, had it the right form or source. The rest (probes, HELLO of a transit) is for us."""
        datagram = arrival[0]
        first = datagram[0]
        kind = (first & TYPE_MASK) >> TYPE_SHIFT
        is_carried = first & VERSION_MASK == VERSION_BITS and (
            kind in _CARRIED_KINDS
            or (kind == TYPE_HELLO and len(datagram) == HELLO_LENGTH and datagram[HELLO_ROLE_AT] == ROLE_EXIT)
        )
        if is_carried:
            self._drops[reason] += 1
        else:
            rest.append(arrival)


def _is_other(datagram: bytes, kinds: dict[int, tuple[int, int]]) -> bool:
    """Whether this is one of the types besides DATA, of its length; a HELLO only for the exit."""
    bounds = kinds.get(datagram[0])
    if bounds is None or not bounds[0] <= len(datagram) <= bounds[1]:
        return False
    return len(datagram) != HELLO_LENGTH or datagram[HELLO_ROLE_AT] == ROLE_EXIT
