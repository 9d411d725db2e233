"""The server's answer about routes, made by hand."""

from collections.abc import Sequence

from plg.contract.nodes import NodeState
from plg.contract.routes import (
    DirectAdvice,
    DirectVerdict,
    RouteCandidate,
    RouteReport,
    RouteVerdict,
    TransitCandidate,
)


def route_candidate(
    node_id: str,
    *,
    client_ms: float | None = 20.0,
    game_leg_ms: float | None = 10.0,
    bias_ms: float = 0.0,
    loss_penalty_ms: float = 0.0,
    load_penalty_ms: float = 0.0,
    jitter_penalty_ms: float = 0.0,
    client_loss_percent: float | None = 0.0,
    score_ms: float | None = None,
    rank: int | None = None,
    verdict: RouteVerdict = RouteVerdict.POSSIBLE,
    because: str = "",
    transits: Sequence[TransitCandidate] = (),
    name: str | None = None,
) -> RouteCandidate:
    """An exit; its total and score are the sum of its terms unless `score_ms` says otherwise."""
    total_ms = None if client_ms is None or game_leg_ms is None else client_ms + game_leg_ms + bias_ms
    if score_ms is None:
        score_ms = (total_ms or 0.0) + loss_penalty_ms + load_penalty_ms + jitter_penalty_ms
    return RouteCandidate(
        node_id=node_id,
        name=name or node_id.title(),
        country="DE",
        city="Frankfurt",
        state=NodeState.UP,
        client_ms=client_ms,
        client_p95_ms=None if client_ms is None else client_ms + 1,
        client_loss_percent=client_loss_percent,
        game_leg_ms=game_leg_ms,
        game_leg_claimed_ms=game_leg_ms,
        game_leg_region="eu" if game_leg_ms is not None else None,
        game_leg_age_s=12.0 if game_leg_ms is not None else None,
        game_leg_estimated=game_leg_ms is None,
        game_leg_doubted=False,
        jitter_penalty_ms=jitter_penalty_ms,
        loss_penalty_ms=loss_penalty_ms,
        load_penalty_ms=load_penalty_ms,
        load_percent=25.0,
        bias_ms=bias_ms,
        predicted_total_ms=total_ms,
        score_ms=score_ms,
        rank=rank,
        verdict=verdict,
        because=because,
        transits=list(transits),
    )


def route_transit(
    node_id: str, *, verdict: RouteVerdict = RouteVerdict.POSSIBLE, adds_ms: float | None = 4.0
) -> TransitCandidate:
    return TransitCandidate(
        node_id=node_id,
        name=node_id.title(),
        country="NL",
        client_ms=15.0,
        mesh_ms=9.0,
        predicted_total_ms=34.0,
        adds_ms=adds_ms,
        verdict=verdict,
        because="its way is another one",
    )


def route_report(
    *candidates: RouteCandidate,
    advice: DirectAdvice = DirectAdvice.UNKNOWN,
    gain_ms: float | None = None,
    because: str = "the direct way was not measured",
) -> RouteReport:
    """The first that may be chosen is chosen."""
    chosen = next((entry.node_id for entry in candidates if entry.verdict is RouteVerdict.CHOSEN), None)
    standby = next((entry.node_id for entry in candidates if entry.verdict is RouteVerdict.STANDBY), None)
    return RouteReport(
        game="openarena",
        target=None,
        region="eu",
        max_paths=3,
        candidates=list(candidates),
        chosen=chosen,
        standby=standby,
        direct_verdict=DirectVerdict(advice=advice, gain_ms=gain_ms, because=because),
    )
