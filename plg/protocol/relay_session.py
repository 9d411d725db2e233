"""The relay's end of a session (SPEC sections 5 and 6).

`open` and `seal_payload` are the packet path and return at once; everything rarer goes through events and
`datagrams_to_send()`. Return addresses are learnt from authentic packets only, and a new one is proved before the old is let go.
"""

from plg.protocol.constants import HANDSHAKE_NONCE_LENGTH, NONCE_LENGTH
from plg.protocol.destination import Address
from plg.protocol.errors import CloseReason, DropReason, FlowDenial, WelcomeStatus
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
from plg.protocol.frames import (
    Close,
    Drain,
    FlowClose,
    FlowDeny,
    FlowOk,
    FlowOpen,
    Fragment,
    Frame,
    OverCap,
    PathChallenge,
    PathChoice,
    PathResponse,
    Payload,
    Ping,
    Pong,
    Repeat,
    Stats,
    TicketAccepted,
    TicketRenewal,
    read_frames,
    read_repeat,
)
from plg.protocol.handshake import Hello, Welcome, seal_welcome
from plg.protocol.header import expand_seq, path_byte
from plg.protocol.keys import session_keys
from plg.protocol.path_meter import clock_us
from plg.protocol.payload_sender import FLOW_BYTES, PayloadSender
from plg.protocol.reception import Reception
from plg.protocol.relay_handshake import Source
from plg.protocol.relay_paths import NOWHERE, RelayPaths, ReturnPath, Trial, count_try
from plg.protocol.relay_redundancy import RelayRedundancy
from plg.protocol.session_core import Channel, Entropy, SessionCore
from plg.protocol.ticket import ExitTicket

HANDLED = b""
"""What `open` returns for control: nothing is left to forward."""

_SINGLE_COPY = 1.0


class RelaySession(SessionCore[RelayEvent]):
    """One client on this relay."""

    def __init__(self, ticket: ExitTicket, relay_id: int, boot_id: bytes, entropy: Entropy) -> None:
        super().__init__(ticket.cid, entropy, PayloadSender(_SINGLE_COPY))
        self.ticket = ticket
        self._relay_id = relay_id
        self._boot_id = boot_id
        self._channel: Channel | None = None
        self._pending: Channel | None = None
        self._pending_source: Source = NOWHERE
        self._pending_path = 0
        self._handshakes = 0
        self._hello_key: tuple[int, bytes] = (-1, b"")
        self._welcome = b""
        self.outbox: list[tuple[bytes, Source]] = []
        """Control datagrams to send; public so that the packet path may see that there are some."""
        self._paths = RelayPaths(ticket, entropy)
        self._redundancy = RelayRedundancy(self._sender)
        self.address: Source = NOWHERE
        """Where first copies of the downlink go: the primary path's address. Nowhere until the first confirmed packet."""
        self.is_redundant = False
        """Whether payloads go down by `send_payload`, copies and all, instead of `seal_payload`."""
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
        self._pending_path = hello.path
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
        if p > 31 and not self._paths.allows(p >> 5, source):
            return DropReason.FOREIGN_PATH
        body = channel.opener.open(datagram, t, p, seq32)
        if body.__class__ is not bytes:
            if body is DropReason.FORGED and self._pending is not None:
                return self._open_pending(datagram, t, p, seq32, source, now)
            if body is DropReason.DUPLICATE:
                self.reception.duplicates[p >> 3] += 1
                self._paths.by_id[p >> 5].heard_at_s = now
            return body
        self.reception.new[p >> 3] += 1
        self.heard_at_s = now
        back = self._paths.by_id[p >> 5]
        back.heard_at_s = now
        if source != back.address:
            self._source_changed(back, source, datagram, seq32, channel, now)
        return body if body[0] else self._take_control(body[1:], seq32, p, source, now)

    def _open_pending(
        self, datagram: bytes, t: int, p: int, seq32: int, source: Source, now: float
    ) -> bytes | DropReason:
        """The first packet under new keys confirms them: the client has received our WELCOME."""
        pending = self._pending
        if pending is None:
            return DropReason.NOT_ESTABLISHED
        if p > 31 and not self._paths.allows(p >> 5, source):
            return DropReason.FOREIGN_PATH
        body = pending.opener.open(datagram, t, p, seq32)
        if isinstance(body, DropReason):
            return body
        first = self._channel is None
        self._channel = pending
        self._pending = None
        self._handshakes += 1
        self._sender.restart()
        self.reception = Reception()
        self.reception.new[p >> 3] += 1
        self.heard_at_s = now
        self._paths.restart(self._pending_path, self._pending_source, now)
        self._redundancy.restart()
        self._replan(now)
        self.events.append(Confirmed(first))
        back = self._paths.by_id[p >> 5]
        back.heard_at_s = now
        if source != back.address:
            self._source_changed(back, source, datagram, seq32, pending, now)
        return body if body[0] else self._take_control(body[1:], seq32, p, source, now)

    # --- the packet path, down ---------------------------------------------------------------------------------------

    def seal_payload(self, flow: int, payload: bytes) -> bytes:
        """One datagram for a reply of at most MAX_PAYLOAD_PER_DATAGRAM bytes. Call only for a confirmed session."""
        plan = self._sender.plan
        self._sender.sent_counts[plan.primary] += 1
        return self._channel.sealer.seal(FLOW_BYTES[flow] + payload, plan.p)  # type: ignore[union-attr]  # hot path: confirmed

    def send_payload(self, flow: int, payload: bytes, now: float) -> list[tuple[int, bytes]]:
        """The same with every copy that leaves now, as (path, datagram), the first copy first."""
        return self._sender.send_payload(self._channel.sealer, flow, payload, now)  # type: ignore[union-attr]  # as above

    def send_large_payload(self, flow: int, payload: bytes, now: float) -> list[tuple[int, bytes]]:
        """A longer reply, as two fragments and their copies."""
        return [] if self._channel is None else self._send_large(self._channel, flow, payload, now)

    def address_of(self, path: int) -> Source:
        """Where a path's datagrams go."""
        return self._paths.by_id[path].address

    @property
    def next_copy_s(self) -> float | None:
        """When `late_copies` has something."""
        return self._sender.next_due_s

    def late_copies(self, now: float) -> list[tuple[int, bytes]]:
        """Copies whose delay is over, as (path, datagram)."""
        return self._sender.due(now)

    @property
    def is_confirmed(self) -> bool:
        """Whether the client has shown that it holds the keys: before that nothing may be sent down."""
        return self._channel is not None

    def trial_address(self, length: int) -> Source | None:
        """A second address for a downlink datagram of `length` bytes while the primary path has one on trial with budget left."""
        return self._paths.first.spend(length)

    # --- paths -------------------------------------------------------------------------------------------------------

    def _source_changed(
        self, back: ReturnPath, source: Source, datagram: bytes, seq32: int, channel: Channel, now: float
    ) -> None:
        """An authentic packet came from elsewhere: try that address beside the old one, never instead of it."""
        seq = expand_seq(seq32, channel.opener.top)
        trial = self._paths.try_address(back, source, len(datagram), seq, now)
        if trial is not None:
            self._challenge(channel, back, trial, now)

    def _challenge(self, channel: Channel, back: ReturnPath, trial: Trial, now: float) -> None:
        count_try(trial, now)
        datagram = self._seal_frames(channel, (PathChallenge(trial.challenge),), path_byte(back.path, 0))
        address = back.spend(len(datagram))
        if address is not None:
            self.outbox.append((datagram, address))

    def _replan(self, now: float) -> None:
        self._redundancy.plan(self._paths, now)
        self.address = self._paths.first.address
        self.is_redundant = self._redundancy.is_redundant

    # --- control -----------------------------------------------------------------------------------------------------

    def _take_control(self, body: bytes, seq32: int, p: int, source: Source, now: float) -> bytes | DropReason:
        pair = read_repeat(body)
        if pair is not None:
            delta, old_flow, old, flow, payload = pair
            if self._is_missing(self._channel, seq32, delta):
                self.events.append(PayloadRecovered(old_flow, old))
            return FLOW_BYTES[flow] + payload
        whole: bytes = HANDLED
        for number, frame in enumerate(read_frames(body)):
            if frame is None:  # the frames before it count: the owner must see what they left, so this is no drop then
                return whole if number else DropReason.MALFORMED
            whole = self._take_frame(frame, seq32, p, source, now) or whole
        return whole

    def _take_frame(self, frame: Frame, seq32: int, p: int, source: Source, now: float) -> bytes:
        """Act on one frame. Returns a whole body when a fragment completes one, else nothing."""
        channel = self._channel
        if channel is None:
            return HANDLED
        match frame:
            case Ping():
                self._answer_ping(channel, frame, p >> 5, now)
            case Payload(flow, payload):
                return FLOW_BYTES[flow] + payload if flow else HANDLED
            case Repeat(delta, flow, payload):
                if self._is_missing(channel, seq32, delta):
                    self.events.append(PayloadRecovered(flow, payload))
            case FlowOpen(flow, local_port, epoch, address, port, payload):
                order = self._handshakes << 64 | expand_seq(seq32, channel.opener.top)
                self._redundancy.flow_started(now)
                self._replan(now)
                self.events.append(FlowRequested(flow, local_port, epoch, address, port, payload, order))
            case FlowClose(flow):
                self.events.append(FlowEnded(flow))
            case Fragment():
                done = self._fragments.add(frame, now)
                if done is not None and done[0]:
                    return FLOW_BYTES[done[0]] + done[1]
            case PathResponse(data):
                if self._paths.answered(self._paths.by_id[p >> 5], data, source):
                    self._replan(now)
            case PathChallenge(data):
                self._reply(p >> 5, PathResponse(data))
            case PathChoice(primary):
                self._paths.choose_primary(primary, now)
                self._redundancy.wish(frame)
                self._replan(now)
            case Stats():
                self._redundancy.take_stats(frame, self._paths.primary, now)
                self._replan(now)
            case TicketRenewal(ticket):
                self.events.append(TicketOffered(ticket))
            case Close(reason):
                self.events.append(SessionClosed(reason))
            case _:
                pass  # frames that only relays send, and those that need no act (Egress)
        return HANDLED

    def _answer_ping(self, channel: Channel, ping: Ping, path: int, now: float) -> None:
        """PONG on the same path, with what else the client should know by now."""
        stamp = clock_us(now)
        arrived = self.reception.arrivals(path)
        sent = self._sender.sent_counts[path] + 1
        back = self._paths.by_id[path]
        back.pongs += 1
        self.reception.single[path].take(ping.ping_id)
        answer: list[Frame] = [
            Pong(ping.ping_id, ping.sent_us, stamp, stamp, arrived, sent, max(channel.opener.top, 0), back.pongs)
        ]
        over_cap = (self.over_cap_up, self.over_cap_down)
        if over_cap != self._over_cap_told:
            self._over_cap_told = over_cap
            answer.append(OverCap(*over_cap))
        self.reception.judge(channel.opener, now)
        if self._redundancy.report_is_due(path, now):
            answer.append(self.reception.stats(path, ping.sent_count, arrived, 0, self.reception.lost))
        self._reply(path, *answer)

    def _reply(self, path: int, *frames: Frame) -> None:
        """On one path; to an address on trial as far as its budget goes."""
        if self._channel is None:
            return
        datagram = self._seal_frames(self._channel, frames, path_byte(path, 0))
        back = self._paths.by_id[path]
        if back.address != NOWHERE:
            self.outbox.append((datagram, back.address))
        trial = back.spend(len(datagram))
        if trial is not None:
            self.outbox.append((datagram, trial))

    # --- what the owner says -----------------------------------------------------------------------------------------

    def accept_flow(self, flow: int, resume_token: bytes = b"") -> None:
        """The flow's destination is allowed and its socket is there."""
        self._reply(self._paths.primary, FlowOk(flow, resume_token))

    def deny_flow(self, flow: int, reason: FlowDenial) -> None:
        """The flow is not carried; UNKNOWN_FLOW asks the client to open it again."""
        self._reply(self._paths.primary, FlowDeny(flow, reason))

    def replace_ticket(self, ticket: ExitTicket) -> bool:
        """Take a newer ticket that the owner has opened. False when it is not for this session or not newer."""
        if ticket.cid != self.cid or ticket.secret != self.ticket.secret or ticket.suite != self.ticket.suite:
            return False
        if ticket.expires_at_s >= self.ticket.expires_at_s:
            self._replace_ticket(ticket)
        self._reply(self._paths.primary, TicketAccepted(self.ticket.expires_at_s))
        return True

    def _replace_ticket(self, ticket: ExitTicket) -> None:
        self.ticket = ticket
        self._paths.use_ticket(ticket)
        self.events.append(TicketReplaced(ticket))

    def announce_drain(self, seconds: int) -> None:
        self._reply(self._paths.primary, Drain(seconds))

    def close(self, reason: CloseReason) -> None:
        """Tell the client once on each path; if that is lost, its next HELLO is told the same."""
        for back in self._paths.by_id:
            if back.address != NOWHERE:
                self._reply(back.path, Close(reason))

    def datagrams_to_send(self) -> list[tuple[bytes, Source]]:
        """(datagram, address) in order; the caller sends them now."""
        out, self.outbox = self.outbox, []
        return out

    # --- time --------------------------------------------------------------------------------------------------------

    def next_timeout(self) -> float | None:
        """When `handle_timeout` wants to be called; None while no address is on trial."""
        return self._paths.next_timeout()

    def handle_timeout(self, now: float) -> None:
        """Repeat or give up a challenge; change keys when due."""
        channel = self._channel
        if channel is None:
            return
        channel.sealer.rekey_if_due(now)
        for back in self._paths.due_trials(now):
            if back.trial is not None:
                self._challenge(channel, back, back.trial, now)
