"""Which relays one session gets: exit, transits, standby; or the one line why it cannot have what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from plg.contract.nodes import NodeState
from plg.contract.problem import ErrorCode
from plg.contract.routes import RouteVerdict
from plg.contract.sessions import Mode, StartSessionRequest
from plg_server.models.nodes import Node
from plg_server.problems import ApiError
from plg_server.services.route_choice import RankedExit, Relay, choose_exits
from plg_server.services.route_matrix import RouteMatrix
from plg_server.services.transit_choice import MAX_TRANSITS, RankedTransit, choose_transits, why_none

NO_RELAY_RETRY_S = 10.0
OFF: Mode = "off"
REDUNDANT: Mode = "redundant"


@dataclass(frozen=True, slots=True)
class PathPlan:
    """How many ways a session may have: `transit_places` beside the `interfaces` of the client, numbered 1, 2 ...

    The further interfaces have the last numbers below `max_paths`.
    """

    mode: Mode
    interfaces: int
    transit_places: int

    @property
    def max_paths(self) -> int:
        """What the ticket allows."""
        return self.transit_places + self.interfaces


@dataclass(frozen=True, slots=True)
class Ways:
    """The relays of a new session. `no_transit` says why it has none."""

    exit: RankedExit
    transits: tuple[RankedTransit, ...]
    standby: RankedExit | None
    no_transit: str | None


def plan_paths(mode: Mode | None, interfaces: int, max_paths: int) -> PathPlan:
    """What the server's `max_paths` leaves of what was asked for. Raises ApiError `mode_not_allowed`."""
    if mode is None:
        mode = REDUNDANT if max_paths > 1 else OFF
    if mode != OFF and max_paths == 1:
        raise ApiError(
            ErrorCode.MODE_NOT_ALLOWED, f"this server allows one path a session: the mode '{mode}' needs two; use 'off'"
        )
    used = min(interfaces, max_paths)
    return PathPlan(mode, used, min(MAX_TRANSITS, max_paths - used))


async def choose_ways(
    matrix: RouteMatrix, request: StartSessionRequest, plan: PathPlan, *, standby_exits: bool
) -> Ways:
    """Exit, transits and standby for a new session. Raises ApiError `node_...` for a named node, else `no_relay_free`."""
    if request.node_id is not None:
        await refuse_unusable(request.node_id, matrix)
    choice = choose_exits(matrix.relays, wanted=request.exit_ids, insisted=request.node_id)
    if choice.chosen is None:
        raise _none_free(matrix)
    exit_relay = choice.chosen.relay
    transits: list[RankedTransit] = []
    no_transit = None
    if plan.transit_places:
        transits, no_transit = more_transits(matrix, exit_relay, plan.transit_places)
    standby = choice.standby if standby_exits and request.standby else None
    return Ways(choice.chosen, tuple(transits), standby, no_transit)


def more_transits(
    matrix: RouteMatrix,
    exit_relay: Relay,
    places: int,
    *,
    exclude: frozenset[str] = frozenset(),
    kept: Sequence[Relay] = (),
) -> tuple[list[RankedTransit], str | None]:
    """Up to `places` transits that are neither excluded nor had, and why there is none of them."""
    ranked = choose_transits(
        exit_relay,
        matrix.relays,
        matrix.mesh,
        places=places,
        exclude=exclude,
        taken=kept,
        unreachable=matrix.unreachable(exit_relay.node_id),
    )
    found = [entry for entry in ranked if entry.verdict is RouteVerdict.CHOSEN]
    return found, why_none(ranked, exit_relay) if not found else None


def degraded_line(
    plan: PathPlan, transits: int, no_transit: str | None, *, standby_wanted: bool, has_standby: bool, asked: int
) -> str | None:
    """One line when a session has fewer ways than it should; None when it has what its mode wants.

    `asked` is the number of interfaces that the client named.
    """
    lacks = []
    if plan.mode != OFF and not transits and plan.interfaces == 1:
        lacks.append(f"no second way: {no_transit or 'no transit is left'}")
    if standby_wanted and not has_standby:
        lacks.append("no standby exit: no other relay on another host is free")
    if asked > plan.interfaces:
        lacks.append(f"{plan.interfaces} of {asked} interfaces are used: this server allows {plan.max_paths} paths")
    return "; ".join(lacks)[:255] or None


async def refuse_unusable(node_id: str, matrix: RouteMatrix) -> None:
    """Raises ApiError `node_not_found`, `node_disabled`, `node_offline`, `node_draining` or `node_full`: one line each."""
    relay = matrix.relay(node_id)
    if relay is None:
        node = await Node.get_or_none(id=node_id)
        if node is None:
            names = [f"{other.name} ({other.node_id})" for other in matrix.relays]
            raise ApiError(ErrorCode.NODE_NOT_FOUND, f"there is no relay '{node_id}'", nearest=names[:5])
        if node.disabled_at is not None:
            raise ApiError(ErrorCode.NODE_DISABLED, f"the relay {node.name} was taken out of service")
        raise ApiError(
            ErrorCode.NODE_OFFLINE, f"the relay {node.name} does not answer the server", retry_after_s=NO_RELAY_RETRY_S
        )
    if relay.state is NodeState.DRAINING:
        raise ApiError(ErrorCode.NODE_DRAINING, f"the relay {relay.name} is draining and takes no new sessions")
    if relay.state is NodeState.FULL:
        raise ApiError(
            ErrorCode.NODE_FULL, f"the relay {relay.name} is full; try again soon", retry_after_s=NO_RELAY_RETRY_S
        )


def _none_free(matrix: RouteMatrix) -> ApiError:
    detail = "no relay is online; ask the operator of the server"
    if matrix.relays:
        detail = f"all {len(matrix.relays)} relays are full or draining; try again soon"
    return ApiError(ErrorCode.NO_RELAY_FREE, detail, retry_after_s=NO_RELAY_RETRY_S)
