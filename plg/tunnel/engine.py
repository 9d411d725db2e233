"""The packet path of the client: capture -> session -> relay, and back. Decides per packet, holds a few while the server decides.

Everything runs on one loop, nothing waits. The rule behind every branch: a payload goes to the relay or straight to the game, never
nowhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from plg.capture.packet_source import FlowKey, PacketSource, Verdict
from plg.protocol.constants import MAX_PAYLOAD
from plg.protocol.events import ClientEvent, FlowAccepted, FlowRefused, PayloadReceived
from plg.tunnel.clock import Clock, Timer
from plg.tunnel.first_replies import FirstReplies
from plg.tunnel.flow_routes import FlowRoutes, Route, Why
from plg.tunnel.grants import HostPort
from plg.tunnel.relay_link import RelayLink

HOLD_PACKETS: Final = 16
"""Implementation. Per destination; a game's opening burst is shorter, and more would arrive as a burst of old news."""
HOLD_S: Final = 0.5
"""Implementation. Games repeat an unanswered first packet after 0.5 to 1 s: waiting longer gains nothing."""
MAX_HELD_FLOWS: Final = 2
SCAN_WINDOW_S: Final = 0.05
"""Implementation. A player joins one server at a time, a server list asks dozens at once: so the server is asked only after this
moment, and when more than MAX_HELD_FLOWS new destinations have turned up in it they all go direct. Approvals are few."""
SCAN_PAUSE_S: Final = 0.5
"""Implementation. The list is over when no new destination has come for so long."""
SWEEP_S: Final = 30.0

AskApproval = Callable[[FlowKey], None]
"""Start asking the server for a destination; the answer comes back through `approved` or `not_approved`."""


@dataclass(slots=True)
class EngineCounters:
    """Payloads of the game since the engine was made. `dropped` is by reason: what neither way took."""

    packets_up: int = 0
    packets_down: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    direct: int = 0
    too_large: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str, count: int = 1) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + count


@dataclass(slots=True)
class _Held:
    """Packets of one flow that wait for the server's word."""

    payloads: list[bytes]
    timer: Timer
    asked: bool = False


class TunnelEngine:
    """Between one packet source and the exits' links.

    New flows take the link of the moment (there is none while the tunnel looks for another relay). A flow stays on the exit that it
    began with until it ends, or until `use` moves all of them at once.
    """

    def __init__(self, source: PacketSource, routes: FlowRoutes, clock: Clock, ask_approval: AskApproval) -> None:
        self._source = source
        self.routes = routes
        self._clock = clock
        self._ask_approval = ask_approval
        self._link: RelayLink | None = None
        self._links: dict[int, RelayLink] = {}
        self._held: dict[FlowKey, _Held] = {}
        self._scan_until_s = float("-inf")
        self._next_sweep_s = clock.time() + SWEEP_S
        self.counters = EngineCounters()
        self.first_replies = FirstReplies()
        """Evidence about the whole way; whoever begins a new session puts a fresh one here."""

    @property
    def leaked(self) -> int:
        """Packets that went past the capture although they were the game's."""
        return self._source.stats.leaked

    # --- which link --------------------------------------------------------------------------------------------------

    def use(self, link: RelayLink) -> int:
        """From now on this link carries new flows and every relayed one. Returns how many had to change their exit."""
        self.routes.exit_id += 1
        self._links = {self.routes.exit_id: link}
        self._link = link
        return self.routes.move_all(self.routes.exit_id)

    def use_for_new_flows(self, link: RelayLink) -> None:
        """From now on new flows begin here; those that live stay where they are."""
        self.routes.exit_id += 1
        self._links[self.routes.exit_id] = link
        self._link = link

    def flows_on(self, link: RelayLink) -> int:
        """How many flows that have not ended a link carries."""
        now = self._clock.time()
        return sum(self.routes.count_on(exit_id, now) for exit_id, used in self._links.items() if used is link)

    def drop(self, link: RelayLink, why: Why) -> int:
        """A link carries no more: its flows go direct. Returns how many there were."""
        exits = [exit_id for exit_id, used in self._links.items() if used is link]
        moved = 0
        for exit_id in exits:
            moved += self.routes.send_all_direct(why, exit_id)
            del self._links[exit_id]
        if self._link is link:
            self._link = None
        return moved

    def release(self, why: Why) -> int:
        """No link any more: everything goes direct. Returns how many flows had to change their way."""
        self._link = None
        self._links = {}
        for key in list(self._held):
            self._let_go(key, why)
        return self.routes.send_all_direct(why)

    # --- up ----------------------------------------------------------------------------------------------------------

    def handle_packet(self, key: FlowKey, payload: bytes) -> Verdict:
        """The capture's question for every payload that the game sends."""
        now = self._clock.time()
        if now >= self._next_sweep_s:
            self._next_sweep_s = now + SWEEP_S
            self.routes.forget_ended(now)
        flow = self.routes.living(key, now)
        if flow is None:
            flow = self.routes.begin(key, now, carries=self._link is not None and self._link.carries)
        flow.sent_at_s = flow.used_at_s = now
        if not flow.packets_up:
            flow.began_s = now
        flow.packets_up += 1
        flow.bytes_up += len(payload)
        if flow.route is Route.RELAY and (link := self._links.get(flow.exit_id)) is not None:
            if link.send_payload(key, payload):
                self.counters.packets_up += 1
                self.counters.bytes_up += len(payload)
                return Verdict.TAKEN
            if len(payload) > MAX_PAYLOAD:
                self.counters.too_large += 1
            else:
                self.routes.send_direct(key, Why.REFUSED_BY_RELAY)
        elif flow.route is Route.HELD and self._hold(key, payload):
            return Verdict.TAKEN
        self.counters.direct += 1
        return Verdict.DIRECT

    # --- holding -----------------------------------------------------------------------------------------------------

    def _hold(self, key: FlowKey, payload: bytes) -> bool:
        """Keep a packet back; False when it must go direct instead."""
        held = self._held.get(key)
        if held is None:
            now = self._clock.time()
            if now < self._scan_until_s or len(self._held) >= MAX_HELD_FLOWS:
                self._scan_until_s = now + SCAN_PAUSE_S
                self._let_scan_go()
                self.routes.send_direct(key, Why.TOO_MANY_NEW)
                return False
            timer = self._clock.call_at(now + SCAN_WINDOW_S, lambda: self._ask(key))
            self._held[key] = _Held([payload], timer)
            return True
        if len(held.payloads) >= HOLD_PACKETS:
            self._let_go(key, Why.APPROVAL_LATE)
            return False
        held.payloads.append(payload)
        return True

    def _let_scan_go(self) -> None:
        """Many new destinations at once: those that nobody was asked about yet are part of a list, not of a match."""
        for key in [key for key, held in self._held.items() if not held.asked]:
            self._let_go(key, Why.TOO_MANY_NEW)

    def _ask(self, key: FlowKey) -> None:
        held = self._held[key]
        held.asked = True
        held.timer = self._clock.call_at(self._clock.time() + HOLD_S, lambda: self._let_go(key, Why.APPROVAL_LATE))
        self._ask_approval(key)

    def approved(self, key: FlowKey) -> None:
        """The server and the relay's newer ticket allow the destination: what was held goes through the relay."""
        held = self._held.pop(key, None)
        if held is None:
            return  # too late: the flow has begun direct and stays so
        held.timer.cancel()
        self.routes.send_by_relay(key)
        flow = self.routes.get(key)
        if flow is not None:
            flow.began_s = self._clock.time()
        for payload in held.payloads:
            if self._link is not None and self._link.send_payload(key, payload):
                self.counters.packets_up += 1
                self.counters.bytes_up += len(payload)
            else:
                self._send_direct(key, payload)

    def not_approved(self, key: FlowKey, *, refused: bool) -> None:
        """The server said no (`refused`), or could not be asked: what was held goes direct."""
        if refused:
            self.routes.refuse(key, self._clock.time())
        self._let_go(key, Why.REFUSED_BY_SERVER if refused else Why.APPROVAL_LATE)

    def _let_go(self, key: FlowKey, why: Why) -> None:
        held = self._held.pop(key, None)
        if held is None:
            return
        held.timer.cancel()
        self.routes.send_direct(key, why)
        for payload in held.payloads:
            self._send_direct(key, payload)

    def _send_direct(self, key: FlowKey, payload: bytes) -> None:
        self.counters.direct += 1
        self._source.send_direct(key, payload)

    # --- down --------------------------------------------------------------------------------------------------------

    def handle_event(self, link: RelayLink, event: ClientEvent) -> None:
        """What a link reports about payloads and flows; everything else is the keeper's."""
        if isinstance(event, PayloadReceived):
            self.deliver(link, event)
        elif isinstance(event, FlowRefused):
            self.routes.send_direct(FlowKey(*event.flow), Why.REFUSED_BY_RELAY)
        elif isinstance(event, FlowAccepted):
            pass  # payloads travel inside FLOW_OPEN until then: nothing to do

    def deliver(self, link: RelayLink, event: PayloadReceived) -> None:
        """A payload from the game server that a link has brought."""
        flow = self.routes.get(event.flow)
        if flow is None or flow.route is not Route.RELAY:
            self.counters.drop("flow_went_direct")  # a late reply to the relay's address: the game talks to another now
            return
        if self._links.get(flow.exit_id) is not link:
            self.counters.drop("flow_left_exit")  # the same, to the exit that the tunnel has left
            return
        now = self._clock.time()
        if not flow.packets_down:
            target = HostPort(flow.key.remote_address, flow.key.remote_port)
            self.first_replies.add((now - flow.began_s) * 1000, str(target))
        self._source.deliver(flow.key, event.payload)
        flow.used_at_s = now
        flow.packets_down += 1
        flow.bytes_down += len(event.payload)
        self.counters.packets_down += 1
        self.counters.bytes_down += len(event.payload)
