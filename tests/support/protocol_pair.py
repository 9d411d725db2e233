"""A client and a relay core joined over a scripted link in fake time: no socket, no sleep, no wall clock."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import count
from random import Random
from typing import Any

from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_paths import TransitPass
from plg.protocol.client_session import ClientSession
from plg.protocol.constants import TYPE_HELLO
from plg.protocol.destination import pack_address
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.events import (
    ClientEvent,
    FlowRequested,
    PayloadReceived,
    PayloadRecovered,
    RelayEvent,
    SessionClosed,
    TicketOffered,
)
from plg.protocol.header import DATA_HEADER, Outer, parse_outer
from plg.protocol.redundancy import Redundancy
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, Source, TransitAccepted
from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import ROLE_TRANSIT, ExitTicket, TicketCaps, TransitTicket, seal_ticket, seal_transit_ticket

DEFAULT_CAPS = TicketCaps()
ONE_COPY = Redundancy()
UNIX_S = 1_800_000_000.0
"""What the wall clock says when `now` is 0."""
RELAY_ID = 42
TICKET_KEY = bytes(range(32))
SECRET = bytes(range(100, 132))
CID = 0x1122334455667788
TRANSIT_ID = 43
TRANSIT_KEY = bytes(range(32, 64))
TRANSIT_SECRET = bytes(range(132, 164))
TRANSIT_SOURCE: Source = ("203.0.113.1", 443)
"""Where the exit sees what comes through the transit."""
FLOW = (50000, "198.20.0.7", 27015)
Fate = Callable[[bytes, bool], bool]


def make_ticket(
    *,
    expires_in_s: int = 3600,
    suite: int = 1,
    caps: TicketCaps = DEFAULT_CAPS,
    cid: int = CID,
    max_paths: int = 1,
    transits: tuple[tuple[int, str], ...] = (),
) -> ExitTicket:
    return ExitTicket(
        cid=cid,
        user_ref=7,
        issued_at_s=int(UNIX_S),
        expires_at_s=int(UNIX_S) + expires_in_s,
        secret=SECRET,
        profile_id=3,
        profile_revision=1,
        suite=suite,
        caps=caps,
        max_paths=max_paths,
        transits=tuple((path, pack_address(ip_address(host))) for path, host in transits),
    )


def transit_pass(next_hop: str = "198.51.100.7", secret: bytes = TRANSIT_SECRET) -> TransitPass:
    """What a client needs for a path through the pair's transit."""
    ticket = TransitTicket(
        CID, int(UNIX_S), int(UNIX_S) + 3600, secret, pack_address(ip_address(next_hop)), 443, 600, 1500, 6000
    )
    return TransitPass(secret, seal_transit_ticket(ticket, TRANSIT_KEY, 1, TRANSIT_ID, b"transitnonce"))


def seal(ticket: ExitTicket, key: bytes = TICKET_KEY, relay_id: int = RELAY_ID) -> bytes:
    return seal_ticket(ticket, key, 1, relay_id, b"ticket nonce")


def keep_in(lost: list[bytes]) -> Fate:
    """A fate that loses every datagram into a list."""

    def fate(datagram: bytes, _is_hello: bool) -> bool:
        lost.append(datagram)
        return False

    return fate


@dataclass
class Pair:
    """`up_fate` and `down_fate` decide for each datagram whether it arrives; each way takes `delay_s`."""

    suite: int = 1
    seed: int = 1
    delay_s: float = 0.010
    under_load: bool = False
    ticket: ExitTicket | None = None
    up_fate: Fate = lambda _datagram, _is_hello: True
    down_fate: Fate = lambda _datagram, _is_hello: True
    now: float = 0.0
    dead_paths: set[int] = field(default_factory=set)
    transit_status: WelcomeStatus = WelcomeStatus.OK
    source: Source = ("192.0.2.9", 40000)
    other_sources: dict[int, Source] = field(default_factory=dict)
    """Where the relay sees further paths: the transit's address, or the client's second interface."""
    redundancy: Redundancy = ONE_COPY
    client_events: list[ClientEvent] = field(default_factory=list)
    relay_events: list[RelayEvent] = field(default_factory=list)
    up_payloads: list[tuple[int, bytes]] = field(default_factory=list)
    drops: list[DropReason] = field(default_factory=list)
    sent_up: list[bytes] = field(default_factory=list)
    sent_down: list[tuple[bytes, Source]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        ticket = self.ticket or make_ticket(suite=self.suite)
        self.ticket = ticket
        self.client = ClientSession(
            ClientGrant(ticket.cid, ticket.secret, seal(ticket), RELAY_ID, ticket.suite),
            entropy=self.random.randbytes,
            unix_ms_offset=UNIX_S * 1000,
            redundancy=self.redundancy,
        )
        self.transit = RelayHandshake(TRANSIT_ID, {1: TRANSIT_KEY}, bytes(8), self.random.randbytes)
        self.relay: RelaySession | None = None
        self._wire: list[tuple[float, int, bool, bytes, Source]] = []
        self._order = count()
        self.start_relay()

    def start_relay(self) -> None:
        """A relay process that knows nobody: also what a restart leaves."""
        self.handshake = RelayHandshake(RELAY_ID, {1: TICKET_KEY}, self.random.randbytes(8), self.random.randbytes)
        self.relay = None

    @property
    def session(self) -> RelaySession:
        assert self.relay is not None
        return self.relay

    def established(self) -> "Pair":
        """Run the hand-shake and let the first PING come back."""
        self.client.connect(self.now)
        self.run(4 * self.delay_s + 0.001)
        assert self.relay is not None
        assert self.relay.is_confirmed
        return self

    def send(self, payload: bytes, flow: tuple[int, str, int] = FLOW) -> bool:
        sent = self.client.send_payload(flow, payload, self.now)
        self._flush()
        return sent

    def reply(self, flow_id: int, payload: bytes) -> None:
        """The game server's answer, down to the client."""
        relay = self.session
        if relay.is_redundant:
            for path, datagram in relay.send_payload(flow_id, payload, self.now):
                self._down(datagram, relay.address_of(path))
            return
        datagram = relay.seal_payload(flow_id, payload)
        self._down(datagram, relay.address)
        trial = relay.trial_address(len(datagram))
        if trial is not None:
            self._down(datagram, trial)

    def run(self, seconds: float) -> None:
        """Let time pass; every timer and datagram that falls into it is handled in order."""
        end = self.now + seconds
        self._flush()
        while True:
            moments = [moment for moment in (self.client.next_timeout(), self._relay_timeout()) if moment is not None]
            if self._wire:
                moments.append(self._wire[0][0])
            due = min(moments, default=end)
            if due > end:
                break
            self.now = max(self.now, due)
            self._deliver_due()
            timeout = self.client.next_timeout()
            if timeout is not None and timeout <= self.now:
                self.client.handle_timeout(self.now)
            if self.relay is not None:
                self.relay.handle_timeout(self.now)
                for path, datagram in self.relay.late_copies(self.now):
                    self._down(datagram, self.relay.address_of(path))
            self._flush()
            if due == end and not moments:
                break
        self.now = end

    def _relay_timeout(self) -> float | None:
        if self.relay is None:
            return None
        moments = (self.relay.next_timeout(), self.relay.next_copy_s)
        return min((moment for moment in moments if moment is not None), default=None)

    def _flush(self) -> None:
        for path, datagram in self.client.datagrams_to_send():
            self.sent_up.append(datagram)
            if path not in self.dead_paths and self.up_fate(datagram, datagram[0] >> 3 & 7 == TYPE_HELLO):
                source = self.other_sources.get(path, self.source)
                heapq.heappush(self._wire, (self.now + self.delay_s, next(self._order), True, datagram, source))
        self._flush_relay()
        while (client_event := self.client.next_event()) is not None:
            self.client_events.append(client_event)

    def _flush_relay(self) -> None:
        relay = self.relay
        if relay is None:
            return
        while (event := relay.next_event()) is not None:
            self._decide(relay, event)
        for datagram, address in relay.datagrams_to_send():
            self._down(datagram, address)

    def _decide(self, relay: RelaySession, event: RelayEvent) -> None:
        """Accept every flow, as a relay with a generous profile would."""
        self.relay_events.append(event)
        if isinstance(event, FlowRequested):
            if event.payload:
                self.up_payloads.append((event.flow, event.payload))
            relay.accept_flow(event.flow, b"resume")
        elif isinstance(event, PayloadRecovered):
            self.up_payloads.append((event.flow, event.payload))
        elif isinstance(event, TicketOffered):
            ticket = self.handshake.open_ticket(event.ticket, UNIX_S + self.now)
            if isinstance(ticket, ExitTicket):
                relay.replace_ticket(ticket)
        elif isinstance(event, SessionClosed):
            self.handshake.session_ended(relay.cid)
            self.relay = None

    def _down(self, datagram: bytes, address: Source) -> None:
        self.sent_down.append((datagram, address))
        path = next((path for path, source in self.other_sources.items() if source == address), 0)
        known = address == self.source or path
        if known and path not in self.dead_paths and self.down_fate(datagram, False):
            heapq.heappush(self._wire, (self.now + self.delay_s, next(self._order), False, datagram, address))

    def _deliver_due(self) -> None:
        while self._wire and self._wire[0][0] <= self.now:
            _, _, is_up, datagram, source = heapq.heappop(self._wire)
            if is_up:
                self.arrive_at_relay(datagram, source)
            else:
                path = next((path for path, known in self.other_sources.items() if known == source), 0)
                self.client.receive_datagram(datagram, path, self.now)
        self._flush()

    def arrive_at_relay(self, datagram: bytes, source: Source) -> None:
        """One datagram reaches the relay from `source`, whoever sent it."""
        outer = parse_outer(datagram)
        if not isinstance(outer, Outer):
            self.drops.append(outer)
            return
        if outer.kind == TYPE_HELLO:
            self._hello(datagram, source)
        elif self.relay is not None and len(datagram) >= DATA_HEADER.size:
            t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
            body = self.relay.open(datagram, t, p, seq32, source, self.now)
            if isinstance(body, DropReason):
                self.drops.append(body)
            elif body:
                self.up_payloads.append((body[0], body[1:]))
        else:
            self.drops.append(DropReason.UNKNOWN_SESSION)

    def _hello(self, datagram: bytes, source: Source) -> None:
        if datagram[11] == ROLE_TRANSIT:
            accepted = self.transit.receive_hello(datagram, source, UNIX_S + self.now, under_load=False)
            assert isinstance(accepted, TransitAccepted), accepted
            address = ip_address(source[0])
            answered = self.transit.answer_transit(accepted, source, self.transit_status, address, UNIX_S + self.now)
            self._down(answered, source)
            return
        answer = self.handshake.receive_hello(datagram, source, UNIX_S + self.now, under_load=self.under_load)
        if isinstance(answer, DropReason):
            self.drops.append(answer)
        elif isinstance(answer, HelloAccepted):
            if self.relay is None:
                self.relay = RelaySession(answer.ticket, RELAY_ID, self.handshake.boot_id, self.random.randbytes)
            welcome = self.relay.answer_hello(
                answer.hello, answer.ticket, source, ip_address(source[0]), b"", self.now, UNIX_S + self.now
            )
            self._down(welcome, source)
        elif isinstance(answer, bytes):
            self._down(answer, source)

    # --- several paths -----------------------------------------------------------------------------------------------

    @classmethod
    def over_two_paths(cls, redundancy: Redundancy, **settings: Any) -> "Pair":
        """Established, with path 1 through a transit bound and proved."""
        ticket = make_ticket(max_paths=2, transits=((1, TRANSIT_SOURCE[0]),))
        pair = cls(ticket=ticket, redundancy=redundancy, other_sources={1: TRANSIT_SOURCE}, **settings)
        pair.established()
        pair.client.add_path(1, transit_pass(), pair.now)
        pair.run(10 * pair.delay_s)
        return pair

    def down_payloads(self) -> list[bytes]:
        """What reached the game, in order."""
        return [event.payload for event in self.client_events if isinstance(event, PayloadReceived)]
