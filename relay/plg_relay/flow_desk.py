"""Opening and closing flows: every rule on where a client may send, before its first datagram leaves (protocol SPEC 7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from plg.protocol.constants import FIRST_FLOW, LAST_FLOW
from plg.protocol.destination import Address, check_destination
from plg.protocol.errors import FlowDenial
from plg.protocol.events import FlowRequested
from plg.protocol.handshake import ResumeState
from plg.protocol.relay_handshake import RelayHandshake, Source
from plg_relay.counters import Counters
from plg_relay.limits import TokenBucket
from plg_relay.rules import Rules
from plg_relay.session_table import BURST_S, DestinationBudget, Flow, Session, SocketGroup
from plg_relay.timer_wheel import TimerWheel

DENIALS_BEFORE_LOCK = 30
"""Refused destinations in a burst. A game that meets a few servers outside its profile stays far below; a scan does not."""

DENIALS_FORGIVEN_PER_S = 0.5
LOCK_S = 60.0
"""How long a session that seems to scan ports opens no flow at all. What is open goes on."""


class GameSide(Protocol):
    """The sockets towards game servers, as the rules see them."""

    def open(self, group: SocketGroup, wanted_port: int | None, now_s: float) -> bool:
        """Give the group a port (`wanted_port` if it is free, else another) and set `group.egress_port`."""

    def attach(self, flow: Flow) -> bool:
        """Set `flow.send` and `flow.is_connected`; False when the host cannot reach that address family."""

    def detach(self, flow: Flow) -> None:
        """The flow is over."""

    def close(self, group: SocketGroup) -> None:
        """Give the port back."""


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """From the settings: see RelayConfig."""

    flow_opens_per_second: float
    flow_opens_burst: float
    destination_packets_per_second: float
    flow_idle_s: float
    group_idle_s: float
    allow_private: bool
    own_addresses: frozenset[Address]
    own_ports: frozenset[int]


class FlowDesk:
    """Every flow of every session. Clocks are monotonic seconds."""

    def __init__(
        self,
        limits: FlowLimits,
        game_side: GameSide,
        handshake: RelayHandshake,
        counters: Counters,
        unix_s: Callable[[float], float],
        now_s: float,
    ) -> None:
        self._limits = limits
        self._game_side = game_side
        self._handshake = handshake
        self._counters = counters
        self._unix_s = unix_s
        self._budgets: dict[Source, DestinationBudget] = {}
        self._flow_wheel: TimerWheel[Flow] = TimerWheel(lambda flow: flow.used_at_s + limits.flow_idle_s, now_s)
        self._group_wheel: TimerWheel[SocketGroup] = TimerWheel(self._group_due_at_s, now_s)
        self.flow_count = 0

    def buckets(self, now_s: float) -> tuple[TokenBucket, TokenBucket]:
        """For a new session: how fast it may open flows, and how many refusals it has before it is locked."""
        limits = self._limits
        return (
            TokenBucket(limits.flow_opens_per_second, limits.flow_opens_burst, now_s),
            TokenBucket(DENIALS_FORGIVEN_PER_S, DENIALS_BEFORE_LOCK, now_s),
        )

    # --- opening -----------------------------------------------------------------------------------------------------

    def open(self, session: Session, request: FlowRequested, rules: Rules, now_s: float) -> Flow | None:
        """The flow that carries the request's payload, or None when it is denied or came too late. Answers the client."""
        known = session.flows.get(request.flow)
        if known is not None and request.seq < known.opened_seq:
            return None
        if known is not None and self._is_same(known, request):
            known.opened_seq = request.seq
            session.protocol.accept_flow(request.flow, self._resume_token(session, now_s))
            return known
        denial = self._verdict(session, request, rules, now_s, replaces=known)
        if denial is None:
            if known is not None:
                self.close_flow(session, known)
            flow = self._open(session, request, now_s)
            if flow is not None:
                session.protocol.accept_flow(request.flow, self._resume_token(session, now_s))
                return flow
            denial = FlowDenial.NO_PORT
        self._counters.denials[denial] += 1
        session.protocol.deny_flow(request.flow, denial)
        return None

    @staticmethod
    def _is_same(flow: Flow, request: FlowRequested) -> bool:
        return (
            flow.address == request.address
            and flow.destination[1] == request.port
            and flow.group.local_port == request.local_port
        )

    def _verdict(
        self, session: Session, request: FlowRequested, rules: Rules, now_s: float, replaces: Flow | None
    ) -> FlowDenial | None:
        if not FIRST_FLOW <= request.flow <= LAST_FLOW:
            return FlowDenial.LIMIT
        if now_s < session.locked_until_s or not session.flow_opens.take(1.0, now_s):
            return FlowDenial.RATE
        denial = check_destination(
            request.address,
            request.port,
            session.access,
            allow_private=self._limits.allow_private,
            denied=rules.denied,
        )
        # In a lab the relay's own address may be a game server's too, its own ports never.
        limits = self._limits
        is_own = request.address.is_loopback or request.address in limits.own_addresses
        if denial is None and is_own and request.port in limits.own_ports:
            denial = FlowDenial.HARD_DENIED
        if denial is not None:
            if not session.denials.take(1.0, now_s):
                session.locked_until_s = now_s + LOCK_S
            return denial
        caps = session.protocol.ticket.caps
        if len(session.flows) - (replaces is not None) >= caps.flows:
            return FlowDenial.LIMIT
        if request.local_port not in session.groups and len(session.groups) >= caps.local_ports:
            return FlowDenial.LIMIT
        return None

    def _open(self, session: Session, request: FlowRequested, now_s: float) -> Flow | None:
        group = session.groups.get(request.local_port) or self.open_group(session, request.local_port, None, now_s)
        if group is None:
            return None
        destination = (str(request.address), request.port)
        budget = self._budgets.get(destination)
        if budget is None:
            rate = self._limits.destination_packets_per_second
            budget = self._budgets[destination] = DestinationBudget(rate, now_s)
        flow = Flow(request.flow, group, request.address, destination, budget, request.seq, now_s)
        if not self._game_side.attach(flow):
            if not group.flow_count:
                self.close_group(group)
            return None
        budget.flows += 1
        session.flows[request.flow] = flow
        group.by_source[destination] = flow
        group.flow_count += 1
        self.flow_count += 1
        self._flow_wheel.add(flow)
        return flow

    def open_group(
        self, session: Session, local_port: int, wanted_port: int | None, now_s: float
    ) -> SocketGroup | None:
        """A port of ours for a client's local port; None when there is none to be had."""
        group = SocketGroup(session, local_port, now_s)
        if not self._game_side.open(group, wanted_port, now_s):
            return None
        session.groups[local_port] = group
        self._group_wheel.add(group)
        return group

    def resume(self, session: Session, state: ResumeState, now_s: float) -> None:
        """Bind the ports that this client had before our restart, at once: a closed port would tell the game server so."""
        for local_port, egress_port in state.ports[: session.protocol.ticket.caps.local_ports]:
            if local_port not in session.groups:
                self.open_group(session, local_port, egress_port, now_s)

    def _resume_token(self, session: Session, now_s: float) -> bytes:
        ports = tuple((group.local_port, group.egress_port) for group in session.groups.values())
        return self._handshake.seal_resume_token(ResumeState(session.cid, int(self._unix_s(now_s)), ports))

    # --- closing -----------------------------------------------------------------------------------------------------

    def close_flow(self, session: Session, flow: Flow) -> None:
        """Forget a flow. Its group stays for a while: a game may talk to the next server from the same port."""
        if session.flows.get(flow.flow_id) is not flow:
            return
        del session.flows[flow.flow_id]
        self._game_side.detach(flow)
        group = flow.group
        if group.by_source.get(flow.destination) is flow:
            del group.by_source[flow.destination]
        group.flow_count -= 1
        group.used_at_s = max(group.used_at_s, flow.used_at_s)
        self.flow_count -= 1
        flow.budget.flows -= 1
        session.packets_of_closed_flows[0] += flow.packets_up
        session.packets_of_closed_flows[1] += flow.packets_down

    def close_group(self, group: SocketGroup) -> None:
        """Close the group's socket and give its port back."""
        if group.session.groups.get(group.local_port) is group:
            del group.session.groups[group.local_port]
            self._game_side.close(group)

    def close_all(self, session: Session) -> None:
        """The session ends."""
        for flow in list(session.flows.values()):
            self.close_flow(session, flow)
        for group in list(session.groups.values()):
            self.close_group(group)

    def close_denied(self, session: Session, rules: Rules) -> None:
        """New hard denials end live flows; a profile that only became narrower does not break a match."""
        for flow in list(session.flows.values()):
            if any(flow.address.version == net.version and flow.address in net for net in rules.denied):
                self.close_flow(session, flow)
                session.protocol.deny_flow(flow.flow_id, FlowDenial.HARD_DENIED)

    def expire(self, now_s: float) -> None:
        """Forget flows and ports that nothing used for 180 s, and budgets that have filled up again unused."""
        for flow in self._flow_wheel.expired(now_s):
            self.close_flow(flow.group.session, flow)
        for group in self._group_wheel.expired(now_s):
            self.close_group(group)
        # Not at the close of the last flow: whoever closes and opens again must not get a fresh budget each time.
        over_s = now_s - BURST_S
        for key in [key for key, budget in self._budgets.items() if not budget.flows and budget.topped_up_s < over_s]:
            del self._budgets[key]

    def _group_due_at_s(self, group: SocketGroup) -> float:
        used_at_s = max((flow.used_at_s for flow in group.by_source.values()), default=group.used_at_s)
        return max(used_at_s, group.used_at_s) + self._limits.group_idle_s
