"""The client's end of a session (SPEC sections 5 and 6). Verbs as in every sans-IO core: bytes and `now` in, bytes and events out.

The owner feeds `receive_datagram`, `send_payload` and `handle_timeout`, and after each call sends `datagrams_to_send()`,
drains `next_event()` and arms one timer for `next_timeout()`.
"""

from ipaddress import ip_address

from plg.protocol.client_flows import ClientFlow, FlowState
from plg.protocol.client_handshake import ClientGrant, HelloPace
from plg.protocol.client_inbox import ClientInbox, SessionState
from plg.protocol.client_paths import ClientPath, PathState, TransitPass
from plg.protocol.client_redundancy import RedundancyFigures
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
)
from plg.protocol.errors import CloseReason
from plg.protocol.events import FlowAddress, HandshakeTimedOut, PathDown, PrimaryChanged, RelayLost, RelaySilent
from plg.protocol.frames import Close, FlowOpen, Frame, TicketRenewal
from plg.protocol.header import path_byte
from plg.protocol.path_meter import PathNumbers
from plg.protocol.path_watch import Health
from plg.protocol.redundancy import Redundancy
from plg.protocol.session_core import Channel, Entropy

__all__ = ["ClientSession", "PathState", "SessionState", "TransitPass"]

_FLOW_OPEN_OVERHEAD = 3 + 6 + 16 + 2  # frame head, fixed part, IPv6 address, port
_SINGLE_COPY = Redundancy()
EAGER_RETRY_S = 0.1
EAGER_ATTEMPT_S = 0.5
EAGER_FOR_S = 10.0
"""Implementation. In play a relay that has restarted must be met at once: ten HELLOs a second, for as long as a match may survive."""


class ClientSession(ClientInbox):
    """One session with one exit relay, over one or more paths."""

    def __init__(
        self,
        grant: ClientGrant,
        *,
        entropy: Entropy,
        unix_ms_offset: float,
        redundancy: Redundancy = _SINGLE_COPY,
        idle_ping_interval_s: float = PING_INTERVAL_IDLE_S,
        egress_epoch: int = 0,
    ) -> None:
        """`unix_ms_offset` + now * 1000 is the server's clock in Unix milliseconds, as learnt from its API.

        `egress_epoch` counts the exits that the flows have had before this one.
        """
        super().__init__(grant, entropy=entropy, unix_ms_offset=unix_ms_offset, redundancy=redundancy)
        self._idle_ping_interval_s = idle_ping_interval_s
        self._egress_epoch = egress_epoch
        self._payload_at_s = float("-inf")
        self._closes: list[float] = []
        self._close_reason = CloseReason.USER
        self._hello_turn = 0
        self.sooner_s: float | None = None
        """A moment that the last `send_payload` has set and that may come before any other; None when it has set none."""

    # --- what the owner reads ----------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        return self._state

    @property
    def paths(self) -> dict[int, PathState]:
        """Every path and how it is."""
        return {way.path: way.state for way in self._ways}

    @property
    def primary_path(self) -> int:
        """The path of first copies."""
        return self._ways.primary

    @property
    def redundancy_figures(self) -> RedundancyFigures:
        """What copies cost and bought so far."""
        return self._redundancy.figures(self.reception, self._ways)

    def numbers(self, now: float, path: int | None = None) -> PathNumbers:
        """Live figures of one path; of the primary by default."""
        way = self._ways.get(self._ways.primary if path is None else path)
        return PathNumbers() if way is None else way.meter.numbers(now)

    def way(self, path: int) -> ClientPath | None:
        """The inside of one path, to be looked at only."""
        return self._ways.get(path)

    def silent_for_s(self, now: float) -> float:
        """Since anything authentic came, over any path."""
        return now - self._heard_at_s

    def datagrams_to_send(self) -> list[tuple[int, bytes]]:
        """(path, datagram) in order; the caller sends them now."""
        out, self.out = self.out, []
        return out

    def next_timeout(self) -> float | None:
        """When `handle_timeout` wants to be called, or None."""
        if self._closes:
            return self._closes[0]
        candidates = (
            self._handshake.next_timeout,
            self._connect_deadline_s,
            self._ways.next_timeout(),
            self._sender.next_due_s,
        )
        moments = [moment for moment in candidates if moment is not None]
        return min(moments, default=None)

    # --- what the owner asks -----------------------------------------------------------------------------------------

    def connect(self, now: float) -> None:
        """Begin the first hand-shake."""
        self._state = SessionState.CONNECTING
        self._connect_deadline_s = now + HANDSHAKE_TIMEOUT_S
        self._say_hello(now)

    def add_path(self, path: int, transit: TransitPass | None, now: float) -> None:
        """A further path (1 to 7), through a transit relay or (None) another local interface; or a newer pass for a bound one."""
        hello = self._ways.add(path, transit, now)
        if hello is not None:
            self.out.append((path, hello))
        way = self._ways.get(path)
        if way is not None and way.bound and self._channel is not None:
            self._ping(way, now)
        self._replan()

    def remove_path(self, path: int, now: float) -> None:
        """Use a path no more; path 0 stays."""
        was_primary = self._ways.primary
        self._ways.remove(path)
        self._replan()
        if self._ways.primary != was_primary:
            self._primary_moved(now)

    def replace_redundancy(self, redundancy: Redundancy) -> None:
        """Another mode or byte bound from now on."""
        self._redundancy.replace(redundancy)
        self._replan()

    def send_payload(self, flow_address: FlowAddress, payload: bytes, now: float) -> bool:
        """Carry one game datagram. False when it must go direct: no session, a refused flow, or a payload too long."""
        channel = self._channel
        if channel is None or len(payload) > MAX_PAYLOAD or self._closes:
            return False
        flow = self._flows.by_address.get(flow_address)
        if flow is None:
            flow = self._begin_flow(flow_address, now)
        flow.used_at_s = now
        if flow.flow_id is None:
            return False
        was_idle = now - self._payload_at_s >= ACTIVE_FOR_S
        self._payload_at_s = now
        self.sooner_s = None
        if was_idle:
            self._pace(now)
            self.sooner_s = self._ways.next_timeout()
        if self._sender.delayed:
            self.out += self._sender.due(now)
        if flow.state is FlowState.OPENING:
            payload = self._open_flow(channel, flow, payload, now)
            if not payload:
                return True
        if len(payload) > MAX_PAYLOAD_PER_DATAGRAM:
            self.out += self._send_large(channel, flow.flow_id, payload, now)
        else:
            self.out += self._sender.send_payload(channel.sealer, flow.flow_id, payload, now)
        if self._sender.delayed:
            copy_due_s = self._sender.delayed[0][0]
            self.sooner_s = copy_due_s if self.sooner_s is None else min(self.sooner_s, copy_due_s)
        return True

    def _begin_flow(self, address: FlowAddress, now: float) -> ClientFlow:
        flow = self._flows.begin(address, now)
        if flow.flow_id is not None:
            self._redundancy.flow_started(now)
            self._replan()
        return flow

    def renew_ticket(self, ticket: bytes, now: float) -> None:
        """Use a newer ticket of the same session; repeated to the relay until it says that it took it."""
        self._grant = ClientGrant(self.cid, self._grant.secret, ticket, self._grant.relay_id, self._grant.suite)
        self._pending_ticket = ticket
        self._flows.forget_refusals()
        self._ping(self._ways.first, now)

    def probe(self, now: float) -> None:
        """PING on every path that is bound, now: whether the relay is there at this moment."""
        for way in list(self._ways):
            if way.bound:
                self._ping(way, now)

    def replace_idle_ping_interval(self, interval_s: float, now: float) -> None:
        """Another rhythm of PINGs without payloads from now on: a standby that becomes the exit is watched closer."""
        self._idle_ping_interval_s = interval_s
        self._pace(now)

    def close(self, now: float, reason: CloseReason = CloseReason.USER) -> None:
        """Say CLOSE three times, 20 ms apart; the owner keeps calling `handle_timeout` until `next_timeout()` is None."""
        self._handshake.stop()
        self._connect_deadline_s = None
        self._ways.stop()
        self._sender.delayed.clear()
        self._state = SessionState.CLOSED
        if self._channel is not None and not self._closes:
            self._close_reason = reason
            self._closes = [now + i * CLOSE_SPACING_S for i in range(CLOSE_REPEATS)]
            self._say_close(now)

    # --- time --------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> None:
        """Do what is due: delayed copies, HELLO again, PING, notice silence, change keys, forget idle flows."""
        if self._closes:
            self._say_close(now)
            return
        if self._connect_deadline_s is not None and now >= self._connect_deadline_s:
            self._connect_deadline_s = None
            self._handshake.stop()
            self._ways.stop()
            self._state = SessionState.REFUSED
            self.events.append(HandshakeTimedOut())
            return
        self.out += self._sender.due(now)
        self.out += self._ways.repeat_bindings(now)
        if self._channel is not None:
            self._tend_paths(self._channel, now)
        if self._handshake.is_spent(now):
            self._say_hello(now)
            return
        hello = self._handshake.repeat(self._grant, now)
        if hello is not None:
            self.out.append((self._handshake.path, hello))

    def _tend_paths(self, channel: Channel, now: float) -> None:
        beat = False
        for way in list(self._ways):
            if not way.bound or way.next_ping_at_s is None:
                continue
            if way.proved:
                self._watch(way, now)
            if now >= way.next_ping_at_s:
                self._ping(way, now)
                beat = True
        if not beat:
            return
        self._notice_silence(now)
        self._notice_loss(now)
        self._flows.expire(now)
        channel.sealer.rekey_if_due(now)
        self.reception.judge(channel.opener, now)
        changed = self._redundancy.climb(self._ways, now)
        if self._ways.choose_primary(now):
            self._primary_moved(now)
        elif changed:
            self._replan()
        self._pace(now)

    def _watch(self, way: ClientPath, now: float) -> None:
        before = way.watch.health
        if way.watch.look(now, way.ping_interval_s, in_use=way.in_use):
            self._ping(way, now)
        if way.watch.health is before:
            return
        self._replan()
        if way.watch.health is Health.SUSPECT:
            self._tell_primary(now)  # the relay, too, uses every path while one is in doubt
            return
        self.events.append(PathDown(way.path))
        hello = self._ways.rebind(way, now)
        if hello is not None:
            self.out.append((way.path, hello))
        if way.path == self._ways.primary and self._ways.choose_primary(now):
            self._primary_moved(now)
        self._notice_silence(now)

    def _notice_silence(self, now: float) -> None:
        if self._ways.all_silent() and self._state is SessionState.ESTABLISHED:
            self._state = SessionState.RECONNECTING
            self.events.append(RelaySilent())
            self._say_hello(now)

    def _notice_loss(self, now: float) -> None:
        silent = self.silent_for_s(now) > LOST_AFTER_S
        if silent and not self._lost_reported and self._state is SessionState.RECONNECTING:
            self._lost_reported = True
            self.events.append(RelayLost())

    def _is_active(self, now: float) -> bool:
        return now - self._payload_at_s < ACTIVE_FOR_S

    def _pace(self, now: float) -> None:
        """How often paths are pinged: those that carry a game often, the others as keepalive."""
        if self._is_active(now):
            self._ways.pace(PING_INTERVAL_ACTIVE_S, PING_INTERVAL_IDLE_S)
        else:
            self._ways.pace(self._idle_ping_interval_s, self._idle_ping_interval_s)

    # --- outgoing ----------------------------------------------------------------------------------------------------

    def _replan(self) -> None:
        self._redundancy.plan(self._ways)

    def _primary_moved(self, now: float) -> None:
        self._replan()
        self.events.append(PrimaryChanged(self._ways.primary))
        self._tell_primary(now)

    def _tell_primary(self, now: float) -> None:
        """At once, over every path that may still carry it; each PING repeats it."""
        for way in list(self._ways):
            if way.is_usable:
                self._ping(way, now)

    def _say_hello(self, now: float, path: int | None = None) -> None:
        pace = HelloPace()
        if self._is_active(now) and self.silent_for_s(now) < EAGER_FOR_S and self._state is not SessionState.CONNECTING:
            rtt_ms = self._ways.first.meter.numbers(now).rtt_ms or 0.0
            several = sum(way.bound for way in self._ways) > 1
            attempt_s = max(EAGER_ATTEMPT_S, 4 * rtt_ms / 1000) if several else pace.attempt_s
            pace = HelloPace(EAGER_RETRY_S, EAGER_RETRY_S, attempt_s)
        hello = self._handshake.start(self._grant, now, self._next_hello_path() if path is None else path, pace)
        self.out.append((self._handshake.path, hello))

    def _next_hello_path(self) -> int:
        """Attempts take turns over the paths that are bound, the straight one first; the very first goes straight."""
        bound = [way.path for way in self._ways if way.bound]
        self._hello_turn += 1
        return bound[(self._hello_turn - 1) % len(bound)]

    def _ping(self, way: ClientPath, now: float) -> None:
        """PING on one path, with whatever else is to be said."""
        if self._channel is None:
            return
        frames: list[Frame] = [way.meter.make_ping(self._sender.sent_counts[way.path] + 1, now)]
        if self._pending_ticket is not None and way.path == self._ways.primary:
            frames.append(TicketRenewal(self._pending_ticket))
        choice = self._redundancy.choice(self._ways)
        if choice is not None:
            frames.append(choice)
        report = self._redundancy.report(way, self._ways, self.reception, now)
        if report is not None:
            frames.append(report)
        self.out.append((way.path, self._seal_frames(self._channel, tuple(frames), path_byte(way.path, 0))))
        way.unanswered += 1
        way.next_ping_at_s = now + way.ping_interval_s

    def _open_flow(self, channel: Channel, flow: ClientFlow, payload: bytes, now: float) -> bytes:
        """Say FLOW_OPEN with the payload inside; returns what did not fit (the whole payload) or nothing."""
        local_port, address, port = flow.address
        fits = len(payload) + _FLOW_OPEN_OVERHEAD <= MAX_PAYLOAD_PER_DATAGRAM
        inside = payload if fits else b""
        frame = FlowOpen(flow.flow_id or 0, local_port, self._egress_epoch, ip_address(address), port, inside)
        self.out += self._send_frames(channel, (frame,), now)
        return b"" if fits else payload

    def _say_close(self, now: float) -> None:
        while self._closes and now >= self._closes[0] and self._channel is not None:
            self._closes.pop(0)
            for path in self._ways.usable() or (self._ways.primary,):
                self.out.append(
                    (path, self._seal_frames(self._channel, (Close(self._close_reason),), path_byte(path, 0)))
                )
        if not self._closes:
            self._channel = self._old_channel = None
