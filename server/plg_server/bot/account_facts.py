"""What /status tells of an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from plg_server.bot.world import BotWorld
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session

MOST_SESSIONS = 10
"""Lines of one message; a plan allows a few."""

MEASURED_SINCE = timedelta(days=30)

MOST_MEASURED = 500
"""Sessions that the average is made of: the newest ones."""


@dataclass(frozen=True, slots=True)
class RunningSession:
    """A session that runs now."""

    game: str
    relay: str
    minutes: int


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """`gain_ms`: how much lower the ping through PLG was on average, rounded; None when nothing was measured on both ways."""

    state: str
    plan: str
    ends_on: str
    days_left: int
    sessions: tuple[RunningSession, ...]
    total_sessions: int
    total_hours: int
    total_bytes: int
    measured: int
    gain_ms: int | None


async def status_facts(world: BotWorld, account: Account) -> StatusFacts:
    """Needs an active database."""
    now = world.clock()
    shown = await world.subscriptions.describe(account.id)
    measured, gain_ms = await _gain(account.id, now)
    return StatusFacts(
        state=shown.state.value,
        plan=shown.plan or "",
        ends_on=(shown.ends_at or "")[:10],
        days_left=shown.days_left or 0,
        sessions=await _running(world, account.id, now),
        total_sessions=account.total_sessions,
        total_hours=round(account.total_seconds / 3600),
        total_bytes=account.total_bytes,
        measured=measured,
        gain_ms=gain_ms,
    )


async def _running(world: BotWorld, account_id: str, now: datetime) -> tuple[RunningSession, ...]:
    live = Session.filter(account_id=account_id, ended_at=None, expires_at__gt=now)
    rows = await live.order_by("-started_at").limit(MOST_SESSIONS).select_related("node")
    found = []
    for row in rows:
        profile = world.catalog.find(row.game)
        minutes = max(0, int((now - row.started_at).total_seconds() // 60))
        found.append(RunningSession(row.game if profile is None else profile.detail.name, row.node.name, minutes))
    return tuple(found)


async def _gain(account_id: str, now: datetime) -> tuple[int, int | None]:
    rows = (
        await Session.filter(account_id=account_id, started_at__gt=now - MEASURED_SINCE)
        .filter(direct_ms__not_isnull=True, measured_total_ms__not_isnull=True)
        .order_by("-started_at")
        .limit(MOST_MEASURED)
        .values_list("direct_ms", "measured_total_ms")
    )
    gains = [float(direct_ms) - float(total_ms) for direct_ms, total_ms in rows]
    return len(gains), round(sum(gains) / len(gains)) if gains else None
