"""A player's own past on the pages: sessions by game, one with its relays and ways, and what they gained, from their own figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import msgspec

from plg.contract import sessions as contract
from plg.contract.problem import ErrorCode
from plg_server.models.sessions import Session, SessionRelay
from plg_server.problems import ApiError
from plg_server.services.session_records import record_of

GAIN_SESSIONS = 200
"""The newest so many say what PLG gains now: routes of last year do not."""

ENOUGH_SESSIONS = 5
"""Fewer than so many measured sessions are chance: no figure is shown."""

ENOUGH_PACKETS = 10_000
"""About five minutes of play: fewer packets say nothing about losses."""


@dataclass(frozen=True)
class MeasuredGain:
    """What the newest sessions measured themselves.

    `gain_ms` is the median of (direct - through PLG), above 0 is better with PLG; `saved_percent` is the share of arrived packets that
    only a copy brought. Both are None until there is enough to tell.
    """

    gain_ms: float | None
    sessions_measured: int
    saved_percent: float | None
    packets: int


@dataclass(frozen=True)
class UsedRelay:
    """A relay of a session: `role` is exit, transit or standby."""

    name: str
    role: str
    path: int
    replaced: bool
    why: str


@dataclass(frozen=True)
class OwnSession:
    """One session with what its client told of each way."""

    record: contract.SessionRecord
    relays: Sequence[UsedRelay]
    paths: Sequence[contract.PathMetrics]


async def page_of(account_id: str, game: str | None, limit: int, offset: int, now: datetime) -> contract.SessionPage:
    """The account's sessions, newest first; those of one game when it is named."""
    mine = Session.filter(account_id=account_id)
    if game is not None:
        mine = mine.filter(game=game)
    rows = await mine.order_by("-started_at", "-id").limit(limit).offset(offset).select_related("node")
    return contract.SessionPage(
        sessions=[record_of(row, now) for row in rows], total=await mine.count(), limit=limit, offset=offset
    )


async def played_games(account_id: str) -> list[str]:
    """The games of the account's sessions, by name."""
    rows = await Session.filter(account_id=account_id).distinct().values_list("game", flat=True)
    return sorted(str(game) for game in rows)


async def one_of(account_id: str, session_id: str, now: datetime) -> OwnSession:
    """The account's own session. Raises ApiError `session_not_found`, also for another account's."""
    row = await Session.get_or_none(id=session_id, account_id=account_id).select_related("node")
    if row is None:
        raise ApiError(ErrorCode.SESSION_NOT_FOUND, f"you have no session '{session_id}'")
    others = await SessionRelay.filter(session_id=row.id).order_by("added_at", "id").select_related("node")
    relays = [UsedRelay(row.node.name, "exit", 0, replaced=False, why=row.chosen_because)]
    relays += [
        UsedRelay(one.node.name, one.role, one.path, replaced=one.removed_at is not None, why=one.chosen_because)
        for one in others
    ]
    paths = msgspec.json.decode(row.paths, type=list[contract.PathMetrics]) if row.paths else []
    return OwnSession(record_of(row, now), relays, paths)


async def measured_gain(account_id: str) -> MeasuredGain:
    """From the newest sessions that handed in their figures."""
    rows = (
        await Session.filter(account_id=account_id, measured_at__isnull=False)
        .order_by("-started_at", "-id")
        .limit(GAIN_SESSIONS)
        .values_list("measured_total_ms", "direct_ms", "saved_up", "saved_down", "packets_up", "packets_down")
    )
    gains = [direct - boosted for boosted, direct, *_ in rows if boosted is not None and direct is not None]
    saved = sum(row[2] + row[3] for row in rows)
    packets = sum(row[4] + row[5] for row in rows)
    return MeasuredGain(
        gain_ms=median(gains) if len(gains) >= ENOUGH_SESSIONS else None,
        sessions_measured=len(gains),
        saved_percent=100.0 * saved / packets if packets >= ENOUGH_PACKETS else None,
        packets=packets,
    )
