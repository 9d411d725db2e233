"""Before a session: which relays there are, which exits to ask for, and whether the booster is worth it at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plg.contract.games import GameDetail
from plg.contract.nodes import Node, NodeGameLeg
from plg.contract.routes import RouteReport, RouteRequest
from plg.probe.direct_ping import DirectPing
from plg.probe.relay_ping import SocketPreparation
from plg.protocol.destination import Address
from plg.tunnel.counterfactual import GATE_PINGS, DirectTarget, MeasureDirect, direct_target, direct_way
from plg.tunnel.direct_gate import is_direct_better
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.exit_survey import ExitPlan, ExitSurvey
from plg.tunnel.relay_survey import NodeServer, RelaySurvey, survey_relays
from plg.tunnel.session_recovery import RelayPlan


class PlanServer(NodeServer, Protocol):
    """What planning needs of the server; raises ApiError."""

    async def routes(self, request: RouteRequest) -> RouteReport: ...


class DirectIsBetter(Exception):
    """The direct way to the game is better than the best way through a relay; both in milliseconds."""

    def __init__(self, direct_ms: float, boosted_ms: float) -> None:
        super().__init__(f"{direct_ms:.1f} ms direct, {boosted_ms:.1f} ms boosted")
        self.direct_ms = direct_ms
        self.boosted_ms = boosted_ms


@dataclass(frozen=True, slots=True)
class FirstPlan:
    """What a session is to be asked for; `direct` is how the direct way did over GATE_PINGS pings, None when there was no host."""

    relays: RelayPlan
    leg: NodeGameLeg | None
    direct: DirectPing | None


class Planner:
    """For one game, target and player's wish."""

    def __init__(
        self,
        server: PlanServer,
        game: GameDetail,
        targets: Sequence[tuple[Address, int]],
        target_text: str | None,
        memory: ExitMemory,
        measure_direct: MeasureDirect,
        prepare: SocketPreparation,
        *,
        node: str | None,
        force: bool,
    ) -> None:
        self._server = server
        self._game = game
        self._targets = targets
        self._target_text = target_text
        self._memory = memory
        self._measure_direct = measure_direct
        self._prepare = prepare
        self._node = node
        self._force = force
        self.survey = RelaySurvey(())

    async def first_plan(self, nodes: list[Node]) -> FirstPlan:
        """Measure, rank, check. Raises ApiError, and DirectIsBetter unless the player insists."""
        self.survey = await survey_relays(nodes, prepare=self._prepare)
        best = next((entry for entry in self.survey.ranked if entry.is_usable), None)
        target = self.direct_target(best.node.game_leg if best is not None else None)
        async with asyncio.TaskGroup() as tasks:
            planning = tasks.create_task(self._plan())
            measuring = tasks.create_task(self._measure(target))
        plan, direct = planning.result(), measuring.result()
        if direct is not None and direct.rtt_ms is not None and not self._force:
            way = direct_way(direct, GATE_PINGS)
            if plan.predicted_ms is not None and is_direct_better(way, plan.predicted_ms):
                raise DirectIsBetter(direct.rtt_ms, plan.predicted_ms)
        return FirstPlan(self._relay_plan(plan), plan.leg, direct)

    async def replan(self) -> RelayPlan:
        """The relays of this moment, for another session. Raises ApiError."""
        nodes = await self._server.nodes(game=self._game.slug, target=self._target_text)
        self.survey = await survey_relays(nodes.nodes, prepare=self._prepare)
        return self._relay_plan(await self._plan())

    async def ask_leg(self, node_id: str) -> NodeGameLeg | None:
        """The relay's way to the game as the server knows it now. Raises ApiError."""
        nodes = await self._server.nodes(game=self._game.slug, target=self._target_text)
        return next((node.game_leg for node in nodes.nodes if node.id == node_id), None)

    def direct_target(self, leg: NodeGameLeg | None) -> DirectTarget | None:
        """Where the direct way is measured to, so that it can be compared with this leg."""
        return direct_target(self._game, self._targets, leg)

    def node_id(self) -> str | None:
        """The relay that the player insists on, by its id."""
        return self.survey.node_id(self._node) if self._node is not None else None

    async def _plan(self) -> ExitPlan:
        exits = ExitSurvey(
            self._server,
            self._game.slug,
            self._target_text,
            previous=self._memory.previous(self._game.slug),
            distrusted=self._memory.distrusted(),
            prepare=self._prepare,
        )
        node_id = self.node_id()
        return await exits.plan(self.survey) if node_id is None else exits.plan_for_node(self.survey, node_id)

    async def _measure(self, target: DirectTarget | None) -> DirectPing | None:
        return await self._measure_direct(target, GATE_PINGS) if target is not None else None

    def _relay_plan(self, plan: ExitPlan) -> RelayPlan:
        return RelayPlan(self.survey.measurements(), plan.exit_ids)
