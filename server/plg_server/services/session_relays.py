"""The further relays of sessions in the database: transits and standby, from the start to the last revocation."""

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from plg.protocol.constants import KEY_LENGTH
from plg_server.ids import new_id
from plg_server.models.sessions import Session, SessionRelay
from plg_server.services.nodes import LiveNode
from plg_server.services.route_choice import RankedExit
from plg_server.services.route_matrix import RouteMatrix
from plg_server.services.session_grants import Standby, Transit
from plg_server.services.transit_choice import RankedTransit

TRANSIT = "transit"
STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class Company:
    """The further relays of one session that live now, and why others are missing from it."""

    transits: tuple[Transit, ...]
    standby: Standby | None
    missing: str | None


def fresh_secret() -> str:
    """32 random bytes in base64: K of a session, Kt of a transit."""
    return base64.b64encode(secrets.token_bytes(KEY_LENGTH)).decode()


def transit_row(session: Session, entry: RankedTransit, path: int, now: datetime) -> SessionRelay:
    """A transit for path number `path`; it carries the session's own id."""
    return SessionRelay(
        id=new_id(),
        session_id=session.id,
        node_id=entry.relay.node_id,
        role=TRANSIT,
        path=path,
        cid=session.cid,
        secret=fresh_secret(),
        predicted_total_ms=entry.total_ms,
        chosen_because=entry.because[:255],
        added_at=now,
    )


def standby_row(session: Session, entry: RankedExit, now: datetime) -> SessionRelay:
    """A standby exit, with an id and a secret of its own."""
    return SessionRelay(
        id=new_id(),
        session_id=session.id,
        node_id=entry.relay.node_id,
        role=STANDBY,
        cid=secrets.token_hex(8),
        secret=fresh_secret(),
        predicted_total_ms=entry.relay.total_ms,
        chosen_because=entry.because[:255],
        added_at=now,
    )


async def rows_of(session: Session) -> list[SessionRelay]:
    """Those that are part of the session now, with their nodes; transits by path number."""
    rows = SessionRelay.filter(session_id=session.id, removed_at=None).order_by("role", "path", "id")
    return await rows.select_related("node")


def company_of(session: Session, live: LiveNode, rows: Sequence[SessionRelay], matrix: RouteMatrix) -> Company:
    """What of it can be used now: a silent relay is left out and comes back when it does."""
    transits, missing = [], []
    standby = None
    for row in rows:
        found = matrix.live.get(row.node_id)
        if found is None:
            missing.append("a relay of this session does not answer the server")
        elif row.role == STANDBY:
            standby = Standby(row, found)
        elif row.path >= session.max_paths:
            missing.append("this session may have fewer paths than before")
        elif live.state.mask or found.state.mask:
            missing.append(f"{(live if live.state.mask else found).node.name} wants masked headers")
        elif (hop := matrix.hop(row.node_id, live.node.id)) is None:
            missing.append(f"{found.node.name} cannot reach {live.node.name}")
        else:
            transits.append(Transit(row, found, *hop))
    return Company(tuple(transits), standby, missing[0] if missing else None)


async def all_of(session_ids: Iterable[str]) -> list[SessionRelay]:
    """Every relay that those sessions ever had, with its node: each may hold a ticket that still opens."""
    return await SessionRelay.filter(session_id__in=list(session_ids)).select_related("node")


async def forget_secrets(session_ids: Iterable[str]) -> None:
    """The sessions have ended: nobody gets these keys again."""
    await SessionRelay.filter(session_id__in=list(session_ids)).update(secret="")
