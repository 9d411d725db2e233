"""The client's end of a session (SPEC sections 5 and 6). Verbs as in every sans-IO core: bytes and `now` in, bytes and events out.

The owner feeds `receive_datagram`, `send_payload` and `handle_timeout`, and after each call sends `datagrams_to_send()`,
drains `next_event()` and arms one timer for `next_timeout()`.
"""

from enum import Enum
from ipaddress import ip_address

from plg.protocol.client_flows import ClientFlow, ClientFlows, FlowState
from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.constants import (
    ACTIVE_FOR_S,
    CLOSE_REPEATS,
    CLOSE_SPACING_S,
    HANDSHAKE_TIMEOUT_S,
    LOST_AFTER_S,
    MAX_PAYLOAD,
    MAX_PAYLOAD_PER_DATAGRAM,
    PING_INTERVAL_ACTIVE_S,
    PING_INTERVAL_IDLE_S,
    SUSPECT_AFTER_S,
    SUSPECT_IDLE_AFTER_S,
    TYPE_COOKIE,
    TYPE_DATA,
    TYPE_NO_SESSION,
    TYPE_WELCOME,
)
from plg.protocol.errors import CloseReason, DropReason, FlowDenial, WelcomeStatus
from plg.protocol.events import (
    ClientEvent,
    Established,
    FlowAccepted,
    FlowAddress,
    FlowRefused,
    HandshakeRefused,
    HandshakeTimedOut,
    PayloadReceived,
    RelayDraining,
    RelayLost,
    RelaySilent,
    SessionClosed,
    TicketRenewed,
)
from plg.protocol.frames import (
    Close,
    Drain,
    FlowDeny,
    FlowOk,
    FlowOpen,
    Fragment,
    Frame,
    OverCap,
    PathChallenge,
    PathResponse,
    Pong,
    TicketAccepted,
    TicketRenewal,
    read_frames,
)
from plg.protocol.handshake import Welcome, build_no_session
from plg.protocol.header import DATA_HEADER, parse_outer, path_byte
from plg.protocol.keys import session_keys
from plg.protocol.path_meter import PathMeter, PathNumbers
from plg.protocol.session_core import FLOW_BYTES, Channel, Entropy, SessionCore

_FLOW_OPEN_OVERHEAD = 3 + 6 + 16 + 2  # frame head, fixed part, IPv6 address, port
_NO_SESSION_SPACING_S = 1.0  # NO_SESSION proves nothing: spoofed ones must not make us flood the relay with HELLO


class SessionState(Enum):
    IDLE = "idle"
    CONNECTING = "connecting"
    ESTABLISHED = "established"
    RECONNECTING = "reconnecting"
    REFUSED = "refused"
    CLOSED = "closed"


class ClientSession(SessionCore[ClientEvent]):
    """One session with one exit relay."""

    def __init__(self, grant: ClientGrant, *, entropy: Entropy, unix_ms_offset: float) -> None:
        """`unix_ms_offset` + now * 1000 is the server's clock in Unix milliseconds, as learnt from its API."""
        super().__init__(grant.cid, entropy)
        self._grant = grant
        self._state = SessionState.IDLE
        self._channel: Channel | None = None
        self._old_channel: Channel | None = None
        self._handshake = ClientHandshake(entropy, unix_ms_offset)
        self._connect_deadline_s: float | None = None
        self._boot_id: bytes | None = None
        self._pending_ticket: bytes | None = None
        self._flows = ClientFlows()
        self._meter = PathMeter()
        self._out: list[tuple[int, bytes]] = []
        self._heard_at_s = 0.0
        self._payload_at_s = float("-inf")
        self._next_ping_at_s: float | None = None
        self._no_session_at_s = float("-inf")
        self._lost_reported = False
        self._closes: list[float] = []
        self._close_reason = CloseReason.USER
        self.drops: dict[DropReason, int] = {}
        self.over_cap_up = self.over_cap_down = 0  # what the relay says that it dropped because of a limit
        self.welcome: Welcome | None = None
        """The relay's last answer: caps and our address as it sees it."""

    # --- what the owner reads ----------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        return self._state

    def numbers(self, now: float) -> PathNumbers:
        """Live figures of path 0."""
        return self._meter.numbers(now)

    def datagrams_to_send(self) -> list[tuple[int, bytes]]:
        """(path, datagram) in order; the caller sends them now."""
        out, self._out = self._out, []
        return out

    def next_timeout(self) -> float | None:
        """When `handle_timeout` wants to be called, or None."""
        if self._closes:
            return self._closes[0]
        candidates = (self._handshake.next_timeout, self._connect_deadline_s, self._next_ping_at_s)
        moments = [moment for moment in candidates if moment is not None]
        return min(moments, default=None)

    # --- what the owner asks -----------------------------------------------------------------------------------------

    def connect(self, now: float) -> None:
        """Begin the first hand-shake."""
        self._state = SessionState.CONNECTING
        self._connect_deadline_s = now + HANDSHAKE_TIMEOUT_S
        self._say_hello(now)

    def send_payload(self, flow_address: FlowAddress, payload: bytes, now: float) -> bool:
        """Carry one game datagram. False when it must go direct: no session, a refused flow, or a payload too long."""
        channel = self._channel
        if channel is None or len(payload) > MAX_PAYLOAD or self._closes:
            return False
        flow = self._flows.get(flow_address, now)
        if flow.flow_id is None:
            return False
        self._payload_at_s = now
        if flow.state is FlowState.OPENING:
            payload = self._open_flow(channel, flow, payload)
            if not payload:
                return True
        if len(payload) > MAX_PAYLOAD_PER_DATAGRAM:
            self._out.extend((0, datagram) for datagram in self._seal_large(channel, flow.flow_id, payload, 0))
        else:
            self.sent_counts[0] += 1
            self._out.append((0, channel.sealer.seal(FLOW_BYTES[flow.flow_id] + payload)))
        return True

    def renew_ticket(self, ticket: bytes, now: float) -> None:
        """Use a newer ticket of the same session; repeated to the relay until it says that it took it."""
        self._grant = ClientGrant(self.cid, self._grant.secret, ticket, self._grant.relay_id, self._grant.suite)
        self._pending_ticket = ticket
        self._flows.forget_refusals()
        self._ping(now)

    def close(self, now: float, reason: CloseReason = CloseReason.USER) -> None:
        """Say CLOSE three times, 20 ms apart; the owner keeps calling `handle_timeout` until `next_timeout()` is None."""
        self._handshake.stop()
        self._connect_deadline_s = None
        self._next_ping_at_s = None
        self._state = SessionState.CLOSED
        if self._channel is not None and not self._closes:
            self._close_reason = reason
            self._closes = [now + i * CLOSE_SPACING_S for i in range(CLOSE_REPEATS)]
            self._say_close(now)

    # --- time --------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> None:
        """Do what is due: HELLO again, PING, notice silence, change keys, forget idle flows."""
        if self._closes:
            self._say_close(now)
            return
        if self._connect_deadline_s is not None and now >= self._connect_deadline_s:
            self._connect_deadline_s = None
            self._handshake.stop()
            self._state = SessionState.REFUSED
            self.events.append(HandshakeTimedOut())
            return
        if self._next_ping_at_s is not None and now >= self._next_ping_at_s:
            self._notice_silence(now)
            self._ping(now)
            self._flows.expire(now)
            if self._channel is not None:
                self._channel.sealer.rekey_if_due(now)
        hello = self._handshake.repeat(self._grant, now)
        if hello is not None:
            self._out.append((0, hello))

    def _notice_silence(self, now: float) -> None:
        silence = now - self._heard_at_s
        limit = SUSPECT_AFTER_S if self._is_active(now) else SUSPECT_IDLE_AFTER_S
        if silence > limit and not self._handshake.is_under_way and self._state is SessionState.ESTABLISHED:
            self._state = SessionState.RECONNECTING
            self.events.append(RelaySilent())
            self._say_hello(now)
        if silence > LOST_AFTER_S and not self._lost_reported and self._state is SessionState.RECONNECTING:
            self._lost_reported = True
            self.events.append(RelayLost())

    def _is_active(self, now: float) -> bool:
        return now - self._payload_at_s < ACTIVE_FOR_S

    # --- outgoing ----------------------------------------------------------------------------------------------------

    def _say_hello(self, now: float) -> None:
        """Begin a fresh attempt at the hand-shake."""
        self._out.append((0, self._handshake.start(self._grant, now)))

    def _ping(self, now: float) -> None:
        if self._channel is None:
            return
        frames: tuple[Frame, ...] = (self._meter.make_ping(self.sent_counts[0] + 1, now),)
        if self._pending_ticket is not None:
            frames += (TicketRenewal(self._pending_ticket),)
        self._out.append((0, self._seal_frames(self._channel, frames, 0)))
        self._next_ping_at_s = now + (PING_INTERVAL_ACTIVE_S if self._is_active(now) else PING_INTERVAL_IDLE_S)

    def _open_flow(self, channel: Channel, flow: ClientFlow, payload: bytes) -> bytes:
        """Say FLOW_OPEN with the payload inside; returns what did not fit (the whole payload) or nothing."""
        local_port, address, port = flow.address
        fits = len(payload) + _FLOW_OPEN_OVERHEAD <= MAX_PAYLOAD_PER_DATAGRAM
        frame = FlowOpen(flow.flow_id or 0, local_port, 0, ip_address(address), port, payload if fits else b"")
        self._out.append((0, self._seal_frames(channel, (frame,), 0)))
        return b"" if fits else payload

    def _say_close(self, now: float) -> None:
        while self._closes and now >= self._closes[0] and self._channel is not None:
            self._closes.pop(0)
            self._out.append((0, self._seal_frames(self._channel, (Close(self._close_reason),), 0)))
        if not self._closes:
            self._channel = self._old_channel = None

    # --- incoming ----------------------------------------------------------------------------------------------------

    def receive_datagram(self, datagram: bytes, path: int, now: float) -> None:
        """Take one datagram that came from the relay's address over `path`. Bad bytes are counted in `drops`."""
        outer = parse_outer(datagram)
        if isinstance(outer, DropReason):
            self._drop(outer)
        elif outer.cid != self.cid:
            self._drop(DropReason.UNKNOWN_SESSION)
        elif outer.kind == TYPE_DATA:
            self._receive_data(datagram, path, now)
        elif outer.kind == TYPE_WELCOME:
            self._receive_welcome(datagram, now)
        elif outer.kind == TYPE_COOKIE:
            self._receive_cookie(datagram, now)
        elif outer.kind == TYPE_NO_SESSION:
            self._receive_no_session(datagram, now)
        else:
            self._drop(DropReason.WRONG_TYPE)

    def _drop(self, reason: DropReason) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + 1

    def _receive_data(self, datagram: bytes, path: int, now: float) -> None:
        if len(datagram) < DATA_HEADER.size:
            return self._drop(DropReason.MALFORMED)
        t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
        if self._channel is None:
            return self._drop(DropReason.NOT_ESTABLISHED)
        body = self._channel.opener.open(datagram, t, p, seq32)
        if body is DropReason.FORGED and self._old_channel is not None:
            body = self._old_channel.opener.open(datagram, t, p, seq32)
        if isinstance(body, DropReason):
            if body is DropReason.DUPLICATE:
                self.duplicate_counts[p >> 5] += 1
            return self._drop(body)
        self.received_counts[p >> 5] += 1
        self._heard(now)
        if body[0]:
            return self._deliver(body[0], body[1:])
        for frame in read_frames(body[1:]):
            if frame is None:
                self._drop(DropReason.MALFORMED)
            else:
                self._receive_frame(frame, path, now)
        return None

    def _heard(self, now: float) -> None:
        self._heard_at_s = now
        self._lost_reported = False
        if self._state is SessionState.RECONNECTING:  # the relay is there after all: the hand-shake is not needed
            self._state = SessionState.ESTABLISHED
            self._handshake.stop()

    def _deliver(self, flow_id: int, payload: bytes) -> None:
        flow = self._flows.by_id(flow_id)
        if flow is None:
            self._drop(DropReason.UNKNOWN_FLOW)
        else:
            self.events.append(PayloadReceived(flow.address, payload))

    def _receive_frame(self, frame: Frame, path: int, now: float) -> None:
        match frame:
            case Pong():
                self._meter.take_pong(frame, self.received_counts[0], now)
            case FlowOk(flow_id, resume_token):
                self._handshake.keep_resume_token(resume_token)
                flow = self._flows.by_id(flow_id)
                if flow is not None and flow.state is FlowState.OPENING:
                    flow.state = FlowState.OPEN
                    self.events.append(FlowAccepted(flow.address))
            case FlowDeny(flow_id, reason):
                self._receive_denial(flow_id, reason)
            case Fragment():
                whole = self._fragments.add(frame, now)
                if whole is not None:
                    self._deliver(*whole)
            case PathChallenge(data):
                if self._channel is not None:
                    self._out.append(
                        (path, self._seal_frames(self._channel, (PathResponse(data),), path_byte(path, 0)))
                    )
            case OverCap(up, down):
                self.over_cap_up, self.over_cap_down = up, down
            case Drain(seconds):
                self.events.append(RelayDraining(seconds))
            case TicketAccepted(expires_at_s):
                if self._pending_ticket is not None:
                    self._pending_ticket = None
                    self.events.append(TicketRenewed(expires_at_s))
            case Close(reason):
                self._channel = self._old_channel = self._next_ping_at_s = None
                self._handshake.stop()
                self._state = SessionState.CLOSED
                self.events.append(SessionClosed(reason))
            case _:
                self._drop(DropReason.MALFORMED)  # a frame that only clients send

    def _receive_denial(self, flow_id: int, reason: int) -> None:
        flow = self._flows.by_id(flow_id)
        if flow is None:
            return
        if reason == FlowDenial.UNKNOWN_FLOW:
            flow.state = FlowState.OPENING
        else:
            self._flows.refuse(flow)
            self.events.append(FlowRefused(flow.address, reason))

    def _receive_cookie(self, datagram: bytes, now: float) -> None:
        hello = self._handshake.receive_cookie(datagram, self._grant, now)
        if isinstance(hello, DropReason):
            self._drop(hello)
        else:
            self._out.append((0, hello))

    def _receive_no_session(self, datagram: bytes, now: float) -> None:
        if datagram != build_no_session(self.cid):
            return self._drop(DropReason.MALFORMED)
        spaced = now - self._no_session_at_s >= _NO_SESSION_SPACING_S
        if self._state is SessionState.ESTABLISHED and not self._handshake.is_under_way and spaced:
            self._no_session_at_s = now
            self._say_hello(now)
        return None

    def _receive_welcome(self, datagram: bytes, now: float) -> None:
        answer = self._handshake.receive_welcome(datagram, self._grant)
        if isinstance(answer, DropReason):
            return self._drop(answer)
        welcome, client_nonce = answer
        self._connect_deadline_s = None
        if welcome.status is not WelcomeStatus.OK:
            self._state = SessionState.REFUSED
            self._next_ping_at_s = None
            self.events.append(HandshakeRefused(welcome.status))
            return None
        self._install(welcome, client_nonce, now)
        return None

    def _install(self, welcome: Welcome, client_nonce: bytes, now: float) -> None:
        keys = session_keys(self._grant.secret, client_nonce, welcome.relay_nonce, self._grant.relay_id)
        self._old_channel = self._channel
        self._channel = Channel(keys, self._grant.suite, self.cid, is_client=True, now=now)
        self._restart_counts()
        self._meter.reset()
        resumed = welcome.boot_id == self._boot_id
        if not resumed:
            self._flows.reopen_all()
        self._boot_id = welcome.boot_id
        self._flows.max_flows, self._flows.max_local_ports = welcome.flows, welcome.local_ports
        self._handshake.keep_resume_token(welcome.resume_token)
        self.welcome = welcome
        self._state = SessionState.ESTABLISHED
        self._lost_reported = False
        self._heard_at_s = now
        self.events.append(Established(resumed, str(welcome.observed_address), welcome.observed_port))
        self._ping(now)  # also shows the relay that we hold the keys
