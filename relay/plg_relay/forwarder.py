"""The relay's decisions, sans-IO: a datagram comes in, at most one leaves, everything else is counted.

Sockets, clock and entropy are handed in. `drain_front` and `drain_game` are the packet path: they run once per wake-up of a
socket, keep nothing per packet, and authenticate before they believe anything.
"""

from collections.abc import Callable
from typing import Any, Final

from plg.protocol.constants import DATA_OVERHEAD, MAX_PAYLOAD, MAX_PAYLOAD_PER_DATAGRAM, PHASE_BIT, RED_BIT
from plg.protocol.destination import Address
from plg.protocol.errors import CloseReason, DropReason, FlowDenial, WelcomeStatus
from plg.protocol.events import (
    Confirmed,
    FlowEnded,
    FlowRequested,
    RelayEvent,
    SessionClosed,
    TicketOffered,
    TicketReplaced,
)
from plg.protocol.header import DATA_HEADER, DATA_UP
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, Source
from plg.protocol.relay_session import RelaySession
from plg.protocol.session_core import Entropy
from plg_relay.admission import Admission, AdmissionLimits
from plg_relay.counters import Counters
from plg_relay.flow_desk import FlowDesk, FlowLimits, GameSide
from plg_relay.rules import Rules
from plg_relay.session_table import Flow, Session, SessionTable, SocketGroup, wire_length

DRAIN_DATAGRAMS: Final = 64
"""Taken from one socket before the others get their turn: long enough to spread the wake-up, short enough for latency."""

LONGEST_DATAGRAM: Final = 2048
"""Towards clients nothing is longer than an Ethernet frame."""

LONGEST_REPLY: Final = MAX_PAYLOAD + 1
"""One byte more than we carry, so that a cut datagram shows."""

Receive = Callable[[int], tuple[bytes, Source]]
"""A socket's `recvfrom`: raises BlockingIOError when it is empty."""
ReceiveGame = Callable[[int], Any]
"""A game-facing socket's `recvfrom`, or `recv` where it is connected."""

Send = Callable[[bytes, Source], int]

_IS_DATA_UP: Final = 0xFF & ~(PHASE_BIT | RED_BIT)


class Forwarder:
    """One process's sessions and every rule on them. Clocks are monotonic seconds."""

    def __init__(
        self,
        *,
        handshake: RelayHandshake,
        rules: Rules,
        admission: AdmissionLimits,
        flows: FlowLimits,
        max_sessions: int,
        sessions_per_address: int,
        session_idle_s: float,
        send_client: Send,
        game_side: GameSide,
        entropy: Entropy,
        unix_offset_s: Callable[[], float],
        on_unknown_profile: Callable[[], None],
        now_s: float,
    ) -> None:
        """`unix_offset_s()` + monotonic seconds is Unix time by this machine; the rules correct it to the server's."""
        self.counters = Counters()
        self.rules = rules
        self._machine_offset_s = unix_offset_s
        self.table = SessionTable(now_s, session_idle_s=session_idle_s, unix_offset_s=self._offset_s)
        self._sessions = self.table.by_cid
        self._handshake = handshake
        self._send_client = send_client
        self._entropy = entropy
        self._max_sessions = max_sessions
        self._sessions_per_address = sessions_per_address
        self._on_unknown_profile = on_unknown_profile
        self.desk = FlowDesk(flows, game_side, handshake, self.counters, self.unix_s, now_s)
        self._admission = Admission(admission, handshake, self.table, self.counters, self._admit, self.unix_s, now_s)
        self._on_trial: set[Session] = set()
        self._caps: dict[int, tuple[int | None, int | None, int | None]] = {}
        self._next_slow_tick_s = now_s + 1.0

    def _offset_s(self) -> float:
        return self._machine_offset_s() + self.rules.clock_offset_s

    def unix_s(self, now_s: float) -> float:
        """The server's wall clock at a moment of ours."""
        return now_s + self._offset_s()

    @property
    def draining(self) -> bool:
        """Whether new sessions are refused."""
        return self._admission.draining

    # --- the packet path ---------------------------------------------------------------------------------------------

    def drain_front(self, receive: Receive, now_s: float) -> None:
        """Take up to DRAIN_DATAGRAMS datagrams of clients."""
        sessions = self._sessions
        counters = self.counters
        unpack = DATA_HEADER.unpack_from
        for _ in range(DRAIN_DATAGRAMS):
            try:
                datagram, source = receive(LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            length = len(datagram)
            if length < DATA_OVERHEAD or datagram[0] & _IS_DATA_UP != DATA_UP:
                self._from_stranger(datagram, source, now_s)
                continue
            t, cid, p, seq32 = unpack(datagram)
            session = sessions.get(cid)
            if session is None:
                self._from_stranger(datagram, source, now_s)
                continue
            protocol = session.protocol
            body = protocol.open(datagram, t, p, seq32, source, now_s)
            if body.__class__ is not bytes:
                self._dropped_up(session, body, length, now_s)  # type: ignore[arg-type]  # not bytes: a DropReason
                continue
            up = session.up
            if up.topped_up_s != now_s:
                up.top_up(now_s)
            over = up.packets_left < 1.0 or up.bytes_left < length
            if over:
                counters.drops[DropReason.RATE_PACKETS if up.packets_left < 1.0 else DropReason.RATE_BYTES_UP] += 1
            else:
                up.packets_left -= 1.0
                up.bytes_left -= length
            if source != protocol.address or not body:
                self._after_control(session, now_s, carry=not over)
                if not body or session.closed:
                    continue
            if over:
                continue
            flow = session.flows.get(body[0])
            if flow is None:
                self._unknown_flow(session, body[0], now_s)
                continue
            budget = flow.budget
            if budget.topped_up_s != now_s:
                budget.top_up(now_s)
            if budget.left < 1.0:
                counters.drops[DropReason.RATE_DESTINATION] += 1
                continue
            budget.left -= 1.0
            try:
                if flow.is_connected:
                    flow.send(body[1:])
                else:
                    flow.send(body[1:], flow.destination)
            except OSError as error:
                if not self._sent_after(error, flow, body[1:]):
                    continue
            flow.used_at_s = now_s
            flow.packets_up += 1
            session.bytes_up += length
            counters.packets_up += 1
            counters.bytes_up += length

    def drain_game(self, group: SocketGroup, receive: ReceiveGame, now_s: float, only: Flow | None = None) -> None:
        """Take up to DRAIN_DATAGRAMS replies of game servers from one game-facing socket.

        `only`: the kernel lets nothing in but this flow's destination, and `receive` is `recv`; else it is `recvfrom`.
        """
        session = group.session
        protocol = session.protocol
        seal = protocol.seal_payload
        send = self._send_client
        counters = self.counters
        drops = counters.drops
        by_source = group.by_source
        down = session.down
        down.top_up(now_s)
        flow = only
        for _ in range(DRAIN_DATAGRAMS):
            try:
                if only is not None:
                    payload = receive(LONGEST_REPLY)
                else:
                    payload, source = receive(LONGEST_REPLY)
                    flow = by_source.get(source) or by_source.get(source[:2])
            except BlockingIOError:
                return
            except OSError:  # the game's host said "port unreachable"
                drops[DropReason.SEND_ERROR] += 1
                continue
            if flow is None:
                drops[DropReason.FOREIGN_REPLY] += 1
                continue
            length = len(payload) + DATA_OVERHEAD
            if down.packets_left < 1.0 or down.bytes_left < length:
                drops[DropReason.RATE_PACKETS if down.packets_left < 1.0 else DropReason.RATE_BYTES_DOWN] += 1
                continue
            down.packets_left -= 1.0
            down.bytes_left -= length
            if len(payload) > MAX_PAYLOAD_PER_DATAGRAM:
                self._send_large(session, flow, payload, now_s)
                continue
            datagram = seal(flow.flow_id, payload)
            try:
                send(datagram, protocol.address)
            except OSError as error:
                self._count_failure(error)
                continue
            trial = protocol.trial_address(length)
            if trial is not None:
                self._send(datagram, trial)
            flow.used_at_s = now_s
            flow.packets_down += 1
            session.bytes_down += length
            counters.packets_down += 1
            counters.bytes_down += length

    # --- what is rarer -----------------------------------------------------------------------------------------------

    def _send(self, datagram: bytes, address: Source) -> None:
        try:
            self._send_client(datagram, address)
        except OSError as error:
            self._count_failure(error)

    def _count_failure(self, error: OSError) -> None:
        is_full = isinstance(error, BlockingIOError)
        self.counters.drops[DropReason.SEND_BUFFER if is_full else DropReason.SEND_ERROR] += 1

    @staticmethod
    def _send_game(flow: Flow, payload: bytes) -> None:
        if flow.is_connected:
            flow.send(payload)
        else:
            flow.send(payload, flow.destination)

    def _sent_after(self, error: OSError, flow: Flow, payload: bytes) -> bool:
        """A connected socket reports the ICMP error of an earlier datagram instead of sending this one: once more, then."""
        if isinstance(error, ConnectionRefusedError):
            try:
                self._send_game(flow, payload)
            except OSError as again:
                error = again
            else:
                return True
        self._count_failure(error)
        return False

    def _from_stranger(self, datagram: bytes, source: Source, now_s: float) -> None:
        self._admission.full = len(self._sessions) >= self._max_sessions
        answer = self._admission.receive(datagram, source, now_s)
        if answer is not None:
            self._send(answer, source)

    def _dropped_up(self, session: Session, reason: DropReason, length: int, now_s: float) -> None:
        self.counters.drops[reason] += 1
        if reason is DropReason.DUPLICATE:  # authentic, so it counts against the caps, copies included
            session.up.take(length, now_s)

    def _unknown_flow(self, session: Session, flow_id: int, now_s: float) -> None:
        self.counters.drops[DropReason.UNKNOWN_FLOW] += 1
        if session.notes.take(1.0, now_s):
            session.protocol.deny_flow(flow_id, FlowDenial.UNKNOWN_FLOW)
            self._flush(session)

    def _send_large(self, session: Session, flow: Flow, payload: bytes, now_s: float) -> None:
        if len(payload) > MAX_PAYLOAD:
            self.counters.drops[DropReason.OVERSIZED] += 1
            return
        for datagram in session.protocol.seal_large_payload(flow.flow_id, payload):
            self._send(datagram, session.protocol.address)
        self._count_down(session, flow, wire_length(len(payload)), now_s)

    def _count_down(self, session: Session, flow: Flow, length: int, now_s: float) -> None:
        flow.used_at_s = now_s
        flow.packets_down += 1
        session.bytes_down += length
        self.counters.packets_down += 1
        self.counters.bytes_down += length

    def _send_up(self, session: Session, flow: Flow, payload: bytes, now_s: float) -> None:
        """A payload that came inside FLOW_OPEN."""
        if not flow.budget.take(now_s):
            self.counters.drops[DropReason.RATE_DESTINATION] += 1
            return
        try:
            self._send_game(flow, payload)
        except OSError as error:
            if not self._sent_after(error, flow, payload):
                return
        flow.used_at_s = now_s
        flow.packets_up += 1
        length = wire_length(len(payload))
        session.bytes_up += length
        self.counters.packets_up += 1
        self.counters.bytes_up += length

    # --- control -----------------------------------------------------------------------------------------------------

    def _after_control(self, session: Session, now_s: float, *, carry: bool = True) -> None:
        """Act on what the protocol core noticed. `carry` False: payloads inside control frames are over the cap."""
        protocol = session.protocol
        while (event := protocol.next_event()) is not None and not session.closed:
            self._take_event(session, event, now_s, carry=carry)
        self._flush(session)
        if protocol.next_timeout() is not None:
            self._on_trial.add(session)

    def _flush(self, session: Session) -> None:
        for datagram, address in session.protocol.datagrams_to_send():
            self._send(datagram, address)

    def _take_event(self, session: Session, event: RelayEvent, now_s: float, *, carry: bool) -> None:
        match event:
            case FlowRequested():
                flow = self.desk.open(session, event, self.rules, now_s)
                if flow is not None and event.payload and carry:
                    self._send_up(session, flow, event.payload, now_s)
            case FlowEnded(flow_id):
                ended = session.flows.get(flow_id)
                if ended is not None:
                    self.desk.close_flow(session, ended)
            case TicketOffered(token):
                self._renew(session, token, now_s)
            case TicketReplaced(ticket):
                session.access = self.rules.access(ticket) or session.access
                self._apply_caps(session)
            case SessionClosed():
                self._end(session, now_s)
            case Confirmed():
                pass

    def _renew(self, session: Session, token: bytes, now_s: float) -> None:
        ticket = self._handshake.open_ticket(token, self.unix_s(now_s))
        if isinstance(ticket, DropReason):
            self.counters.drops[ticket] += 1
        elif self.rules.is_revoked(ticket):
            self.counters.drops[DropReason.REVOKED] += 1
        elif not session.protocol.replace_ticket(ticket):
            self.counters.drops[DropReason.TICKET_MALFORMED] += 1

    def _apply_caps(self, session: Session) -> None:
        caps = session.protocol.ticket.caps
        packets, up, down = self._caps.get(session.cid, (None, None, None))
        session.up.change(packets or caps.packets_per_second, up or caps.kbit_per_second_up)
        session.down.change(packets or caps.packets_per_second, down or caps.kbit_per_second_down)

    def _end(self, session: Session, now_s: float) -> None:
        if session.closed:
            return
        self.desk.close_all(session)
        self.table.remove(session, now_s)
        self._handshake.session_ended(session.cid)
        self._on_trial.discard(session)
        self._caps.pop(session.cid, None)
        self.counters.sessions_closed += 1

    # --- admission ---------------------------------------------------------------------------------------------------

    def _admit(self, accepted: HelloAccepted, source: Source, address: Address, now_s: float) -> bytes:
        """WELCOME for a genuine HELLO: yes, or the reason why not."""
        session = self._sessions.get(accepted.hello.cid)
        status = self._refusal(accepted, source, is_new=session is None)
        if status is not None:
            return self._admission.refuse(accepted, source, address, status, now_s)
        if session is None:
            session = self._open_session(accepted, source, now_s)
        # No resume token here: FLOW_OK brings a new one whenever the ports have changed.
        welcome = session.protocol.answer_hello(
            accepted.hello, accepted.ticket, source, address, b"", now_s, self.unix_s(now_s)
        )
        self._after_control(session, now_s)
        return welcome

    def _refusal(self, accepted: HelloAccepted, source: Source, *, is_new: bool) -> WelcomeStatus | None:
        if self.rules.is_revoked(accepted.ticket):
            self.counters.drops[DropReason.REVOKED] += 1
            return WelcomeStatus.REVOKED
        if not is_new:
            return None
        if self._admission.draining or self.rules.disabled:
            return WelcomeStatus.DRAINING
        if len(self._sessions) >= self._max_sessions:
            return WelcomeStatus.FULL
        if self.table.of_source(source) >= self._sessions_per_address:
            return WelcomeStatus.TOO_MANY_SESSIONS
        if self.rules.access(accepted.ticket) is None:
            self._on_unknown_profile()
            return WelcomeStatus.UNKNOWN_PROFILE
        return None

    def _open_session(self, accepted: HelloAccepted, source: Source, now_s: float) -> Session:
        ticket = accepted.ticket
        protocol = RelaySession(ticket, self._handshake.relay_id, self._handshake.boot_id, self._entropy)
        protocol.heard_at_s = now_s
        flow_opens, denials = self.desk.buckets(now_s)
        session = Session(protocol, ticket.caps, self.rules.access(ticket) or [], source, flow_opens, denials, now_s)
        self.table.add(session)
        self._apply_caps(session)
        if accepted.resume is not None:
            self.desk.resume(session, accepted.resume, now_s)
        self.counters.sessions_opened += 1
        return session

    # --- what the owner asks -----------------------------------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """Called about each 50 ms: addresses on trial, and once a second everything that expires."""
        for session in list(self._on_trial):
            session.protocol.handle_timeout(now_s)
            self._flush(session)
            if session.protocol.next_timeout() is None:
                self._on_trial.discard(session)
        if now_s < self._next_slow_tick_s:
            return
        self._next_slow_tick_s = now_s + 1.0
        for session in list(self._sessions.values()):
            session.protocol.handle_timeout(now_s)
        for session in self.table.expired(now_s):
            expired = self.table.expires_at_s(session) <= now_s
            self.end_session(session, CloseReason.EXPIRED if expired else CloseReason.IDLE, now_s)
        self.desk.expire(now_s)
        self._admission.forget(now_s)

    def end_session(self, session: Session, reason: CloseReason, now_s: float) -> None:
        """Tell the client and forget the session."""
        session.protocol.close(reason)
        self._flush(session)
        self._end(session, now_s)

    def apply_rules(self, rules: Rules, now_s: float) -> None:
        """New rules from now on: revoked sessions end, flows to newly denied addresses end."""
        self.rules = rules
        if rules.ticket_keys:
            self._handshake.set_ticket_keys(rules.ticket_keys)
        for session in list(self._sessions.values()):
            if rules.is_revoked(session.protocol.ticket):
                self.end_session(session, CloseReason.REVOKED, now_s)
                continue
            session.access = rules.access(session.protocol.ticket) or session.access
            self.desk.close_denied(session, rules)
            self._flush(session)

    def override_caps(self, cid: int, packets: int | None, kbit_up: int | None, kbit_down: int | None) -> None:
        """The operator's caps for a session, open or to come (kept until it ends; bounded by max_sessions)."""
        self._caps[cid] = (packets, kbit_up, kbit_down)
        while len(self._caps) > self._max_sessions:
            del self._caps[next(iter(self._caps))]
        session = self._sessions.get(cid)
        if session is not None:
            self._apply_caps(session)

    def start_drain(self, seconds: int) -> None:
        """Refuse new sessions and tell the clients of the others."""
        self._admission.draining = True
        for session in list(self._sessions.values()):
            session.protocol.announce_drain(seconds)
            self._flush(session)

    def end_all(self, reason: CloseReason, now_s: float) -> None:
        """The process ends."""
        for session in list(self._sessions.values()):
            self.end_session(session, reason, now_s)
