"""Live numbers of the tunnel, frozen at one moment, in the form that commands print and the dashboard shows. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plg.capture.packet_source import CaptureStats
from plg.contract.cli_output import (
    ComparisonView,
    FlowView,
    PathView,
    RedundancyView,
    RelayView,
    StandbyView,
    StatusDocument,
    TrafficView,
)
from plg.contract.sessions import RelayEndpoint, SessionGrant
from plg.protocol.client_session import ClientSession
from plg.protocol.path_meter import PathNumbers
from plg.tunnel.counterfactual import Comparison
from plg.tunnel.engine import EngineCounters
from plg.tunnel.flow_routes import Flow, Route
from plg.tunnel.grants import HostPort
from plg.tunnel.states import OVER_LIMIT_DOWN, OVER_LIMIT_UP, rfc3339

SHOWN_FLOWS: Final = 64
SHOWN_FOR_S: Final = 60.0
"""Implementation. A flow that is silent for a minute is no news any more, and a status line must stay readable."""


@dataclass(frozen=True, slots=True)
class PathFacts:
    """One path of the session in use; `kind` and `via` as in PathView."""

    path: int
    state: str
    numbers: PathNumbers
    kind: str = "direct"
    via: str | None = None
    is_primary: bool = True
    bytes_up: int = 0
    bytes_down: int = 0


@dataclass(frozen=True, slots=True)
class TunnelFacts:
    """What a snapshot is made of; times are clock seconds. None where the tunnel has not come so far yet."""

    state: str
    now_s: float
    began_s: float
    pid: int
    game: str
    capture: str | None
    message: str | None
    grant: SessionGrant | None = None
    relay: RelayEndpoint | None = None
    """The exit in use: the grant's, or its standby."""
    predicted_total_ms: float | None = None
    measured_rtt_ms: float | None = None
    """To the relay in use, as measured before the session: what the server's prediction was made with."""
    paths: tuple[PathFacts, ...] = ()
    redundancy: RedundancyView | None = None
    standby: StandbyView | None = None
    comparison: Comparison | None = None
    measured_total_ms: float | None = None
    prefers_direct: bool = False
    degraded_because: str | None = None
    exit_switches: int = 0
    drops: dict[str, int] | None = None
    counters: EngineCounters | None = None
    capture_stats: CaptureStats | None = None
    flows: tuple[Flow, ...] = ()


def status_document(facts: TunnelFacts, at: datetime) -> StatusDocument:
    """`at` is the wall clock in UTC."""
    grant = facts.grant
    return StatusDocument(
        state=facts.state,
        at=rfc3339(at),
        game=facts.game,
        pid=facts.pid,
        capture=facts.capture,
        uptime_s=round(facts.now_s - facts.began_s, 3),
        session_id=grant.session_id if grant is not None else None,
        relay=_relay(facts, facts.relay) if facts.relay is not None else None,
        predicted_total_ms=facts.predicted_total_ms,
        paths=[_path(path) for path in facts.paths],
        flows=_flows(facts.flows, facts.now_s),
        traffic=_traffic(facts),
        message=facts.message,
        redundancy=facts.redundancy,
        standby=facts.standby,
        comparison=_comparison(facts, facts.comparison) if facts.comparison is not None else None,
        degraded_because=facts.degraded_because,
        exit_switches=facts.exit_switches,
    )


def session_drops(session: ClientSession) -> dict[str, int]:
    """Datagrams that this end refused, by reason, and those that the relay dropped because they were over its limits."""
    drops = {str(reason): count for reason, count in session.drops.items()}
    over_limit = {OVER_LIMIT_UP: session.over_cap_up, OVER_LIMIT_DOWN: session.over_cap_down}
    return drops | {reason: count for reason, count in over_limit.items() if count}


def _relay(facts: TunnelFacts, relay: RelayEndpoint) -> RelayView:
    leg_ms = facts.comparison.leg_ms if facts.comparison is not None else None
    if leg_ms is None and facts.predicted_total_ms is not None and facts.measured_rtt_ms is not None:
        leg_ms = max(0.0, facts.predicted_total_ms - facts.measured_rtt_ms)
    return RelayView(
        node_id=relay.node_id,
        name=relay.name,
        country=relay.country,
        address=str(HostPort(relay.host, relay.port)),
        game_leg_ms=_rounded(leg_ms),
    )


def _path(facts: PathFacts) -> PathView:
    numbers = facts.numbers
    return PathView(
        path=facts.path,
        state=facts.state,
        rtt_ms=_rounded(numbers.rtt_ms),
        rtt_ms_p95=_rounded(numbers.rtt_ms_p95),
        jitter_up_ms=_rounded(numbers.jitter_up_ms),
        jitter_down_ms=_rounded(numbers.jitter_down_ms),
        loss_up_percent=_rounded(numbers.loss_up_percent),
        loss_down_percent=_rounded(numbers.loss_down_percent),
        kind=facts.kind,
        via=facts.via,
        is_primary=facts.is_primary,
        bytes_up=facts.bytes_up,
        bytes_down=facts.bytes_down,
    )


def _comparison(facts: TunnelFacts, found: Comparison) -> ComparisonView:
    verdict = "direct" if facts.prefers_direct else "unknown" if found.gain_ms is None else "boost"
    return ComparisonView(
        now_ms=_rounded(found.now_ms),
        direct_ms=_rounded(found.direct_ms),
        gain_ms=_rounded(found.gain_ms),
        verdict=verdict,
        game_leg_ms=_rounded(found.leg_ms),
        direct_jitter_ms=_rounded(found.direct_jitter_ms),
        direct_loss_percent=_rounded(found.direct_loss_percent),
        method=found.method,
        age_s=_rounded(found.age_s),
        estimated=found.estimated,
        measured_total_ms=_rounded(facts.measured_total_ms),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _flows(flows: tuple[Flow, ...], now_s: float) -> list[FlowView]:
    """The most recently used first."""
    recent = [flow for flow in flows if now_s - flow.used_at_s < SHOWN_FOR_S]
    recent.sort(key=lambda flow: flow.used_at_s, reverse=True)
    return [_flow(flow, now_s) for flow in recent[:SHOWN_FLOWS]]


def _flow(flow: Flow, now_s: float) -> FlowView:
    return FlowView(
        local_port=flow.key.local_port,
        destination=str(HostPort(flow.key.remote_address, flow.key.remote_port)),
        route=Route.DIRECT.value if flow.route is Route.DIRECT else Route.RELAY.value,
        why=flow.why.value if flow.why is not None else None,
        packets_up=flow.packets_up,
        packets_down=flow.packets_down,
        idle_s=round(max(0.0, now_s - flow.used_at_s), 1),
    )


def _traffic(facts: TunnelFacts) -> TrafficView | None:
    counters, stats = facts.counters, facts.capture_stats
    if counters is None or stats is None:
        return None
    dropped = dict(facts.drops or {})
    for reason, count in (*counters.dropped.items(), *stats.errors.items()):
        dropped[reason] = dropped.get(reason, 0) + count
    return TrafficView(
        packets_up=counters.packets_up,
        packets_down=counters.packets_down,
        bytes_up=counters.bytes_up,
        bytes_down=counters.bytes_down,
        direct=counters.direct + stats.fragments_direct,
        leaked=stats.leaked,
        dropped=dropped,
    )
