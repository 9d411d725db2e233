"""The relay's decisions beside the packet path: control frames, hand-shakes, expiry, policy, drain. Sans-IO as that is."""

from collections.abc import Callable

from plg.protocol.destination import Address
from plg.protocol.errors import CloseReason, DropReason, WelcomeStatus
from plg.protocol.events import (
    Confirmed,
    FlowEnded,
    FlowRequested,
    PayloadRecovered,
    RelayEvent,
    SessionClosed,
    TicketOffered,
    TicketReplaced,
)
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, Source, TransitAccepted
from plg.protocol.relay_session import RelaySession
from plg.protocol.session_core import Entropy
from plg_relay.admission import Admission, AdmissionLimits
from plg_relay.flow_desk import FlowDesk, FlowLimits, GameSide
from plg_relay.packet_path import Arrivals, PacketPath, SendClient
from plg_relay.rules import Rules
from plg_relay.session_table import Session, SessionTable
from plg_relay.transit_desk import TransitDesk, TransitLimits


class Forwarder(PacketPath):
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
        send_client: SendClient,
        game_side: GameSide,
        entropy: Entropy,
        unix_offset_s: Callable[[], float],
        on_unknown_profile: Callable[[], None],
        now_s: float,
        transit: TransitLimits | None = None,
    ) -> None:
        """`unix_offset_s()` + monotonic seconds is Unix time by this machine; the rules correct it to the server's.

        `transit` None: no transit for anybody.
        """
        self.rules = rules
        self._machine_offset_s = unix_offset_s
        self.table = SessionTable(now_s, session_idle_s=session_idle_s, unix_offset_s=self._offset_s)
        super().__init__(self.table.by_cid, send_client)
        self._handshake = handshake
        self._entropy = entropy
        self._max_sessions = max_sessions
        self._sessions_per_address = sessions_per_address
        self._on_unknown_profile = on_unknown_profile
        self.desk = FlowDesk(flows, game_side, handshake, self.counters, self.unix_s, now_s)
        self._admission = Admission(
            admission, handshake, self.table, self.counters, self._admit, self._admit_transit, self.unix_s, now_s
        )
        self.transits = TransitDesk(transit, handshake, self.counters, send_client, self.unix_s, now_s)
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

    def _from_strangers(self, arrivals: Arrivals, now_s: float) -> None:
        for datagram, source in self.transits.path.forward(arrivals, now_s):
            self._admission.full = len(self._sessions) >= self._max_sessions
            answer = self._admission.receive(datagram, source, now_s)
            if answer is not None:
                self._send(answer, source)

    # --- control -----------------------------------------------------------------------------------------------------

    def _after_control(self, session: Session, now_s: float, *, carry: bool = True) -> None:
        """Act on what the protocol core noticed. `carry` False: payloads in control frames, and answers, are over the cap."""
        protocol = session.protocol
        while (event := protocol.next_event()) is not None and not session.closed:
            self._take_event(session, event, now_s, carry=carry)
        # Answers are downlink like any other, or a flood of PING would be answered beyond every cap.
        for datagram, address in protocol.datagrams_to_send():
            if carry and session.down.take(len(datagram), now_s):
                self._send(datagram, address)
            else:
                self.counters.drops[DropReason.RATE_CONTROL] += 1
        if protocol.next_timeout() is not None:
            self._on_trial.add(session)

    def _take_event(self, session: Session, event: RelayEvent, now_s: float, *, carry: bool) -> None:
        match event:
            case FlowRequested():
                flow = self.desk.open(session, event, self.rules, now_s)
                if flow is not None and event.payload and carry:
                    self._send_up(session, flow, event.payload, now_s)
            case PayloadRecovered(flow_id, payload):
                if carry:
                    self._recovered(session, flow_id, payload, now_s)
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
        elif accepted.resume is not None and not session.protocol.is_confirmed:
            # After a restart an old HELLO, replayed by somebody, may be the first to come: the client's own brings its ports.
            self.desk.resume(session, accepted.resume, now_s)
        # No resume token here: FLOW_OK brings a new one whenever the ports have changed.
        welcome = session.protocol.answer_hello(
            accepted.hello, accepted.ticket, source, address, b"", now_s, self.unix_s(now_s)
        )
        self._after_control(session, now_s)
        return welcome

    def _admit_transit(self, accepted: TransitAccepted, source: Source, now_s: float) -> bytes | None:
        is_exit = accepted.hello.cid in self._sessions
        return self.transits.admit(
            accepted, source, self.rules, now_s, is_exit=is_exit, draining=self._admission.draining
        )

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
        through_transit = (
            accepted.ticket.transit_of(accepted.hello.path) is not None
        )  # whose address is not the client's
        if not through_transit and self.table.of_source(source) >= self._sessions_per_address:
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
        self.transits.expire(now_s)
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
        self.transits.apply_rules(rules)

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
        self.transits.end_all()
