"""An exit relay in fake time: the real `RelayHandshake` and `RelaySession`, with the forwarding rules of a relay reduced to a page.

What is left out, because it is not about paths: profiles and limits. What is in: flows over one game-facing port per local port of
the client, resume tokens, a keeper that holds the ports over a restart, NO_SESSION, drain, revocation, idle sessions.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random
from typing import Final

from plg.lab.simulation.event_heap import Alarm, EventHeap
from plg.lab.simulation.network import Network
from plg.lab.simulation.transit_model import TransitModel
from plg.protocol.constants import (
    CLOSE_TOMBSTONE_S,
    DATA_OVERHEAD,
    MAX_PAYLOAD_PER_DATAGRAM,
    SESSION_IDLE_S,
    TYPE_DATA,
    TYPE_HELLO,
)
from plg.protocol.errors import CloseReason, DropReason, FlowDenial, WelcomeStatus
from plg.protocol.events import FlowEnded, FlowRequested, PayloadRecovered, RelayEvent, SessionClosed, TicketOffered
from plg.protocol.handshake import ResumeState, build_no_session
from plg.protocol.header import DATA_HEADER, parse_outer
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, Source, TransitAccepted
from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import ExitTicket

KEY_ID: Final = 1
NO_SESSION_MIN_LENGTH: Final = DATA_OVERHEAD
SLOW_TICK_S: Final = 1.0
FIRST_PORT: Final = 40_000
PORTS_PER_BOOT: Final = 500
"""A new process takes other ports unless it is told which: so a lost port shows as another source at the game."""


@dataclass(slots=True)
class _Flow:
    flow_id: int
    destination: Source
    port: int
    opened_seq: int


@dataclass(slots=True)
class _Client:
    session: RelaySession
    alarm: Alarm
    copies_alarm: Alarm
    flows: dict[int, _Flow] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    """The client's local port -> our port towards games."""


class ExitModel:
    """One relay host. `stop` and `start` are the process; `vanish` takes the whole host off the network."""

    def __init__(
        self,
        heap: EventHeap,
        network: Network,
        address: Source,
        *,
        relay_id: int,
        ticket_key: bytes,
        unix_s: float,
        seed: int,
    ) -> None:
        """`unix_s` is what its wall clock says when the heap's clock is 0."""
        self.address = address
        self.relay_id = relay_id
        self.ticket_key = ticket_key
        self.keeps_ports = True
        self.draining = False
        self.drops: dict[DropReason, int] = {}
        self.transit = TransitModel(heap, network, address, unix_s=unix_s)
        """The same process forwards for others."""
        self._heap = heap
        self._network = network
        self._unix_s = unix_s
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._clients: dict[int, _Client] = {}
        self._by_port: dict[int, tuple[int, int]] = {}
        self._kept_ports: dict[tuple[int, int], int] = {}
        self._tombstones: dict[int, float] = {}
        self._revoked: set[int] = set()
        self._boots = 0
        self._running = False
        self._handshake: RelayHandshake | None = None
        network.attach(address[0], self)
        self.start()
        heap.at(heap.now + SLOW_TICK_S, self._slow_tick)

    # --- the process -------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self._running

    @property
    def sessions(self) -> dict[int, RelaySession]:
        return {cid: client.session for cid, client in self._clients.items()}

    def start(self) -> None:
        """A process that knows nobody: the first one, or after a crash."""
        self._boots += 1
        self._running = True
        self.draining = False
        entropy = self._random.randbytes
        self._handshake = RelayHandshake(self.relay_id, {KEY_ID: self.ticket_key}, entropy(8), entropy)
        self.transit.start(self._handshake)

    def stop(self) -> None:
        """SIGKILL: nobody is told anything. With `keeps_ports` a keeper holds the game-facing ports."""
        self._running = False
        self._handshake = None
        if self.keeps_ports:  # also those that nobody has asked for since the stop before
            for cid, client in self._clients.items():
                self._kept_ports |= {(cid, local): port for local, port in client.ports.items()}
        for client in self._clients.values():
            client.alarm.arm(None)
            client.copies_alarm.arm(None)
        self._clients = {}
        self._by_port = {}
        self._tombstones = {}
        self.transit.stop()

    def vanish(self) -> None:
        """The host is gone: cable pulled, data centre dark."""
        if self._running:
            self.stop()
        self._network.attach(self.address[0], None)

    def drain(self, seconds: int) -> None:
        """No new sessions; the clients of the others are told."""
        self.draining = True
        for client in self._clients.values():
            client.session.announce_drain(seconds)
            self._settle(client)

    def revoke(self, cid: int) -> None:
        """The server takes a session's right away."""
        self._revoked.add(cid)
        client = self._clients.get(cid)
        if client is not None:
            client.session.close(CloseReason.REVOKED)
            self._settle(client)
            self._end(client)
        self.transit.revoke(cid)

    # --- datagrams ---------------------------------------------------------------------------------------------------

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:
        if not self._running:
            return
        if target[1] != self.address[1]:
            self._from_game(target[1], datagram, source)
            return
        outer = parse_outer(datagram)
        if isinstance(outer, DropReason):
            self._drop(outer)
        elif self.transit.take(datagram, outer.kind, outer.cid, source):
            pass
        elif outer.kind == TYPE_HELLO:
            self._hello(datagram, source)
        elif outer.kind == TYPE_DATA and len(datagram) >= DATA_HEADER.size:
            self._data(datagram, outer.cid, source)
        else:
            self._drop(DropReason.WRONG_TYPE)

    def _data(self, datagram: bytes, cid: int, source: Source) -> None:
        client = self._clients.get(cid)
        now = self._heap.now
        if client is None:
            self._drop(DropReason.UNKNOWN_SESSION)
            if len(datagram) >= NO_SESSION_MIN_LENGTH and self._tombstones.get(cid, 0.0) <= now:
                self._network.send(build_no_session(cid), self.address, source)
            return
        t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
        body = client.session.open(datagram, t, p, seq32, source, now)
        if isinstance(body, DropReason):
            self._drop(body)
        self._settle(client)  # first: what a repetition brought is older than the body
        if isinstance(body, bytes) and body:
            flow = client.flows.get(body[0])
            if flow is None:
                client.session.deny_flow(body[0], FlowDenial.UNKNOWN_FLOW)
                self._settle(client)
            else:
                self._network.send(body[1:], (self.address[0], flow.port), flow.destination)

    def _from_game(self, port: int, payload: bytes, source: Source) -> None:
        owner = self._by_port.get(port)
        client = None if owner is None else self._clients.get(owner[0])
        if client is None or not client.session.is_confirmed:
            return
        flow = next((one for one in client.flows.values() if one.port == port and one.destination == source), None)
        if flow is None:
            self._drop(DropReason.FOREIGN_REPLY)
            return
        session, now = client.session, self._heap.now
        if len(payload) > MAX_PAYLOAD_PER_DATAGRAM:
            sent = session.send_large_payload(flow.flow_id, payload, now)
        elif session.is_redundant:
            sent = session.send_payload(flow.flow_id, payload, now)
        else:
            self._send_single(session, session.seal_payload(flow.flow_id, payload))
            return
        self._send_copies(session, sent)
        trial = session.trial_address(len(sent[0][1]))
        if trial is not None:
            self._network.send(sent[0][1], self.address, trial)
        client.copies_alarm.arm(session.next_copy_s)

    def _send_single(self, session: RelaySession, datagram: bytes) -> None:
        self._network.send(datagram, self.address, session.address)
        trial = session.trial_address(len(datagram))
        if trial is not None:
            self._network.send(datagram, self.address, trial)

    def _send_copies(self, session: RelaySession, copies: list[tuple[int, bytes]]) -> None:
        for path, datagram in copies:
            self._network.send(datagram, self.address, session.address_of(path))

    def _late_copies(self, cid: int) -> None:
        client = self._clients.get(cid)
        if client is not None:
            self._send_copies(client.session, client.session.late_copies(self._heap.now))
            client.copies_alarm.arm(client.session.next_copy_s)

    def _drop(self, reason: DropReason) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + 1

    # --- hand-shake --------------------------------------------------------------------------------------------------

    def _hello(self, datagram: bytes, source: Source) -> None:
        now, handshake = self._heap.now, self._handshake
        if handshake is None:
            return
        answer = handshake.receive_hello(datagram, source, self._unix_s + now, under_load=False)
        if isinstance(answer, DropReason):
            self._drop(answer)
        elif isinstance(answer, bytes):
            self._network.send(answer, self.address, source)
        elif isinstance(answer, TransitAccepted):
            status = WelcomeStatus.REVOKED if answer.hello.cid in self._revoked else None
            self.transit.bind(answer, source, status, is_exit_of_it=answer.hello.cid in self._clients)
        else:
            self._welcome(handshake, answer, source)

    def _welcome(self, handshake: RelayHandshake, accepted: HelloAccepted, source: Source) -> None:
        now, cid = self._heap.now, accepted.hello.cid
        observed = ip_address(source[0])
        refusal = None
        if cid in self._revoked:
            refusal = WelcomeStatus.REVOKED
        elif self.draining and cid not in self._clients:
            refusal = WelcomeStatus.DRAINING
        if refusal is not None:
            answer = handshake.refuse(accepted, source, refusal, observed, self._unix_s + now)
            self._network.send(answer, self.address, source)
            return
        client = self._clients.get(cid)
        if client is None:
            client = self._open_client(handshake, accepted)
        answer = client.session.answer_hello(
            accepted.hello, accepted.ticket, source, observed, b"", now, self._unix_s + now
        )
        self._network.send(answer, self.address, source)
        self._settle(client)

    def _open_client(self, handshake: RelayHandshake, accepted: HelloAccepted) -> _Client:
        session = RelaySession(accepted.ticket, self.relay_id, handshake.boot_id, self._random.randbytes)
        session.heard_at_s = self._heap.now
        cid = accepted.hello.cid
        client = _Client(
            session,
            Alarm(self._heap, lambda: self._timeout(cid)),
            Alarm(self._heap, lambda: self._late_copies(cid)),
        )
        self._clients[cid] = client
        for local_port, port in accepted.resume.ports if accepted.resume is not None else ():
            if port not in self._by_port:
                client.ports[local_port] = port
                self._by_port[port] = (cid, local_port)
        return client

    # --- sessions ----------------------------------------------------------------------------------------------------

    def _settle(self, client: _Client) -> None:
        """Act on what the session noticed, send what it wants to send, set its alarm."""
        session = client.session
        while (event := session.next_event()) is not None:
            self._take(client, event)
        for datagram, address in session.datagrams_to_send():
            self._network.send(datagram, self.address, address)
        if session.cid in self._clients:
            client.alarm.arm(session.next_timeout())

    def _take(self, client: _Client, event: RelayEvent) -> None:
        match event:
            case FlowRequested():
                self._open_flow(client, event)
            case PayloadRecovered(flow_id, payload):
                flow = client.flows.get(flow_id)
                if flow is not None:
                    self._network.send(payload, (self.address[0], flow.port), flow.destination)
            case FlowEnded(flow_id):
                client.flows.pop(flow_id, None)
            case TicketOffered(token):
                ticket = (
                    None
                    if self._handshake is None
                    else self._handshake.open_ticket(token, self._unix_s + self._heap.now)
                )
                if isinstance(ticket, ExitTicket):
                    client.session.replace_ticket(ticket)
            case SessionClosed():
                self._end(client)
            case _:
                pass

    def _open_flow(self, client: _Client, event: FlowRequested) -> None:
        known = client.flows.get(event.flow)
        if known is not None and event.seq < known.opened_seq:
            return
        port = self._port_of(client, event.local_port)
        destination = (str(event.address), event.port)
        client.flows[event.flow] = _Flow(event.flow, destination, port, event.seq)
        handshake = self._handshake
        if handshake is not None:
            state = ResumeState(client.session.cid, int(self._unix_s + self._heap.now), tuple(client.ports.items()))
            client.session.accept_flow(event.flow, handshake.seal_resume_token(state))
        if event.payload:
            self._network.send(event.payload, (self.address[0], port), destination)

    def _port_of(self, client: _Client, local_port: int) -> int:
        cid = client.session.cid
        port = client.ports.get(local_port) or self._kept_ports.pop((cid, local_port), None)
        if port is None or self._by_port.get(port, (cid, local_port)) != (cid, local_port):
            port = FIRST_PORT + self._boots * PORTS_PER_BOOT
            while port in self._by_port or port in self._kept_ports.values():
                port += 1
        client.ports[local_port] = port
        self._by_port[port] = (cid, local_port)
        return port

    def _end(self, client: _Client) -> None:
        cid = client.session.cid
        if self._clients.pop(cid, None) is None:
            return
        client.alarm.arm(None)
        client.copies_alarm.arm(None)
        for port in client.ports.values():
            self._by_port.pop(port, None)
        self._tombstones[cid] = self._heap.now + CLOSE_TOMBSTONE_S
        if self._handshake is not None:
            self._handshake.session_ended(cid)

    def _timeout(self, cid: int) -> None:
        client = self._clients.get(cid)
        if client is not None:
            client.session.handle_timeout(self._heap.now)
            self._settle(client)

    def _slow_tick(self) -> None:
        now = self._heap.now
        for client in list(self._clients.values()):
            client.session.handle_timeout(now)
            if now - client.session.heard_at_s > SESSION_IDLE_S:
                client.session.close(CloseReason.IDLE)
                self._settle(client)
                self._end(client)
            else:
                self._settle(client)
        self._tombstones = {cid: until for cid, until in self._tombstones.items() if until > now}
        self.transit.forget()
        self._heap.at(now + SLOW_TICK_S, self._slow_tick)
