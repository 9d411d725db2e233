"""Which exits to ask for, in which order: the server's ranking, checked with pings of our own before the session starts.

A relay that turned out to have lied here lately is passed over as long as there is any other. A server that ranks nothing (an older
one, or one that does not answer this question) leaves the choice to its own order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from plg.api.errors import ServerMisbehaved, ServerRefused
from plg.contract.nodes import Node, NodeGameLeg
from plg.contract.routes import RouteReport, RouteRequest
from plg.probe.relay_ping import RelayPing, SocketPreparation, measure_relays
from plg.tunnel.exit_choice import VERIFIED_EXITS, ExitOrder, RankedExit, order_exits, ranked_exits
from plg.tunnel.relay_survey import RelaySurvey, relay_target

CHECK_PINGS: Final = 6
"""Implementation. Half a second: the list was measured a moment ago, this only has to notice what has changed or was untrue."""


class RouteServer(Protocol):
    """The part of the server's API that ranks exits; raises ApiError."""

    async def routes(self, request: RouteRequest) -> RouteReport: ...


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """What a session is asked for. `exit_ids` best first, empty when the server is to decide alone.

    `predicted_ms` is the whole way through the first exit, None while a part of it is not known; `leg` that exit's way to the game.
    """

    exit_ids: tuple[str, ...]
    predicted_ms: float | None
    leg: NodeGameLeg | None
    order: ExitOrder | None = None


class ExitSurvey:
    """Plans for one game and target; `previous` is the exit of its last session."""

    def __init__(
        self,
        server: RouteServer,
        game: str,
        target: str | None,
        *,
        previous: str | None = None,
        distrusted: frozenset[str] = frozenset(),
        prepare: SocketPreparation | None = None,
    ) -> None:
        self._server = server
        self._game = game
        self._target = target
        self._previous = previous
        self._distrusted = distrusted
        self._prepare = prepare

    async def plan(self, survey: RelaySurvey) -> ExitPlan:
        """Rank and check. Raises ApiError when the server is away."""
        request = RouteRequest(game=self._game, target=self._target, measurements=survey.measurements())
        try:
            report = await self._server.routes(request)
        except (ServerRefused, ServerMisbehaved):
            return self.plan_without_server(survey)
        ranked = trusted(ranked_exits(report), self._distrusted)
        nodes = {entry.node.id: entry.node for entry in survey.ranked}
        order = order_exits(ranked, await self._check(ranked, nodes), self._previous)
        first = order.chosen.node_id if order.chosen is not None else None
        return ExitPlan(tuple(order.exit_ids()), _predicted_ms(order, report), _leg(nodes, first), order)

    def plan_without_server(self, survey: RelaySurvey) -> ExitPlan:
        """Our own ranking alone: it only predicts; the server decides."""
        best = next((entry for entry in survey.ranked if entry.is_usable), None)
        leg = best.node.game_leg if best is not None else None
        is_known = best is not None and leg is not None and leg.rtt_ms is not None
        return ExitPlan((), best.total_ms if best is not None and is_known else None, leg)

    def plan_for_node(self, survey: RelaySurvey, node_id: str) -> ExitPlan:
        """The player insists on one relay."""
        entry = next((entry for entry in survey.ranked if entry.node.id == node_id), None)
        leg = entry.node.game_leg if entry is not None else None
        is_known = entry is not None and leg is not None and leg.rtt_ms is not None
        return ExitPlan((), entry.total_ms if entry is not None and is_known else None, leg)

    async def _check(self, ranked: Sequence[RankedExit], nodes: dict[str, Node]) -> list[RelayPing]:
        """Measure the best of the server's order, and the previous exit, once more."""
        usable = [entry.node_id for entry in ranked if entry.score_ms is not None]
        wanted = usable[:VERIFIED_EXITS] + [node_id for node_id in usable[VERIFIED_EXITS:] if node_id == self._previous]
        targets = [target for node_id in wanted if node_id in nodes and (target := relay_target(nodes[node_id]))]
        return await measure_relays(targets, pings=CHECK_PINGS, prepare=self._prepare) if targets else []


def trusted(ranked: Sequence[RankedExit], distrusted: frozenset[str]) -> list[RankedExit]:
    """Without those that lied lately, unless nothing else could be used."""
    kept = [entry for entry in ranked if entry.node_id not in distrusted]
    return kept if any(entry.score_ms is not None for entry in kept) else list(ranked)


def _predicted_ms(order: ExitOrder, report: RouteReport) -> float | None:
    chosen = order.chosen
    if chosen is None:
        return None
    candidate = next(entry for entry in report.candidates if entry.node_id == chosen.node_id)
    if candidate.game_leg_ms is None:
        return None
    return chosen.total_ms if chosen.total_ms is not None else candidate.predicted_total_ms


def _leg(nodes: dict[str, Node], node_id: str | None) -> NodeGameLeg | None:
    node = nodes.get(node_id) if node_id is not None else None
    return node.game_leg if node is not None else None
