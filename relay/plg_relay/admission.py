"""Datagrams of strangers: HELLO, probes, and DATA of unknown sessions (protocol SPEC 5 and 8). No state before proof.

Every answer goes to the address that asked and is no longer than the question.
"""

from collections.abc import Callable
from dataclasses import dataclass

from plg.protocol.constants import DATA_OVERHEAD, HELLO_LENGTH, PROBE_LENGTH, TYPE_DATA, TYPE_HELLO, TYPE_LPING
from plg.protocol.destination import Address, address_of
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import build_no_session
from plg.protocol.header import parse_outer
from plg.protocol.path_meter import clock_us
from plg.protocol.probe import FLAG_DRAINING, FLAG_FULL
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, Source, TransitAccepted
from plg_relay.counters import Counters
from plg_relay.limits import SourceBuckets, TokenBucket, source_prefix
from plg_relay.session_table import SessionTable

NO_SESSION_MIN_LENGTH = DATA_OVERHEAD
"""Shorter DATA is not answered: nobody gains bytes by having us answer in his victim's name."""

NO_SESSIONS_PER_S = 50.0
PROBES_PER_SOURCE_PER_S = 50.0
"""A client asks each relay ten times in a second; a household may hold a few."""

HELLOS_WITH_COOKIE_FACTOR = 5.0
"""Who proves his address may say HELLO this much faster than who does not, and no faster: each costs us a decryption."""


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """From the settings: see RelayConfig."""

    hellos_per_address_per_second: float
    hellos_per_address_burst: float
    hellos_per_second: float


class Admission:
    """Answers strangers; `on_hello` gets each genuine HELLO for an exit, `on_transit` for a transit, and returns the WELCOME."""

    def __init__(
        self,
        limits: AdmissionLimits,
        handshake: RelayHandshake,
        table: SessionTable,
        counters: Counters,
        on_hello: Callable[[HelloAccepted, Source, Address, float], bytes],
        on_transit: Callable[[TransitAccepted, Source, float], bytes | None],
        unix_s: Callable[[float], float],
        now_s: float,
    ) -> None:
        self._handshake = handshake
        self._table = table
        self._drops = counters.drops
        self._counters = counters
        self._on_hello = on_hello
        self._on_transit = on_transit
        self._unix_s = unix_s
        rate, burst = limits.hellos_per_address_per_second, limits.hellos_per_address_burst
        self._hellos = TokenBucket(limits.hellos_per_second, limits.hellos_per_second, now_s)
        self._hellos_of = SourceBuckets(rate, burst)
        self._hellos_with_cookie_of = SourceBuckets(
            rate * HELLOS_WITH_COOKIE_FACTOR, (burst + rate) * HELLOS_WITH_COOKIE_FACTOR
        )
        self._probes_of = SourceBuckets(PROBES_PER_SOURCE_PER_S, PROBES_PER_SOURCE_PER_S)
        self._no_sessions = TokenBucket(NO_SESSIONS_PER_S, NO_SESSIONS_PER_S, now_s)
        self.draining = False
        self.full = False

    def receive(self, datagram: bytes, source: Source, now_s: float) -> bytes | None:
        """The answer to a datagram of no known session, or None; drops are counted."""
        outer = parse_outer(datagram)
        if isinstance(outer, DropReason):
            self._drops[outer] += 1
            return None
        if outer.kind == TYPE_DATA:
            return self._receive_unknown(outer.cid, len(datagram), now_s)
        if outer.kind == TYPE_HELLO:
            return self._receive_hello(datagram, source, now_s)
        if outer.kind == TYPE_LPING:
            return self._receive_probe(datagram, source, now_s)
        self._drops[DropReason.WRONG_TYPE] += 1
        return None

    def forget(self, now_s: float) -> None:
        """Once in a while: buckets of quiet sources, time stamps of old HELLOs."""
        for buckets in (self._hellos_of, self._hellos_with_cookie_of, self._probes_of):
            buckets.forget_idle(now_s)
        self._handshake.forget_old_hellos(self._unix_s(now_s))

    def _receive_unknown(self, cid: int, length: int, now_s: float) -> bytes | None:
        if cid in self._table.by_cid:  # too short, or in the direction of the client
            self._drops[DropReason.MALFORMED] += 1
            return None
        if self._table.is_tombstone(cid, now_s):
            self._drops[DropReason.TOMBSTONE] += 1
            return None
        self._drops[DropReason.UNKNOWN_SESSION] += 1
        if length < NO_SESSION_MIN_LENGTH or not self._no_sessions.take(1.0, now_s):
            return None
        return build_no_session(cid)

    def _receive_hello(self, datagram: bytes, source: Source, now_s: float) -> bytes | None:
        if len(datagram) != HELLO_LENGTH:
            self._drops[DropReason.MALFORMED] += 1
            return None
        prefix = source_prefix(source[0])
        # Both are asked always: a source over its own limit must not save the others their share of the common one.
        own_share = self._hellos_of.take(prefix, now_s)
        under_load = not (self._hellos.take(1.0, now_s) and own_share)
        if under_load and not self._hellos_with_cookie_of.take(prefix, now_s):
            self._drops[DropReason.HELLO_RATE] += 1
            return None
        verdict = self._handshake.receive_hello(datagram, source, self._unix_s(now_s), under_load=under_load)
        if isinstance(verdict, DropReason):
            self._drops[verdict] += 1
            return None
        if isinstance(verdict, bytes):
            self._counters.cookies_sent += 1
            return verdict
        if isinstance(verdict, TransitAccepted):
            return self._on_transit(verdict, source, now_s)
        self._counters.handshakes += 1
        return self._on_hello(verdict, source, observed_address(source), now_s)

    def refuse(
        self, accepted: HelloAccepted, source: Source, address: Address, status: WelcomeStatus, now_s: float
    ) -> bytes:
        """The WELCOME that says no."""
        return self._handshake.refuse(accepted, source, status, address, self._unix_s(now_s))

    def _receive_probe(self, datagram: bytes, source: Source, now_s: float) -> bytes | None:
        if len(datagram) != PROBE_LENGTH:
            self._drops[DropReason.MALFORMED] += 1
            return None
        if not self._probes_of.take(source_prefix(source[0]), now_s):
            self._drops[DropReason.PROBE_RATE] += 1
            return None
        flags = (FLAG_DRAINING if self.draining else 0) | (FLAG_FULL if self.full else 0)
        stamp = clock_us(now_s)
        answer = self._handshake.answer_probe(datagram, source, self._unix_s(now_s), stamp, stamp, flags)
        if isinstance(answer, DropReason):
            self._drops[answer] += 1
            return None
        self._counters.probes_answered += 1
        return answer


def observed_address(source: Source) -> Address:
    """The address that a client is seen at; IPv4 in its own form also on a socket for both families."""
    return address_of(source[0])
