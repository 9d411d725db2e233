"""The server in figures: accounts, plans, sessions, income, relays. Counted in the database when asked for."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from tortoise.expressions import Q
from tortoise.functions import Count, Sum

from plg.contract import admin_stats as contract
from plg.contract.nodes import NodeState
from plg_server.ids import timestamp
from plg_server.models.accounts import Account
from plg_server.models.nodes import Node
from plg_server.models.payments import Payment
from plg_server.models.sessions import Session
from plg_server.services.account_deletion import DELETED_ROLE
from plg_server.services.money import to_text
from plg_server.services.relay_state import RelayStates

MONTHS = 12
"""How far back income is shown: a year, the longest plan."""

DAY, WEEK = timedelta(days=1), timedelta(days=7)

EARNED = ("credited", "refunded", "charged_back")
"""States of payments that bought days, whatever became of them."""


async def stats(states: RelayStates, now: datetime) -> contract.Stats:
    """All figures as they are now. Raises StoreUnavailable, as only the store knows which relays are up."""
    return contract.Stats(
        at=timestamp(now),
        accounts=await _accounts(now),
        plans=await _plans(now),
        sessions=await _sessions(now),
        income=[figure for month in last_months(now, MONTHS) for figure in await _income(*month)],
        relays=await _relays(states),
        payments_waiting=await Payment.filter(state="unmatched").count(),
    )


def last_months(now: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """Beginning and end (UTC) of this month and those before it, newest first."""
    months = []
    year, month = now.astimezone(UTC).year, now.astimezone(UTC).month
    ends = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    for _ in range(count):
        starts = (ends - DAY).replace(day=1)
        months.append((starts, ends))
        ends = starts
    return months


async def _accounts(now: datetime) -> contract.AccountFigures:
    there = Account.exclude(role=DELETED_ROLE)
    return contract.AccountFigures(
        total=await there.count(),
        banned=await there.filter(banned_at__not_isnull=True).count(),
        new_day=await there.filter(created_at__gt=now - DAY).count(),
        new_week=await there.filter(created_at__gt=now - WEEK).count(),
    )


async def _plans(now: datetime) -> list[contract.PlanFigure]:
    """Accounts by the plan of their own that runs, most first."""
    running = Account.filter(Q(plan_expires_at=None) | Q(plan_expires_at__gt=now), plan_name__not_isnull=True)
    rows = await running.annotate(accounts=Count("id")).group_by("plan_name").values("plan_name", "accounts")
    figures = [contract.PlanFigure(plan=str(row["plan_name"]), accounts=int(row["accounts"])) for row in rows]
    return sorted(figures, key=lambda figure: (-figure.accounts, figure.plan))


async def _sessions(now: datetime) -> contract.SessionFigures:
    day, bytes_day = await _begun(now - DAY)
    week, bytes_week = await _begun(now - WEEK)
    ever = await Account.all().annotate(bytes=Sum("total_bytes")).values("bytes")
    return contract.SessionFigures(
        now=await Session.filter(ended_at=None, expires_at__gt=now).count(),
        day=day,
        week=week,
        bytes_day=bytes_day,
        bytes_week=bytes_week,
        bytes_ever=int(ever[0]["bytes"] or 0),
    )


async def _begun(since: datetime) -> tuple[int, int]:
    """Sessions that began since then, and their bytes both ways."""
    rows = (
        await Session.filter(started_at__gt=since)
        .annotate(sessions=Count("id"), up=Sum("bytes_up"), down=Sum("bytes_down"))
        .values("sessions", "up", "down")
    )
    return int(rows[0]["sessions"]), int(rows[0]["up"] or 0) + int(rows[0]["down"] or 0)


async def _income(starts: datetime, ends: datetime) -> list[contract.IncomeFigure]:
    """One month, a row for each currency that came."""
    rows = (
        await Payment.filter(paid_at__gte=starts, paid_at__lt=ends, state__in=EARNED)
        .annotate(payments=Count("id"), amount=Sum("amount_minor"), refunded=Sum("refunded_minor"))
        .group_by("currency")
        .values("currency", "payments", "amount", "refunded")
    )
    figures = [
        contract.IncomeFigure(
            month=starts.strftime("%Y-%m"),
            currency=str(row["currency"]),
            payments=int(row["payments"]),
            amount=to_text(int(row["amount"])),
            refunded=to_text(int(row["refunded"])),
        )
        for row in rows
    ]
    return sorted(figures, key=lambda figure: figure.currency)


async def _relays(states: RelayStates) -> contract.RelayFigures:
    seen: Counter[str] = Counter()
    for node in await Node.filter(deleted_at=None):
        state = None if node.disabled_at is not None else await states.get(node.id)
        if node.disabled_at is not None:
            seen["disabled"] += 1
        elif state is None:
            seen["down"] += 1
        else:
            seen["draining" if state.state is NodeState.DRAINING else "up"] += 1
    return contract.RelayFigures(up=seen["up"], draining=seen["draining"], down=seen["down"], disabled=seen["disabled"])
