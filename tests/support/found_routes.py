"""Ways to a game as they were found, made by hand."""

import msgspec

from plg.cli.direct_measuring import DirectFigures
from plg.cli.route_finding import FoundRoutes
from plg.contract.nodes import Node
from plg.contract.routes import RouteCandidate, RouteVerdict
from plg.probe.node_ranking import rank_nodes
from plg.probe.relay_ping import RelayPing
from plg.tunnel.exit_choice import order_exits, ranked_exits
from plg.tunnel.grants import HostPort
from plg.tunnel.relay_survey import RelaySurvey
from support.contract_bodies import game_detail
from support.contract_bodies import node as any_node
from support.route_bodies import route_report


def direct_figures(rtt_ms: float | None = 58.0, *, lost: int = 0, estimated: bool = False) -> DirectFigures:
    """Eight pings to the game server."""
    return DirectFigures(rtt_ms, None if rtt_ms is None else 1.2, 8, lost, "192.0.2.7", "icmp", estimated)


def found_routes(
    *candidates: RouteCandidate,
    own: dict[str, float | None] | None = None,
    direct_ms: float | None = 58.0,
    direct_lost: int = 0,
    previous: str | None = None,
    target: HostPort | None = None,
    distrusted: frozenset[str] = frozenset(),
) -> FoundRoutes:
    """`own` are the second pings by relay; what is not named answers as at first."""
    usable = {RouteVerdict.CHOSEN, RouteVerdict.STANDBY, RouteVerdict.POSSIBLE}
    pings = {
        entry.node_id: RelayPing(
            entry.node_id, (own or {}).get(entry.node_id, entry.client_ms), 0.5, entry.client_loss_percent or 0.0
        )
        for entry in candidates
        if entry.verdict in usable and entry.node_id not in distrusted
    }
    report = route_report(*candidates)
    ranked = [entry for entry in ranked_exits(report) if entry.node_id not in distrusted]
    survey = RelaySurvey(tuple(rank_nodes([_node(entry) for entry in candidates], list(pings.values()))))
    return FoundRoutes(
        game=game_detail(),
        target=target,
        targets=(),
        survey=survey,
        direct=direct_figures(direct_ms, lost=direct_lost),
        report=report,
        order=order_exits(ranked, list(pings.values()), previous),
        second=pings,
        previous=previous,
        distrusted=distrusted,
    )


def _node(candidate: RouteCandidate) -> Node:
    return msgspec.structs.replace(any_node(candidate.name, leg_ms=candidate.game_leg_ms), id=candidate.node_id)
