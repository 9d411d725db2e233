"""A small relay made of the real protocol cores: over a scripted link in fake time, or on a loopback UDP socket.

It echoes as the game would: every payload that arrives for an allowed flow comes back with "re:" before it.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random

from plg.protocol.client_handshake import ClientGrant
from plg.protocol.constants import MAX_PAYLOAD_PER_DATAGRAM, PROBE_LENGTH, TYPE_DATA, TYPE_HELLO, TYPE_LPING
from plg.protocol.errors import CloseReason, DropReason, FlowDenial, WelcomeStatus
from plg.protocol.events import FlowRequested, PayloadRecovered, SessionClosed, TicketOffered
from plg.protocol.handshake import ResumeState, build_no_session
from plg.protocol.header import DATA_HEADER, Outer, parse_outer
from plg.protocol.keys import probe_key
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import make_probe_token
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, Source
from plg.protocol.relay_paths import NOWHERE
from plg.protocol.relay_session import RelaySession
from plg.protocol.session_core import Entropy
from plg.protocol.ticket import (
    ExitTicket,
    TicketCaps,
    TicketTarget,
    seal_ticket,
)
from plg.tunnel.relay_path import Receive
from support.fake_time import FakeClock

TICKET_KEY = bytes(range(32))
RELAY_ID = 42
UNIX_S = 1_800_000_000.0
"""What the relay's wall clock says when `now` is 0, in fake time."""

TICK_S = 0.02

Out = list[tuple[bytes, Source]]
Destination = tuple[str, int]


def make_ticket(
    cid: int,
    secret: bytes,
    *,
    now_unix_s: float = UNIX_S,
    expires_in_s: float = 3600,
    targets: tuple[TicketTarget, ...] = (),
    max_paths: int = 1,
    transits: tuple[tuple[int, bytes], ...] = (),
) -> ExitTicket:
    return ExitTicket(
        cid,
        7,
        int(now_unix_s),
        int(now_unix_s + expires_in_s),
        secret,
        3,
        1,
        caps=TicketCaps(),
        max_paths=max_paths,
        transits=transits,
        targets=targets,
    )


def seal(ticket: ExitTicket, relay_id: int = RELAY_ID) -> bytes:
    return seal_ticket(ticket, TICKET_KEY, 1, relay_id, os.urandom(12))


def grant_for(ticket: ExitTicket, relay_id: int = RELAY_ID) -> ClientGrant:
    return ClientGrant(ticket.cid, ticket.secret, seal(ticket, relay_id), relay_id)


def probe_token(expires_at_s: float) -> bytes:
    return make_probe_token(probe_key(TICKET_KEY), int(expires_at_s), b"serial 8")


@dataclass
class _Member:
    session: RelaySession
    flows: dict[int, FlowRequested] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)


class RelayBrain:
    """The decisions of a relay. `denied` destinations get FLOW_DENY; `refusal` answers every HELLO with that status.

    `arrived` keeps (game-facing port, destination, payload) of everything that left for the game.
    """

    def __init__(self, entropy: Entropy = os.urandom, relay_id: int = RELAY_ID) -> None:
        self._entropy = entropy
        self._relay_id = relay_id
        self.denied: set[Destination] = set()
        self.refusal: WelcomeStatus | None = None
        self.echoes = True
        self.arrived: list[tuple[int, Destination, bytes]] = []
        self.drops: list[DropReason] = []
        self.taken_tickets: list[ExitTicket] = []
        self.closed: list[int] = []
        self.epochs: list[int] = []
        self.seen_as: Callable[[Source], Source] | None = lambda source: source
        """What a probe's source is told to be; None: a relay from before that question."""
        self.ways: dict[Source, ScriptedPath] = {}
        """Where a datagram for an address goes, in fake time."""
        self._next_port = 40000
        self.members: dict[int, _Member] = {}
        self.restart()

    def restart(self) -> None:
        """A new process: it knows nobody, and finds its old ports only in resume tokens."""
        self.handshake = RelayHandshake(self._relay_id, {1: TICKET_KEY}, self._entropy(8), self._entropy)
        self.members = {}
        self._next_port += 1000

    def receive(self, datagram: bytes, source: Source, now: float, unix_s: float) -> Out:
        outer = parse_outer(datagram)
        if not isinstance(outer, Outer):
            self.drops.append(outer)
            return []
        if outer.kind == TYPE_HELLO:
            return self._hello(datagram, source, now, unix_s)
        if outer.kind == TYPE_LPING:
            stamp = int(now * 1_000_000)
            if self.seen_as is None and len(datagram) == PROBE_LENGTH and datagram[9]:
                return []
            seen = source if self.seen_as is None else self.seen_as(source)
            answer = self.handshake.answer_probe(datagram, seen, unix_s, stamp, stamp)
            return [] if isinstance(answer, DropReason) else [(answer, source)]
        member = self.members.get(outer.cid)
        if member is None:
            self.drops.append(DropReason.UNKNOWN_SESSION)
            return [(build_no_session(outer.cid), source)] if outer.kind == TYPE_DATA and len(datagram) >= 64 else []
        return self._data(member, datagram, source, now, unix_s)

    def close_all(self, reason: CloseReason) -> Out:
        out: Out = []
        for member in self.members.values():
            member.session.close(reason)
            out += member.session.datagrams_to_send()
        self.members = {}
        return out

    def drain_all(self, seconds: int) -> Out:
        out: Out = []
        for member in self.members.values():
            member.session.announce_drain(seconds)
            out += member.session.datagrams_to_send()
        return out

    def handle_timeout(self, now: float) -> Out:
        out: Out = []
        for member in self.members.values():
            session = member.session
            session.handle_timeout(now)
            out += [(datagram, session.address_of(path)) for path, datagram in session.late_copies(now)]
            out += session.datagrams_to_send()
        return out

    def _hello(self, datagram: bytes, source: Source, now: float, unix_s: float) -> Out:
        answer = self.handshake.receive_hello(datagram, source, unix_s, under_load=False)
        if isinstance(answer, DropReason):
            self.drops.append(answer)
            return []
        assert isinstance(answer, HelloAccepted)
        address = ip_address(source[0])
        if self.refusal is not None:
            return [(self.handshake.refuse(answer, source, self.refusal, address, unix_s), source)]
        member = self.members.get(answer.hello.cid)
        if member is None:
            session = RelaySession(answer.ticket, self._relay_id, self.handshake.boot_id, self._entropy)
            member = self.members[answer.hello.cid] = _Member(session)
            if answer.resume is not None:
                member.ports = dict(answer.resume.ports)
        welcome = member.session.answer_hello(
            answer.hello, answer.ticket, source, address, self._resume_token(member, unix_s), now, unix_s
        )
        return [(welcome, source)]

    def _resume_token(self, member: _Member, unix_s: float) -> bytes:
        return self.handshake.seal_resume_token(
            ResumeState(member.session.cid, int(unix_s), tuple(member.ports.items()))
        )

    def _data(self, member: _Member, datagram: bytes, source: Source, now: float, unix_s: float) -> Out:
        if len(datagram) < DATA_HEADER.size:
            self.drops.append(DropReason.MALFORMED)
            return []
        t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
        session = member.session
        body = session.open(datagram, t, p, seq32, source, now)
        out: Out = []
        if isinstance(body, DropReason):
            self.drops.append(body)
        elif body:
            out += self._to_game(member, body[0], body[1:], now)
        while (event := session.next_event()) is not None:
            if isinstance(event, FlowRequested):
                out += self._open_flow(member, event, now, unix_s)
            elif isinstance(event, PayloadRecovered):
                out += self._to_game(member, event.flow, event.payload, now)
            elif isinstance(event, TicketOffered):
                opened = self.handshake.open_ticket(event.ticket, unix_s)
                if isinstance(opened, ExitTicket) and session.replace_ticket(opened):
                    self.taken_tickets.append(opened)
            elif isinstance(event, SessionClosed):
                self.closed.append(event.reason)
                self.handshake.session_ended(session.cid)
                self.members.pop(session.cid, None)
        return out + session.datagrams_to_send()

    def _open_flow(self, member: _Member, event: FlowRequested, now: float, unix_s: float) -> Out:
        self.epochs.append(event.egress_epoch)
        if (str(event.address), event.port) in self.denied:
            member.session.deny_flow(event.flow, FlowDenial.NOT_ALLOWED)
            return []
        if event.local_port not in member.ports:
            self._next_port += 1
            member.ports[event.local_port] = self._next_port
        member.flows[event.flow] = event
        member.session.accept_flow(event.flow, self._resume_token(member, unix_s))
        return self._to_game(member, event.flow, event.payload, now) if event.payload else []

    def _to_game(self, member: _Member, flow: int, payload: bytes, now: float) -> Out:
        opened = member.flows.get(flow)
        if opened is None:
            self.drops.append(DropReason.UNKNOWN_FLOW)
            member.session.deny_flow(flow, FlowDenial.UNKNOWN_FLOW)
            return []
        port = member.ports[opened.local_port]
        self.arrived.append((port, (str(opened.address), opened.port), payload))
        if not self.echoes:
            return []
        reply, session = b"re:" + payload, member.session
        large = len(reply) > MAX_PAYLOAD_PER_DATAGRAM
        if large or session.is_redundant:
            send = session.send_large_payload if large else session.send_payload
            datagrams = send(flow, reply, now)
        else:
            datagrams = [(0, session.seal_payload(flow, reply))]
        out = [
            (datagram, session.address if number == 0 and not large else session.address_of(path))
            for number, (path, datagram) in enumerate(datagrams)
        ]
        trials = [(datagram, session.trial_address(len(datagram))) for _, datagram in datagrams]
        return out + [(datagram, trial) for datagram, trial in trials if trial is not None]


Fate = Callable[[bytes, bool], bool]
"""Whether a datagram arrives; the flag is true on the way up."""


class ScriptedPath:
    """A DatagramPath to a RelayBrain in fake time: `delay_s` each way, `fate` decides what is lost.

    `follow_network(force=True)` takes a new source port, as a new socket would.
    """

    def __init__(self, brain: RelayBrain, clock: FakeClock, *, delay_s: float = 0.010) -> None:
        self.brain = brain
        self.delay_s = delay_s
        self.fate: Fate = lambda _datagram, _up: True
        self.source: Source = ("192.0.2.9", 40000)
        self.sent: list[bytes] = []
        self.came: list[bytes] = []
        self.is_up = True
        self.closed = False
        self.skew_s = 0.0
        self._clock = clock
        self._receive: Receive | None = None

    def start(self, receive: Receive) -> None:
        self._receive = receive
        self._tick()

    def send(self, datagram: bytes) -> None:
        self.sent.append(datagram)
        source = self.source
        if self.fate(datagram, True):
            self._clock.call_at(self._clock.time() + self.delay_s, lambda: self.arrive(datagram, source))

    def arrive(self, datagram: bytes, source: Source) -> None:
        """A datagram reaches the relay from `source`, whoever sent it."""
        self.brain.ways[self.source] = self
        if self.is_up:
            now = self._clock.time()
            self.carry_back(self.brain.receive(datagram, source, now, UNIX_S + now + self.skew_s))

    def carry_back(self, out: Out) -> None:
        """What the relay sends leaves on the way that each address stands for."""
        for datagram, address in out:
            way = self.brain.ways.get(address)
            if way is not None:
                way.return_(datagram, address)

    def return_(self, datagram: bytes, address: Source) -> None:
        """The relay's datagram to this path's address; an address that the path has left is nobody's."""
        if self.is_up and address == self.source and self.fate(datagram, False):
            self._clock.call_at(self._clock.time() + self.delay_s, lambda: self.inject(datagram))

    def inject(self, datagram: bytes) -> None:
        """A datagram reaches the client."""
        self.came.append(datagram)
        if self._receive is not None:
            self._receive(datagram)

    def follow_network(self, *, force: bool = False) -> bool:
        if force:
            self.source = (self.source[0], self.source[1] + 1)
        return force

    def close(self) -> None:
        self.closed = True
        self._receive = None

    def _tick(self) -> None:
        if not self.closed:
            self.carry_back(self.brain.handle_timeout(self._clock.time()))
            self._clock.call_at(self._clock.time() + TICK_S, self._tick)


def seeded_entropy(seed: int = 1) -> Entropy:
    return Random(seed).randbytes


class LoopbackRelay:
    """A RelayBrain on a UDP socket of this machine, on the test's own loop."""

    def __init__(self, *, mask: HeaderMask | None = None, relay_id: int = RELAY_ID, host: str = "127.0.0.1") -> None:
        self.brain = RelayBrain(relay_id=relay_id)
        self.host = host
        self.relay_id = relay_id
        self._mask = mask
        self._socket: socket.socket | None = None
        self.port = 0
        self.sources: set[Source] = set()

    def open(self) -> "LoopbackRelay":
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.bind((self.host, self.port))
        self.port = opened.getsockname()[1]
        self._socket = opened
        asyncio.get_running_loop().add_reader(opened, self._read)
        self._tick()
        return self

    def _tick(self) -> None:
        if self._socket is not None:
            self.send(self.brain.handle_timeout(time.monotonic()))
            asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def close(self) -> None:
        """As a killed process: nothing is said, the port is shut."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def send(self, out: Out) -> None:
        for datagram, address in out:
            if self._socket is not None:
                masked = self._mask.apply(datagram) if self._mask is not None else datagram
                if masked is not None and address != NOWHERE:
                    self._socket.sendto(masked, address)

    def _read(self) -> None:
        while self._socket is not None:
            try:
                datagram, source = self._socket.recvfrom(2048)
            except OSError:
                return
            self.sources.add(source)
            plain = self._mask.apply(datagram) if self._mask is not None else datagram
            if plain is not None:
                self.send(self.brain.receive(plain, source, time.monotonic(), time.time()))
