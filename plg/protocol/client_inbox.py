"""The receiving half of the client's session: what each datagram means (SPEC sections 5 and 6). `ClientSession` sends and keeps time."""

from abc import ABC, abstractmethod
from enum import Enum

from plg.protocol.client_flows import ClientFlows, FlowState
from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.client_paths import ClientPath, ClientPaths
from plg.protocol.client_redundancy import ClientRedundancy
from plg.protocol.constants import (
    DATA_OVERHEAD,
    TYPE_COOKIE,
    TYPE_DATA,
    TYPE_MASK,
    TYPE_NO_SESSION,
    TYPE_WELCOME,
    VERSION_MASK,
)
from plg.protocol.errors import DropReason, FlowDenial, WelcomeStatus
from plg.protocol.events import (
    ClientEvent,
    Established,
    FlowAccepted,
    FlowRefused,
    HandshakeRefused,
    PathUp,
    PayloadReceived,
    RelayDraining,
    SessionClosed,
    TicketRenewed,
    TransitRefused,
)
from plg.protocol.frames import (
    Close,
    Drain,
    FlowDeny,
    FlowOk,
    Fragment,
    Frame,
    OverCap,
    PathChallenge,
    PathResponse,
    Payload,
    Pong,
    Repeat,
    Stats,
    TicketAccepted,
    read_frames,
    read_repeat,
)
from plg.protocol.handshake import Welcome, build_no_session
from plg.protocol.header import DATA_HEADER, DATA_UP, parse_outer, path_byte
from plg.protocol.keys import session_keys
from plg.protocol.path_watch import Health
from plg.protocol.reception import Reception
from plg.protocol.redundancy import Redundancy
from plg.protocol.session_core import Channel, Entropy, SessionCore

_KIND = VERSION_MASK | TYPE_MASK
"""What says in the first byte that a datagram is DATA of this version; the rest of it the opener checks."""

NO_SESSION_SPACING_S = 1.0
"""NO_SESSION proves nothing: spoofed ones must not make us flood the relay with HELLO."""


class SessionState(Enum):
    IDLE = "idle"
    CONNECTING = "connecting"
    ESTABLISHED = "established"
    RECONNECTING = "reconnecting"
    REFUSED = "refused"
    CLOSED = "closed"


class ClientInbox(SessionCore[ClientEvent], ABC):
    """State of the client's end, and everything that changes it from outside."""

    def __init__(
        self, grant: ClientGrant, *, entropy: Entropy, unix_ms_offset: float, redundancy: Redundancy, now: float = 0.0
    ) -> None:
        self._redundancy = ClientRedundancy(redundancy)
        super().__init__(grant.cid, entropy, self._redundancy.sender)
        self._grant = grant
        self._state = SessionState.IDLE
        self._channel: Channel | None = None
        self._old_channel: Channel | None = None
        self._handshake = ClientHandshake(entropy, unix_ms_offset)
        self._connect_deadline_s: float | None = None
        self._boot_id: bytes | None = None
        self._pending_ticket: bytes | None = None
        self._flows = ClientFlows()
        self._ways = ClientPaths(grant.cid, entropy, unix_ms_offset, now)
        self.out: list[tuple[int, bytes]] = []
        """What `datagrams_to_send` gives; public so that the packet path may see that there is something."""
        self._heard_at_s = now
        self._no_session_at_s = float("-inf")
        self._lost_reported = False
        self.drops: dict[DropReason, int] = {}
        self.over_cap_up = self.over_cap_down = 0  # what the relay says that it dropped because of a limit
        self.welcome: Welcome | None = None
        """The relay's last answer: caps and our address as it sees it."""

    # --- what the other half does ------------------------------------------------------------------------------------

    @abstractmethod
    def _say_hello(self, now: float, path: int | None = None) -> None:
        """Begin a fresh attempt at the hand-shake with the exit, over `path` or whichever is next."""

    @abstractmethod
    def _ping(self, way: ClientPath, now: float) -> None:
        """Send PING on one path."""

    @abstractmethod
    def _replan(self) -> None:
        """Paths have changed: decide anew what goes where."""

    # --- incoming ----------------------------------------------------------------------------------------------------

    def receive_datagram(self, datagram: bytes, path: int, now: float) -> None:
        """Take one datagram that came over `path` from the address at its end. Bad bytes are counted in `drops`."""
        channel = self._channel
        way = self._ways.get(path)
        if (
            channel is not None
            and way is not None
            and len(datagram) > DATA_HEADER.size
            and datagram[0] & _KIND == DATA_UP
            and self._state is not SessionState.CLOSED
        ):
            self._receive_data(datagram, way, channel, now)
        else:
            self._receive_rarer(datagram, way, now)

    def _receive_rarer(self, datagram: bytes, way: ClientPath | None, now: float) -> None:
        outer = parse_outer(datagram)
        if isinstance(outer, DropReason):
            self._drop(outer)
        elif self._state is SessionState.CLOSED:
            self._drop(
                DropReason.NOT_ESTABLISHED
            )  # a NO_SESSION or WELCOME that comes now must not wake the session up
        elif outer.cid != self.cid:
            self._drop(DropReason.UNKNOWN_SESSION)
        elif way is None:
            self._drop(DropReason.FOREIGN_PATH)
        elif outer.kind == TYPE_DATA:
            is_early = self._channel is None and len(datagram) >= DATA_HEADER.size
            self._drop(DropReason.NOT_ESTABLISHED if is_early else DropReason.MALFORMED)
        elif outer.kind == TYPE_WELCOME:
            self._receive_welcome(datagram, way, now)
        elif outer.kind == TYPE_COOKIE:
            self._receive_cookie(datagram, way, now)
        elif outer.kind == TYPE_NO_SESSION:
            self._receive_no_session(datagram, way, now)
        else:
            self._drop(DropReason.WRONG_TYPE)

    def _drop(self, reason: DropReason) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + 1

    def _receive_data(self, datagram: bytes, way: ClientPath, channel: Channel, now: float) -> None:
        t, cid, p, seq32 = DATA_HEADER.unpack_from(datagram)
        if cid != self.cid:
            return self._drop(DropReason.UNKNOWN_SESSION)
        if p >> 5 != way.path:
            return self._drop(DropReason.FOREIGN_PATH)
        body = channel.opener.open(datagram, t, p, seq32)
        if body is DropReason.FORGED and self._old_channel is not None:
            channel = self._old_channel
            body = channel.opener.open(datagram, t, p, seq32)
        if isinstance(body, DropReason):
            if body is DropReason.DUPLICATE:  # authentic: the path lives, and another copy was faster
                self.reception.duplicates[p >> 3] += 1
                self._redundancy.received(len(datagram), is_first=False)
                self._heard(way, now)
            return self._drop(body)
        self.reception.new[p >> 3] += 1
        self._heard(way, now)
        if body[0]:
            self._redundancy.received(len(datagram), is_first=True)
            return self._deliver(body[0], body[1:])
        self._receive_control(body[1:], channel, seq32, way, now)
        return None

    def _receive_control(self, body: bytes, channel: Channel, seq32: int, way: ClientPath, now: float) -> None:
        pair = read_repeat(body)
        if pair is not None:
            delta, old_flow, old, flow, payload = pair
            self._receive_repeat(delta, old_flow, old, channel, seq32)
            self._redundancy.received(DATA_OVERHEAD + len(payload), is_first=True)
            self._deliver(flow, payload)
            return
        for frame in read_frames(body):
            if frame is None:
                self._drop(DropReason.MALFORMED)
            elif isinstance(frame, Repeat):
                self._receive_repeat(frame.delta, frame.flow, frame.payload, channel, seq32)
            else:
                self._receive_frame(frame, way, now)

    def _receive_repeat(self, delta: int, flow: int, payload: bytes, channel: Channel, seq32: int) -> None:
        self._redundancy.received(len(payload), is_first=False)
        if self._is_missing(channel, seq32, delta):
            self._deliver(flow, payload)

    def _heard(self, way: ClientPath, now: float) -> None:
        self._heard_at_s = now
        self._lost_reported = False
        was_well = way.proved and way.watch.health is Health.ALIVE
        was_dead = not way.proved or way.watch.health is Health.DEAD
        way.watch.heard(now)
        way.proved = True
        if not was_well:
            self._replan()
            if was_dead:
                self.events.append(PathUp(way.path))
        if self._state is SessionState.RECONNECTING:  # the relay is there after all: the hand-shake is not needed
            self._state = SessionState.ESTABLISHED
            self._handshake.stop()

    def _deliver(self, flow_id: int, payload: bytes) -> None:
        flow = self._flows.by_id.get(flow_id)
        if flow is None:
            self._drop(DropReason.UNKNOWN_FLOW)
        else:
            self.events.append(PayloadReceived(flow.address, payload))

    def _receive_frame(self, frame: Frame, way: ClientPath, now: float) -> None:
        match frame:
            case Pong():
                self._receive_pong(frame, way, now)
            case Payload(flow_id, payload):
                self._redundancy.received(DATA_OVERHEAD + len(payload), is_first=True)
                self._deliver(flow_id, payload)
            case Stats():
                self._redundancy.take_stats(frame, self._ways, now)
            case FlowOk(flow_id, resume_token):
                self._handshake.keep_resume_token(resume_token)
                flow = self._flows.by_id.get(flow_id)
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
                    answer = self._seal_frames(self._channel, (PathResponse(data),), path_byte(way.path, 0))
                    self.out.append((way.path, answer))
            case OverCap(up, down):
                self.over_cap_up, self.over_cap_down = up, down
            case Drain(seconds):
                self.events.append(RelayDraining(seconds))
            case TicketAccepted(expires_at_s):
                if self._pending_ticket is not None:
                    self._pending_ticket = None
                    self.events.append(TicketRenewed(expires_at_s))
            case Close(reason):
                self._channel = self._old_channel = None
                self._handshake.stop()
                self._ways.stop()
                self._state = SessionState.CLOSED
                self.events.append(SessionClosed(reason))
            case _:
                self._drop(DropReason.MALFORMED)  # a frame that only clients send

    def _receive_pong(self, pong: Pong, way: ClientPath, now: float) -> None:
        arrived = self.reception.arrivals(way.path)
        self.reception.single[way.path].take(pong.pongs)
        if way.meter.take_pong(pong, arrived, now) and way.meter.last_sample is not None:
            way.unanswered = 0
            way.watch.measured(way.meter.last_sample.rtt_us / 1e6)
            way.pong_sent_count, way.pong_arrived = pong.sent_count, arrived
            self._redundancy.take_pong(way, now)

    def _receive_denial(self, flow_id: int, reason: int) -> None:
        flow = self._flows.by_id.get(flow_id)
        if flow is None:
            return
        if reason == FlowDenial.UNKNOWN_FLOW:
            flow.state = FlowState.OPENING
        else:
            self._flows.refuse(flow)
            self.events.append(FlowRefused(flow.address, reason))

    # --- hand-shakes -------------------------------------------------------------------------------------------------

    def _receive_cookie(self, datagram: bytes, way: ClientPath, now: float) -> None:
        hello: bytes | DropReason = DropReason.NOT_ESTABLISHED
        if way.binding is not None and way.transit is not None and way.binding.is_under_way:
            hello = way.binding.receive_cookie(datagram, way.transit, now)
        elif self._handshake.path == way.path:
            hello = self._handshake.receive_cookie(datagram, self._grant, now)
        if isinstance(hello, DropReason):
            self._drop(hello)
        else:
            self.out.append((way.path, hello))

    def _receive_no_session(self, datagram: bytes, way: ClientPath, now: float) -> None:
        """From the transit, the exit behind it, or anybody: whoever it was forgot us, so introduce ourselves again."""
        if datagram != build_no_session(self.cid):
            return self._drop(DropReason.MALFORMED)
        rebinding = self._ways.rebind(way, now)
        if rebinding is not None:
            self.out.append((way.path, rebinding))
        if now - self._no_session_at_s < NO_SESSION_SPACING_S or self._channel is None:
            return None
        straight = way.binding is None  # then nobody but the exit can have said it: it is there, on this path
        if not self._handshake.is_under_way or (straight and self._handshake.path != way.path):
            self._no_session_at_s = now
            self._say_hello(now, way.path if straight else None)
        return None

    def _receive_welcome(self, datagram: bytes, way: ClientPath, now: float) -> None:
        answer: tuple[Welcome, bytes] | DropReason = DropReason.NOT_ESTABLISHED
        if way.binding is not None and way.transit is not None and way.binding.is_under_way:
            answer = way.binding.receive_welcome(datagram, way.transit)
            if not isinstance(answer, DropReason):
                return self._bound(way, answer[0], now)
        if self._handshake.is_under_way and self._handshake.path == way.path:
            answer = self._handshake.receive_welcome(datagram, self._grant)
        if isinstance(answer, DropReason):
            return self._drop(answer)
        welcome, client_nonce = answer
        self._connect_deadline_s = None
        if welcome.status is not WelcomeStatus.OK:
            self._state = SessionState.REFUSED
            self._ways.stop()
            self.events.append(HandshakeRefused(welcome.status))
            return None
        self._install(welcome, client_nonce, way, now)
        return None

    def _bound(self, way: ClientPath, welcome: Welcome, now: float) -> None:
        """A transit has answered."""
        if welcome.status is not WelcomeStatus.OK:
            self._ways.remove(way.path)
            self._replan()
            self.events.append(TransitRefused(way.path, welcome.status))
            return
        way.bound = True
        if self._channel is not None:
            self._ping(way, now)

    def _install(self, welcome: Welcome, client_nonce: bytes, way: ClientPath, now: float) -> None:
        keys = session_keys(self._grant.secret, client_nonce, welcome.relay_nonce, self._grant.relay_id)
        self._old_channel = self._channel
        self._channel = Channel(keys, self._grant.suite, self.cid, is_client=True, now=now)
        self._redundancy.restart(self.reception, self._ways)
        self.reception = Reception()
        self._ways.restart(way.path, now)
        self._replan()
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
        for bound in list(self._ways):
            if bound.bound:
                self._ping(bound, now)  # also shows the relay that we hold the keys
