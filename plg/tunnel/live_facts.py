"""The session's live objects, read into plain facts for status and dashboard."""

from dataclasses import replace

from plg.contract.cli_output import RedundancyView, StandbyView
from plg.protocol.client_session import PathState, SessionState
from plg.tunnel.counterfactual import Comparison
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.relay_survey import RelaySurvey
from plg.tunnel.session_keeper import SessionKeeper
from plg.tunnel.session_paths import SessionPaths
from plg.tunnel.snapshot import PathFacts, TunnelFacts


def path_facts(link: RelayLink, paths: SessionPaths, now: float) -> tuple[PathFacts, ...]:
    """Every path of a session. Before the first hand-shake, and while all are silent, the session's state says more than theirs."""
    session = link.session
    states = session.paths
    alone = len(states) == 1 and session.state is not SessionState.ESTABLISHED
    found = []
    for number in sorted(states):
        kind, via = paths.describe(number)
        found.append(
            PathFacts(
                number,
                session.state.value if alone else _state(states[number]),
                session.numbers(now, number),
                kind,
                via,
                is_primary=number == session.primary_path,
                bytes_up=link.bytes_up.get(number, 0),
                bytes_down=link.bytes_down.get(number, 0),
            )
        )
    return tuple(found)


def _state(state: PathState) -> str:
    return PathState.BINDING.value if state is PathState.PROVING else state.value


def redundancy_view(link: RelayLink) -> RedundancyView:
    """What copies cost and bought."""
    figures = link.session.redundancy_figures
    return RedundancyView(
        mode=figures.mode.value,
        level_up=int(figures.level_up),
        saved_up=figures.saved_up,
        saved_down=figures.saved_down,
        lost_up=figures.lost_up,
        lost_down=figures.lost_down,
        bytes_ratio_up=round(figures.bytes_ratio_up, 3),
        bytes_ratio_down=round(figures.bytes_ratio_down, 3),
    )


def standby_view(keeper: SessionKeeper) -> StandbyView | None:
    """The exit in reserve, None when there is none."""
    grant = keeper.standby.grant
    if grant is None:
        return None
    relay = grant.relay
    return StandbyView(node_id=relay.node_id, name=relay.name, country=relay.country, state=keeper.standby.state)


def with_session(
    facts: TunnelFacts,
    keeper: SessionKeeper,
    engine: TunnelEngine,
    link: RelayLink,
    survey: RelaySurvey,
    comparison: Comparison | None,
) -> TunnelFacts:
    """The facts of a tunnel that has a session."""
    relay = keeper.relay
    return replace(
        facts,
        grant=keeper.grant,
        relay=relay,
        predicted_total_ms=keeper.predicted_total_ms,
        measured_rtt_ms=survey.rtt_ms(relay.node_id) if relay is not None else None,
        paths=path_facts(link, keeper.paths, facts.now_s),
        redundancy=redundancy_view(link),
        standby=standby_view(keeper),
        comparison=comparison,
        measured_total_ms=engine.first_replies.best_ms,
        prefers_direct=engine.routes.direct_is_better,
        degraded_because=keeper.degraded_because(),
        exit_switches=keeper.exit_switches,
    )
