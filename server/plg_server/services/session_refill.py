"""New relays in the places of a running session's dead ones."""

from collections.abc import Sequence
from datetime import datetime

from plg_server.models.sessions import Session, SessionRelay
from plg_server.services.route_choice import choose_exits
from plg_server.services.route_matrix import RouteMatrix
from plg_server.services.session_grants import MODES
from plg_server.services.session_relays import STANDBY, TRANSIT, Company, standby_row, transit_row
from plg_server.services.session_ways import PathPlan, degraded_line, more_transits


def plan_of(session: Session) -> PathPlan:
    """How many ways the session was given when it started."""
    places = max(0, session.max_paths - session.interfaces)
    return PathPlan(MODES.get(session.mode, "off"), session.interfaces, places)


def shortfall(session: Session, company: Company) -> str | None:
    """One line when relays of the session cannot be used now; what was said before when all can."""
    if company.missing is None:
        return session.degraded_because
    plan = plan_of(session)
    return degraded_line(
        plan,
        len(company.transits),
        company.missing,
        standby_wanted=session.wants_standby,
        has_standby=company.standby is not None,
        asked=plan.interfaces,
    )


def refill(
    session: Session,
    matrix: RouteMatrix,
    kept: Sequence[SessionRelay],
    now: datetime,
    *,
    exclude: frozenset[str],
    failed_standby: frozenset[str],
) -> tuple[list[SessionRelay], str | None]:
    """Rows for the free transit places and, where one is wanted and missing, the standby; and how the session falls short.

    The session's exit must be in the matrix. `exclude` are relays that failed as transits, `failed_standby` as standby: what failed
    as the one may still be good as the other.
    """
    exit_relay = matrix.relay(session.node_id)
    if exit_relay is None:
        raise ValueError(f"the exit {session.node_id} is not alive")
    plan = plan_of(session)
    transits = [row for row in kept if row.role == TRANSIT]
    free = [path for path in range(1, plan.transit_places + 1) if path not in {row.path for row in transits}]
    had = [relay for row in transits if (relay := matrix.relay(row.node_id)) is not None]
    new: list[SessionRelay] = []
    no_transit = None
    if free:
        found, no_transit = more_transits(matrix, exit_relay, len(free), exclude=exclude, kept=had)
        new = [transit_row(session, entry, path, now) for path, entry in zip(free, found, strict=False)]
    has_standby = any(row.role == STANDBY for row in kept)
    if session.wants_standby and not has_standby:
        others = [relay for relay in matrix.relays if not relay.shares_host(exit_relay)]
        best = choose_exits(others, exclude=failed_standby).chosen
        if best is not None and best.relay.answered is not False:
            new.append(standby_row(session, best, now))
            has_standby = True
    degraded = degraded_line(
        plan,
        len(transits) + sum(row.role == TRANSIT for row in new),
        no_transit,
        standby_wanted=session.wants_standby,
        has_standby=has_standby,
        asked=plan.interfaces,
    )
    return new, degraded
