"""Live numbers of the tunnel, frozen at one moment, in the form that commands print and the dashboard shows. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plg.capture.packet_source import CaptureStats
from plg.contract.cli_output import FlowView, PathView, RelayView, StatusDocument, TrafficView
from plg.contract.sessions import SessionGrant
from plg.protocol.client_session import ClientSession, SessionState
from plg.protocol.path_meter import PathNumbers
from plg.tunnel.engine import EngineCounters
from plg.tunnel.flow_routes import Flow, Route
from plg.tunnel.grants import HostPort
from plg.tunnel.states import OVER_LIMIT_DOWN, OVER_LIMIT_UP, rfc3339

SHOWN_FLOWS: Final = 64
SHOWN_FOR_S: Final = 60.0
"""Implementation. A flow that is silent for a minute is no news any more, and a status line must stay readable."""


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
    measured_rtt_ms: float | None = None
    """To the relay in use, as measured before the session: what the server's prediction was made with."""
    session_state: SessionState | None = None
    numbers: PathNumbers | None = None
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
        relay=_relay(grant, facts.measured_rtt_ms) if grant is not None else None,
        predicted_total_ms=grant.predicted_total_ms if grant is not None else None,
        paths=[_path(facts.session_state, facts.numbers)] if facts.session_state and facts.numbers else [],
        flows=_flows(facts.flows, facts.now_s),
        traffic=_traffic(facts),
        message=facts.message,
    )


def session_drops(session: ClientSession) -> dict[str, int]:
    """Datagrams that this end refused, by reason, and those that the relay dropped because they were over its limits."""
    drops = {str(reason): count for reason, count in session.drops.items()}
    over_limit = {OVER_LIMIT_UP: session.over_cap_up, OVER_LIMIT_DOWN: session.over_cap_down}
    return drops | {reason: count for reason, count in over_limit.items() if count}


def _relay(grant: SessionGrant, measured_rtt_ms: float | None) -> RelayView:
    relay = grant.relay
    leg_ms = None
    if grant.predicted_total_ms is not None and measured_rtt_ms is not None:
        leg_ms = round(max(0.0, grant.predicted_total_ms - measured_rtt_ms), 3)
    return RelayView(
        node_id=relay.node_id,
        name=relay.name,
        country=relay.country,
        address=str(HostPort(relay.host, relay.port)),
        game_leg_ms=leg_ms,
    )


def _path(state: SessionState, numbers: PathNumbers) -> PathView:
    return PathView(
        path=0,
        state=state.value,
        rtt_ms=_rounded(numbers.rtt_ms),
        rtt_ms_p95=_rounded(numbers.rtt_ms_p95),
        jitter_up_ms=_rounded(numbers.jitter_up_ms),
        jitter_down_ms=_rounded(numbers.jitter_down_ms),
        loss_up_percent=_rounded(numbers.loss_up_percent),
        loss_down_percent=_rounded(numbers.loss_down_percent),
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
