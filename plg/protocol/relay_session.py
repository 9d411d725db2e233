"""The relay's end of a session (SPEC sections 5 and 6).

`open` and `seal_payload` are the packet path and return at once; everything rarer goes through events and
`datagrams_to_send()`. Return addresses are learnt from authentic packets only, and a new one is proved before the old is let go.
"""

from dataclasses import dataclass

from plg.protocol.constants import (
    HANDSHAKE_NONCE_LENGTH,
    NONCE_LENGTH,
    PATH_VALIDATION_S,
    PATH_VALIDATION_TRIES,
    UNVALIDATED_FACTOR,
)
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
from plg.protocol.frames import (
    Close,
    Drain,
    Egress,
    FlowClose,
    FlowDeny,
    FlowOk,
    FlowOpen,
    Fragment,
    Frame,
    OverCap,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Stats,
    TicketAccepted,
    TicketRenewal,
    read_frames,
)
from plg.protocol.handshake import Hello, Welcome, seal_welcome
from plg.protocol.header import expand_seq
from plg.protocol.keys import session_keys
from plg.protocol.path_meter import clock_us
from plg.protocol.relay_handshake import Source
from plg.protocol.session_core import FLOW_BYTES, Channel, Entropy, SessionCore
from plg.protocol.ticket import ExitTicket

HANDLED = b""
"""What `open` returns for control: nothing is left to forward."""


@dataclass(slots=True)
class _Validation:
    """A new return address on trial: it gets copies of the downlink, at most three bytes for each byte it sent."""

    address: Source
    challenge: bytes
    next_try_at_s: float
    tries: int
    budget_bytes: int


class RelaySession(SessionCore[RelayEvent]):
    """One client on this relay."""

    def __init__(self, ticket: ExitTicket, relay_id: int, boot_id: bytes, entropy: Entropy) -> None:
        super().__init__(ticket.cid, entropy)
        self.ticket = ticket
        self._relay_id = relay_id
        self._boot_id = boot_id
        self._channel: Channel | None = None
        self._pending: Channel | None = None
        self._pending_source: Source = ("", 0)
        self._handshakes = 0
        self._hello_key: tuple[int, bytes] = (-1, b"")
        self._welcome = b""
        self._out: list[tuple[bytes, Source]] = []
        self._validation: _Validation | None = None
        self.address: Source = ("", 0)
        """Where the downlink goes. Empty until the first confirmed packet."""
        self.heard_at_s = 0.0
        self.over_cap_up = 0
        self.over_cap_down = 0
        """Datagrams that the owner dropped because of a limit; the client hears of them with the next PONG."""
        self._over_cap_told = (0, 0)

    # --- hand-shake --------------------------------------------------------------------------------------------------

    def answer_hello(
        self,
        hello: Hello,
        ticket: ExitTicket,
        source: Source,
        address: Address,
        resume_token: bytes,
        now: float,
        unix_s: float,
    ) -> bytes:
        """WELCOME for a genuine HELLO: the keys in it wait until the client uses them; a repeated HELLO gets the same bytes.

        From another address it does not, or whoever sends the first HELLO in a victim's name and the second in his own could
        confirm keys that count as proof that the victim wants our downlink.
        """
        key = (hello.hello_ts_ms, hello.client_nonce)
        if key == self._hello_key and (self._pending is None or source == self._pending_source):
            return self._welcome
        relay_nonce = self._entropy(HANDSHAKE_NONCE_LENGTH)
        caps = ticket.caps
        welcome = Welcome(
            WelcomeStatus.OK,
            relay_nonce,
            int(unix_s * 1000),
            self._boot_id,
            address,
            source[1],
            caps.packets_per_second,
            caps.kbit_per_second_up,
            caps.kbit_per_second_down,
            caps.flows,
            caps.local_ports,
            resume_token,
        )
        keys = session_keys(ticket.secret, hello.client_nonce, relay_nonce, self._relay_id)
        self._pending = Channel(keys, ticket.suite, self.cid, is_client=False, now=now)
        self._pending_source = source
        self._hello_key = key
        if ticket.expires_at_s > self.ticket.expires_at_s:
            self._replace_ticket(ticket)
        if self._channel is None:
            self.heard_at_s = now
        self._welcome = seal_welcome(
            welcome, self.cid, hello.path, ticket.secret, hello.client_nonce, self._entropy(NONCE_LENGTH)
        )
        return self._welcome

    # --- the packet path, up -----------------------------------------------------------------------------------------

    def open(self, datagram: bytes, t: int, p: int, seq32: int, source: Source, now: float) -> bytes | DropReason:
        """One DATA datagram: its body (flow id, then the game's payload), HANDLED for control, or why it is dropped."""
        channel = self._channel
        if channel is None:
            return self._open_pending(datagram, t, p, seq32, source, now)
        body = channel.opener.open(datagram, t, p, seq32)
        if body.__class__ is not bytes:
            if body is DropReason.FORGED and self._pending is not None:
                return self._open_pending(datagram, t, p, seq32, source, now)
            if body is DropReason.DUPLICATE:
                self.duplicate_counts[p >> 5] += 1
            return body
        if p > 31 and p >> 5 >= self.ticket.max_paths:
            return DropReason.FOREIGN_PATH
        self.received_counts[p >> 5] += 1
        self.heard_at_s = now
        if source != self.address and seq32 == channel.opener.top & 0xFFFF_FFFF:
            self._source_changed(source, len(datagram), channel, now)
        return body if body[0] else self._take_control(body[1:], seq32, source, now)

    def _open_pending(
        self, datagram: bytes, t: int, p: int, seq32: int, source: Source, now: float
    ) -> bytes | DropReason:
        """The first packet under new keys confirms them: the client has received our WELCOME."""
        pending = self._pending
        if pending is None:
            return DropReason.NOT_ESTABLISHED
        body = pending.opener.open(datagram, t, p, seq32)
        if isinstance(body, DropReason):
            return body
        first = self._channel is None
        self._channel = pending
        self._pending = None
        self._validation = None
        self._handshakes += 1
        self._restart_counts()
        self.received_counts[p >> 5] += 1
        self.heard_at_s = now
        self.address = self._pending_source
        self.events.append(Confirmed(first))
        if source != self.address:
            self._source_changed(source, len(datagram), pending, now)
        return body if body[0] else self._take_control(body[1:], seq32, source, now)

    # --- the packet path, down ---------------------------------------------------------------------------------------

    def seal_payload(self, flow: int, payload: bytes) -> bytes:
        """One datagram for a reply of at most MAX_PAYLOAD_PER_DATAGRAM bytes. Call only for a confirmed session."""
        self.sent_counts[0] += 1
        return self._channel.sealer.seal(FLOW_BYTES[flow] + payload)  # type: ignore[union-attr]  # hot path: confirmed

    def seal_large_payload(self, flow: int, payload: bytes) -> list[bytes]:
        """The two datagrams of a longer reply."""
        if self._channel is None:
            return []
        return self._seal_large(self._channel, flow, payload, 0)

    @property
    def is_confirmed(self) -> bool:
        """Whether the client has shown that it holds the keys: before that nothing may be sent down."""
        return self._channel is not None

    def trial_address(self, length: int) -> Source | None:
        """A second address for a downlink datagram of `length` bytes while a new one is on trial and has budget left."""
        trial = self._validation
        if trial is None or trial.budget_bytes < length:
            return None
        trial.budget_bytes -= length
        return trial.address

    # --- roaming (as RFC 9000, section 9) ----------------------------------------------------------------------------

    def _source_changed(self, source: Source, length: int, channel: Channel, now: float) -> None:
        """The newest authentic packet came from elsewhere: try that address beside the old one, never instead of it."""
        trial = self._validation
        if trial is None:
            trial = _Validation(source, self._entropy(8), now, 0, UNVALIDATED_FACTOR * length)
            self._validation = trial
            self._challenge(channel, trial, now)
        elif trial.address == source:
            trial.budget_bytes += UNVALIDATED_FACTOR * length

    def _challenge(self, channel: Channel, trial: _Validation, now: float) -> None:
        trial.tries += 1
        trial.next_try_at_s = now + PATH_VALIDATION_S / PATH_VALIDATION_TRIES
        datagram = self._seal_frames(channel, (PathChallenge(trial.challenge),), 0)
        if trial.budget_bytes >= len(datagram):
            trial.budget_bytes -= len(datagram)
            self._out.append((datagram, trial.address))

    # --- control -----------------------------------------------------------------------------------------------------

    def _take_control(self, body: bytes, seq32: int, source: Source, now: float) -> bytes | DropReason:
        whole: bytes = HANDLED
        for number, frame in enumerate(read_frames(body)):
            if frame is None:  # the frames before it count: the owner must see what they left, so this is no drop then
                return whole if number else DropReason.MALFORMED
            whole = self._take_frame(frame, seq32, source, now) or whole
        return whole

    def _take_frame(self, frame: Frame, seq32: int, source: Source, now: float) -> bytes:
        """Act on one frame. Returns a whole body when a fragment completes one, else nothing."""
        channel = self._channel
        if channel is None:
            return HANDLED
        match frame:
            case Ping(ping_id, sent_us, _):
                stamp = clock_us(now)
                pong = Pong(
                    ping_id,
                    sent_us,
                    stamp,
                    stamp,
                    self.received_counts[0],
                    self.sent_counts[0] + 1,
                    max(channel.opener.top, 0),
                )
                over_cap = (self.over_cap_up, self.over_cap_down)
                if over_cap == self._over_cap_told:
                    self._reply(pong)
                else:
                    self._over_cap_told = over_cap
                    self._reply(pong, OverCap(*over_cap))
            case FlowOpen(flow, local_port, epoch, address, port, payload):
                order = self._handshakes << 64 | expand_seq(seq32, channel.opener.top)
                self.events.append(FlowRequested(flow, local_port, epoch, address, port, payload, order))
            case FlowClose(flow):
                self.events.append(FlowEnded(flow))
            case Fragment():
                done = self._fragments.add(frame, now)
                if done is not None and done[0]:
                    return FLOW_BYTES[done[0]] + done[1]
            case PathResponse(data):
                trial = self._validation
                if trial is not None and data == trial.challenge and source == trial.address:
                    self.address = trial.address
                    self._validation = None
            case PathChallenge(data):
                self._reply(PathResponse(data))
            case TicketRenewal(ticket):
                self.events.append(TicketOffered(ticket))
            case Close(reason):
                self.events.append(SessionClosed(reason))
            case Stats() | Egress():
                pass  # for the redundancy and exit choice of several paths
            case _:
                pass  # frames that only relays send
        return HANDLED

    def _reply(self, *frames: Frame) -> None:
        if self._channel is None:
            return
        datagram = self._seal_frames(self._channel, frames, 0)
        self._out.append((datagram, self.address))
        trial = self.trial_address(len(datagram))
        if trial is not None:
            self._out.append((datagram, trial))

    # --- what the owner says -----------------------------------------------------------------------------------------

    def accept_flow(self, flow: int, resume_token: bytes = b"") -> None:
        """The flow's destination is allowed and its socket is there."""
        self._reply(FlowOk(flow, resume_token))

    def deny_flow(self, flow: int, reason: FlowDenial) -> None:
        """The flow is not carried; UNKNOWN_FLOW asks the client to open it again."""
        self._reply(FlowDeny(flow, reason))

    def replace_ticket(self, ticket: ExitTicket) -> bool:
        """Take a newer ticket that the owner has opened. False when it is not for this session or not newer."""
        if ticket.cid != self.cid or ticket.secret != self.ticket.secret or ticket.suite != self.ticket.suite:
            return False
        if ticket.expires_at_s >= self.ticket.expires_at_s:
            self._replace_ticket(ticket)
        self._reply(TicketAccepted(self.ticket.expires_at_s))
        return True

    def _replace_ticket(self, ticket: ExitTicket) -> None:
        self.ticket = ticket
        self.events.append(TicketReplaced(ticket))

    def announce_drain(self, seconds: int) -> None:
        self._reply(Drain(seconds))

    def close(self, reason: CloseReason) -> None:
        """Tell the client once; if that is lost, its next HELLO is told the same."""
        self._reply(Close(reason))

    def datagrams_to_send(self) -> list[tuple[bytes, Source]]:
        """(datagram, address) in order; the caller sends them now."""
        out, self._out = self._out, []
        return out

    # --- time --------------------------------------------------------------------------------------------------------

    def next_timeout(self) -> float | None:
        """When `handle_timeout` wants to be called; None while no address is on trial."""
        return None if self._validation is None else self._validation.next_try_at_s

    def handle_timeout(self, now: float) -> None:
        """Repeat or give up a challenge; change keys when due."""
        channel = self._channel
        if channel is None:
            return
        channel.sealer.rekey_if_due(now)
        trial = self._validation
        if trial is not None and now >= trial.next_try_at_s:
            if trial.tries >= PATH_VALIDATION_TRIES:
                self._validation = None
            else:
                self._challenge(channel, trial, now)
