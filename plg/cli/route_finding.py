"""Every way to a game as the server ranks it and as this machine measures it, for the commands that show ways."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plg.cli.direct_measuring import DirectFigures, find_targets, measure_direct, prepare_socket
from plg.contract.games import GameDetail
from plg.contract.nodes import Node, NodeList
from plg.contract.routes import RouteCandidate, RouteReport, RouteRequest
from plg.probe.relay_ping import RelayPing, measure_relays
from plg.protocol.destination import Address
from plg.tunnel.capture_plan import GameNotCarried, NotCarried
from plg.tunnel.direct_gate import is_direct_better
from plg.tunnel.exit_choice import VERIFIED_EXITS, ExitOrder, order_exits, ranked_exits
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.exit_survey import CHECK_PINGS, trusted
from plg.tunnel.grants import HostPort
from plg.tunnel.relay_survey import RelaySurvey, relay_target, survey_relays


class RouteServer(Protocol):
    """What is asked of the server; `plg.api.server_client.ServerClient` has it. All raise ApiError."""

    async def game(self, slug: str, /) -> GameDetail: ...

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList: ...

    async def routes(self, request: RouteRequest) -> RouteReport: ...


@dataclass(frozen=True, slots=True)
class FoundRoutes:
    """One moment. `second` are the pings of the check, `distrusted` the relays that this machine passes over."""

    game: GameDetail
    target: HostPort | None
    targets: tuple[tuple[Address, int], ...]
    survey: RelaySurvey
    direct: DirectFigures
    report: RouteReport
    order: ExitOrder
    second: dict[str, RelayPing]
    previous: str | None
    distrusted: frozenset[str]

    def candidate(self, node_id: str) -> RouteCandidate:
        """The server's word on one exit."""
        return next(entry for entry in self.report.candidates if entry.node_id == node_id)

    def node(self, node_id: str) -> Node | None:
        return next((entry.node for entry in self.survey.ranked if entry.node.id == node_id), None)

    @property
    def boosted_ms(self) -> float | None:
        """The whole way through the chosen exit, None while a part of it is not known."""
        chosen = self.order.chosen
        if chosen is None:
            return None
        candidate = self.candidate(chosen.node_id)
        if candidate.game_leg_ms is None:
            return None
        return chosen.total_ms if chosen.total_ms is not None else candidate.predicted_total_ms

    @property
    def gain_ms(self) -> float | None:
        """Direct minus boosted."""
        if self.direct.rtt_ms is None or self.boosted_ms is None:
            return None
        return self.direct.rtt_ms - self.boosted_ms

    @property
    def verdict(self) -> str:
        """What `plg connect` would do: boost, direct, or unknown when there is nothing to compare."""
        if self.gain_ms is None:
            return "unknown"
        return "direct" if is_direct_better(self.direct.as_way(), self.boosted_ms) else "boost"


async def find_routes(client: RouteServer, slug: str, target: HostPort | None, memory_in: Path) -> FoundRoutes:
    """Measure, ask, measure the best again; takes about three seconds.

    Raises ApiError (also NotSignedIn), GameNotCarried or TargetUnknown.
    """
    game = await carried_game(client, slug)
    targets = await find_targets(target)
    target_text = str(target) if target is not None else None
    nodes = (await client.nodes(game=game.slug, target=target_text)).nodes
    survey = await survey_relays(nodes, prepare=prepare_socket)
    leg = next((entry.node.game_leg for entry in survey.ranked if entry.is_usable), None)
    direct = await measure_direct(game, targets, leg)
    report = await client.routes(
        RouteRequest(
            game=game.slug, target=target_text, measurements=survey.measurements(), direct=direct.as_measurement()
        )
    )
    memory = ExitMemory(memory_in, time.time)
    distrusted, previous = memory.distrusted(), memory.previous(game.slug)
    ranked = trusted(ranked_exits(report), distrusted)
    usable = [entry.node_id for entry in ranked if entry.score_ms is not None]
    wanted = set(usable[:VERIFIED_EXITS]) | ({previous} & set(usable))
    again = [found for node in nodes if node.id in wanted and (found := relay_target(node)) is not None]
    pings = await measure_relays(again, pings=CHECK_PINGS, prepare=prepare_socket) if again else []
    return FoundRoutes(
        game,
        target,
        tuple(targets),
        survey,
        direct,
        report,
        order_exits(ranked, pings, previous),
        {ping.node_id: ping for ping in pings},
        previous,
        distrusted & {node.id for node in nodes},
    )


async def carried_game(client: RouteServer, slug: str) -> GameDetail:
    """The game's profile. Raises ApiError, or GameNotCarried for one that PLG cannot carry."""
    game = await client.game(slug)
    if not game.boostable:
        raise GameNotCarried(game.name, NotCarried.TCP_ONLY)
    return game
