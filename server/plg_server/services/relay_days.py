"""How long each relay was heard on each day of the last ninety: what the status page calls availability.

A look adds the time since the look before it, as heard or as not heard. Time that nobody looked at is in neither sum: the server
was away, or had just begun to listen, or hears nobody at all of several relays, which is a fault of its own and not of all of them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from plg_server.ids import new_id
from plg_server.models.status import RelayDay
from plg_server.services.relay_state import SILENT_AFTER_S

DAYS = 90
"""What the status page shows, today included."""

KEEP_DAYS = DAYS + 1
"""One more, because the page may be asked for just before midnight and the cleaning come just after it."""

LONGEST_GAP = timedelta(seconds=90)
"""Three rounds. Between looks further apart than this anything may have happened."""

LISTENING_S = SILENT_AFTER_S + 5.0
"""A server that has just begun cannot tell silence from not having listened: the life of a heartbeat, and one more."""


@dataclass(frozen=True, slots=True)
class Look:
    """One relay at the moment of a round. `sessions` is its own count, 0 while it is not heard."""

    node_id: str
    heard: bool
    sessions: int


@dataclass(frozen=True, slots=True)
class DaySums:
    """One relay's day: seconds that were looked at, those of them in which it was heard, and the most sessions at once."""

    looked_s: int
    heard_s: int
    peak_sessions: int


class RelayDays:
    """Fills the days; `note` needs an active database. `monotonic` gives seconds of this process's own life."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._began_s = monotonic()

    async def note(self, looks: Sequence[Look], now: datetime) -> None:
        """Add what one round saw. A round that was broken off and is made again, here or elsewhere, counts nothing twice."""
        deaf = len(looks) > 1 and not any(look.heard for look in looks)
        listened = self._monotonic() - self._began_s >= LISTENING_S
        today, yesterday = day_of(now), day_of(now - timedelta(days=1))
        rows = await RelayDay.filter(node_id__in=[look.node_id for look in looks], day__in=[today, yesterday])
        known = {(row.node_id, row.day): row for row in rows}
        for look in looks:
            row = known.get((look.node_id, today))
            before = known.get((look.node_id, yesterday))
            newest = row or before
            since = None if newest is None else newest.looked_at
            if deaf or not listened or since is None or not timedelta() <= now - since <= LONGEST_GAP:
                await _begin(look, row, today, now)
                continue
            if row is None and before is not None:
                midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
                await _add(look, before, midnight)
                row = await _new(look.node_id, today, midnight)
            if row is not None:
                await _add(look, row, now)


async def history(now: datetime) -> Mapping[str, Mapping[str, DaySums]]:
    """The sums of the last DAYS days by relay and day ("2026-11-22")."""
    found: dict[str, dict[str, DaySums]] = {}
    first = day_of(now - timedelta(days=DAYS - 1))
    for row in await RelayDay.filter(day__gte=first, day__lte=day_of(now)).order_by("day"):
        found.setdefault(row.node_id, {})[row.day] = DaySums(row.seconds_looked, row.seconds_heard, row.peak_sessions)
    return found


def day_of(moment: datetime) -> str:
    """The UTC day of a moment, as it is kept."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def last_days(now: datetime) -> list[str]:
    """The days that are shown, oldest first."""
    return [day_of(now - timedelta(days=ago)) for ago in range(DAYS - 1, -1, -1)]


async def forget_days(now: datetime) -> int:
    """Delete what the page shows no more; returns how many rows."""
    return await RelayDay.filter(day__lt=day_of(now - timedelta(days=KEEP_DAYS))).delete()


async def _begin(look: Look, row: RelayDay | None, day: str, now: datetime) -> None:
    """Look from here on; what lies before was not looked at."""
    if row is None:
        row = await _new(look.node_id, day, now)
    if row is not None:
        await _unchanged(row).update(looked_at=now, peak_sessions=max(row.peak_sessions, look.sessions))


async def _add(look: Look, row: RelayDay, until: datetime) -> None:
    seconds = round((until - row.looked_at).total_seconds())
    await _unchanged(row).update(
        looked_at=until,
        seconds_looked=F("seconds_looked") + seconds,
        seconds_heard=F("seconds_heard") + (seconds if look.heard else 0),
        peak_sessions=max(row.peak_sessions, look.sessions),
    )


async def _new(node_id: str, day: str, looked_at: datetime) -> RelayDay | None:
    """The day's row, made by whoever comes first."""
    await RelayDay.bulk_create(
        [RelayDay(id=new_id(), node_id=node_id, day=day, looked_at=looked_at)], ignore_conflicts=True
    )
    return await RelayDay.get_or_none(node_id=node_id, day=day)


def _unchanged(row: RelayDay) -> QuerySet[RelayDay]:
    """Nothing, when another replica has added the same time meanwhile."""
    return RelayDay.filter(id=row.id, looked_at=row.looked_at)
