"""Which way each flow of the game goes, and why. Pure: no sockets, no clock, no session.

A game server knows a player by the address his packets come from, so a flow that lives keeps its way: the decision falls with a flow's
first packet and stands until the flow has been quiet for a while.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from ipaddress import ip_address
from itertools import islice
from typing import Final

from plg.capture.packet_source import FlowKey
from plg.protocol.destination import AccessList
from plg.protocol.events import FlowAddress

QUIET_S: Final = 30.0
"""Implementation. A direct flow that is quiet for so long has ended: game servers forget a silent player after 5 to 30 s."""
QUIET_AFTER_FEW_S: Final = 1.0
"""Implementation. The same for a flow of only a few packets (a server list asking for names and pings): nobody plays on it yet."""
FEW_PACKETS: Final = 8
RELAY_QUIET_S: Final = 180.0
"""The relay forgets a flow then, and with it the address that the game server sees (FLOW_IDLE_S of the protocol)."""
LIVE_S: Final = 5.0
"""Implementation. A match sends several packets a second; five silent seconds mean that it is over or not begun."""
MAX_FLOWS: Final = 1024
"""Implementation. More conversations than any game has; what comes beyond goes direct and is not remembered."""
REFUSED_FOR_S: Final = 60.0
"""Implementation. How long a destination that the server refused is not asked for again."""
MAX_REFUSED: Final = 256


class Route(Enum):
    """Where a flow's packets go."""

    RELAY = "relay"
    DIRECT = "direct"
    HELD = "held"  # kept back for a moment while the server decides on the destination


class Why(StrEnum):
    """Why a flow goes direct; stable names, shown in status."""

    ALIVE_BEFORE = "alive_before_connect"
    NOT_CONNECTED = "not_connected"
    NOT_ALLOWED = "destination_not_in_profile"
    REFUSED_BY_SERVER = "destination_refused_by_server"
    APPROVAL_LATE = "approval_came_late"
    TOO_MANY_NEW = "too_many_new_destinations"
    REFUSED_BY_RELAY = "refused_by_relay"
    RELAY_LOST = "relay_lost"
    DIRECT_IS_BETTER = "direct_is_better"
    TABLE_FULL = "too_many_flows"


@dataclass(slots=True)
class Flow:
    """One conversation and its way. Times are clock seconds; `used_at_s` counts both directions, `sent_at_s` the game's packets,
    `began_s` is when its first payload left. `exit_id` is the number of the exit that carries it; it changes only in a switch."""

    key: FlowKey
    route: Route
    why: Why | None
    used_at_s: float
    sent_at_s: float
    exit_id: int = 0
    began_s: float = 0.0
    packets_up: int = 0
    packets_down: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def is_live(self, now: float) -> bool:
        """Whether somebody seems to play on it."""
        return now - self.used_at_s < LIVE_S and self.packets_up + self.packets_down > FEW_PACKETS

    def is_quiet(self, now: float) -> bool:
        """Whether it has ended, so that a next packet may go another way."""
        if self.route is Route.RELAY:
            return now - self.used_at_s > RELAY_QUIET_S
        if self.why is Why.ALIVE_BEFORE or self.packets_up >= FEW_PACKETS:
            return now - self.sent_at_s > QUIET_S
        return now - self.sent_at_s > QUIET_AFTER_FEW_S


@dataclass(frozen=True, slots=True)
class Approvals:
    """Which destinations the server may be asked for, one by one: any (`anywhere`), or these addresses."""

    anywhere: bool = False
    addresses: frozenset[str] = frozenset()

    def may_ask(self, flow: FlowKey) -> bool:
        return self.anywhere or flow.remote_address in self.addresses


class FlowRoutes:
    """The table of flows: `allowed` destinations go to the relay, those of `approvals` are asked for."""

    def __init__(self, allowed: AccessList, approvals: Approvals) -> None:
        self._allowed = allowed
        self._approvals = approvals
        self._flows: dict[FlowAddress, Flow] = {}
        self._refused_until_s: dict[tuple[str, int], float] = {}
        self.exit_id = 0
        """The exit of flows that begin from now on."""
        self.direct_is_better = False
        """The live verdict: flows that begin now go direct."""

    def __len__(self) -> int:
        return len(self._flows)

    def leave_direct(self, alive: Iterable[FlowKey], now: float) -> None:
        """These carried packets before anything was diverted: they stay direct until they end, because the game server would
        otherwise see the player's address change in the middle of a match."""
        for key in islice(alive, MAX_FLOWS):
            self._flows[key] = Flow(key, Route.DIRECT, Why.ALIVE_BEFORE, now, now)

    def forget_alive(self, local_port: int) -> None:
        """The game has closed this socket: what was alive before on it has ended, and a next packet is a new flow's."""
        flows = self._flows.values()
        for flow in [flow for flow in flows if flow.why is Why.ALIVE_BEFORE and flow.key.local_port == local_port]:
            del self._flows[flow.key]

    def flows(self) -> list[Flow]:
        """Every flow known, oldest first."""
        return list(self._flows.values())

    def live(self, now: float) -> list[Flow]:
        """Relayed flows on which somebody seems to play: ending the tunnel now would change his address."""
        return [flow for flow in self._flows.values() if flow.route is Route.RELAY and flow.is_live(now)]

    def get(self, key: FlowAddress) -> Flow | None:
        return self._flows.get(key)

    def living(self, key: FlowKey, now: float) -> Flow | None:
        """The flow of a packet that the game sends now; None when it is to be decided on, new or because it had ended."""
        flow = self._flows.get(key)
        if flow is None or (now - flow.sent_at_s > QUIET_AFTER_FEW_S and flow.is_quiet(now)):
            return None
        return flow

    def begin(self, key: FlowKey, now: float, *, carries: bool) -> Flow:
        """Decide on a flow. `carries` tells whether the session takes payloads; while it does not, new flows go direct."""
        route, why = self._first_route(key, now, carries=carries)
        flow = Flow(key, route, why, now, now, self.exit_id)
        if key not in self._flows and len(self._flows) >= MAX_FLOWS:
            self.forget_ended(now)
            if len(self._flows) >= MAX_FLOWS:
                return Flow(key, Route.DIRECT, Why.TABLE_FULL, now, now)
        self._flows[key] = flow
        return flow

    def _first_route(self, key: FlowKey, now: float, *, carries: bool) -> tuple[Route, Why | None]:
        if not carries:
            return Route.DIRECT, Why.NOT_CONNECTED
        if self.direct_is_better:
            return Route.DIRECT, Why.DIRECT_IS_BETTER
        if self._allowed.allows(ip_address(key.remote_address), key.remote_port):
            return Route.RELAY, None
        if not self._approvals.may_ask(key):
            return Route.DIRECT, Why.NOT_ALLOWED
        if self._refused_until_s.get((key.remote_address, key.remote_port), now) > now:
            return Route.DIRECT, Why.REFUSED_BY_SERVER
        return Route.HELD, None

    def allow(self, allowed: AccessList) -> None:
        """A newer grant: what it allows counts for flows that begin from now on."""
        self._allowed = allowed

    def refuse(self, key: FlowKey, now: float) -> None:
        """The server does not approve this destination: do not ask again at once."""
        if len(self._refused_until_s) >= MAX_REFUSED:
            self._refused_until_s = {at: until for at, until in self._refused_until_s.items() if until > now}
        if len(self._refused_until_s) < MAX_REFUSED:
            self._refused_until_s[key.remote_address, key.remote_port] = now + REFUSED_FOR_S

    def send_by_relay(self, key: FlowKey) -> None:
        """A held flow was approved."""
        flow = self._flows.get(key)
        if flow is not None:
            flow.route, flow.why, flow.exit_id = Route.RELAY, None, self.exit_id

    def send_direct(self, key: FlowKey, why: Why) -> None:
        """From now on this flow goes direct."""
        flow = self._flows.get(key)
        if flow is not None:
            flow.route, flow.why = Route.DIRECT, why

    def send_all_direct(self, why: Why, exit_id: int | None = None) -> int:
        """An exit is lost, or all are: each flow that it carries goes direct, and each held one. Returns how many there were."""
        moved = [
            flow for flow in self._flows.values() if flow.route is not Route.DIRECT and exit_id in {None, flow.exit_id}
        ]
        for flow in moved:
            flow.route, flow.why = Route.DIRECT, why
        return len(moved)

    def move_all(self, exit_id: int) -> int:
        """The tunnel has switched its exit: every relayed flow goes on there. Returns how many there were."""
        moved = [flow for flow in self._flows.values() if flow.route is Route.RELAY and flow.exit_id != exit_id]
        for flow in moved:
            flow.exit_id = exit_id
        return len(moved)

    def count_on(self, exit_id: int, now: float) -> int:
        """How many flows that have not ended an exit carries."""
        return sum(
            flow.exit_id == exit_id and flow.route is Route.RELAY and not flow.is_quiet(now)
            for flow in self._flows.values()
        )

    def relayed_at_s(self) -> float | None:
        """When a relayed flow last carried anything; None when there is none."""
        return max((flow.used_at_s for flow in self._flows.values() if flow.route is Route.RELAY), default=None)

    def forget_ended(self, now: float) -> None:
        """Drop flows that have ended; called now and then."""
        for key in [key for key, flow in self._flows.items() if flow.is_quiet(now) and now - flow.used_at_s > QUIET_S]:
            del self._flows[key]
