"""A paid day on which nothing was gained does not count: it is given back, once, with a line in the history that says why.

What a day was is `fair_days`'s to say. Here stand the bounds that hold whatever a client claims: only days that a payment covers,
each once, a quarter of each payment's days at most, seven in any thirty days, and with the payment they go back too.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from tortoise.transactions import in_transaction

from plg_server.models.billing import SubscriptionGrant
from plg_server.models.sessions import Session
from plg_server.services.entitlement import Days, Period, give, lock_account, periods
from plg_server.services.fair_days import DayVerdict, PlayedSession, best_gain_ms, judge_day

SOURCE = "outcome_fair"
PAYMENT_SOURCE = "payment"

WAIT = timedelta(hours=24)
"""A day is judged so long after its end: sessions that began late in it have ended and were measured by then."""

LOOK_BACK_DAYS = 7
"""So many days are looked at each time, so that a job that did not run for some days misses none."""

ONE_OF_DAYS = 4
"""Of a payment's days one in so many at most comes back: who lies all the time has a discount of a quarter, and no more."""

MOST_IN_WINDOW = 7
WINDOW_DAYS = 30

ACCOUNTS_AT_ONCE = 200


async def give_fair_days(now: datetime) -> int:
    """Judge the days that are over, and give back those without a gain. How many; saying it again gives none."""
    last = (now.astimezone(UTC) - WAIT).date() - timedelta(days=1)
    first = last - timedelta(days=LOOK_BACK_DAYS - 1)
    given = 0
    async for account_ids in _payers():
        by_day = await _sessions(account_ids, first, last, now)
        for (account_id, day), sessions in sorted(by_day.items()):
            played = [_played(session, now) for session in sessions]
            if all(_is_over(session, now) for session in sessions) and judge_day(played) is DayVerdict.FAIR:
                given += await _give_back(account_id, day, sessions[0].started_at, played, now)
    return given


async def take_fair_days_back(grant: SubscriptionGrant, because: str, now: datetime) -> None:
    """Inside a transaction: the payment of this grant went back, and so do the days that were given back of it."""
    # A day of it may be given at this moment: that one ends first, and is seen then.
    await lock_account(grant.account_id)
    rows = SubscriptionGrant.filter(account_id=grant.account_id, source=SOURCE, reference__startswith=f"{grant.id}:")
    await rows.filter(revoked_at=None).update(revoked_at=now, revoked_because=because)


async def _give_back(
    account_id: str, day: date, began_at: datetime, played: Sequence[PlayedSession], now: datetime
) -> int:
    async with in_transaction():
        if await lock_account(account_id) is None:
            return 0
        grants = await SubscriptionGrant.filter(account_id=account_id)
        paid = _covering(periods(grants), began_at)
        returned = [grant for grant in grants if grant.source == SOURCE]
        # Also what was taken back again counts: a day is given back once, ever.
        if paid is None or any(_day_of(grant) == day for grant in returned):
            return 0
        of_this_payment = [grant for grant in returned if grant.reference.startswith(f"{paid.id}:")]
        near = [grant for grant in returned if abs((_day_of(grant) - day).days) < WINDOW_DAYS]
        if len(of_this_payment) >= paid.days // ONE_OF_DAYS or len(near) >= MOST_IN_WINDOW:
            return 0
        note = f"{len(played)} sessions, the best {best_gain_ms(played):+.1f} ms against the direct way"
        await give(
            account_id,
            Days(paid.plan_name, paid.max_sessions, 1, SOURCE, f"{paid.id}:{day.isoformat()}", note=note),
            now,
        )
    return 1


def _covering(placed: Sequence[Period], moment: datetime) -> SubscriptionGrant | None:
    """The payment's grant in whose time this moment lies; None for a trial's, a gift's and the like."""
    found = next((one.grant for one in placed if one.starts_at <= moment < one.ends_at), None)
    return found if found is not None and found.source == PAYMENT_SOURCE else None


def _day_of(grant: SubscriptionGrant) -> date:
    return date.fromisoformat(grant.reference.rpartition(":")[2])


async def _payers() -> AsyncIterator[list[str]]:
    """The accounts with a payment that stands, some at a time."""
    last = ""
    while True:
        paid = SubscriptionGrant.filter(source=PAYMENT_SOURCE, revoked_at=None, account_id__gt=last)
        rows = await paid.order_by("account_id").distinct().limit(ACCOUNTS_AT_ONCE).values_list("account_id", flat=True)
        if not rows:
            return
        last = str(rows[-1])
        yield [str(row) for row in rows]


async def _sessions(
    account_ids: Sequence[str], first: date, last: date, now: datetime
) -> dict[tuple[str, date], list[Session]]:
    """The sessions that began on these days, by account and day, the earliest first."""
    since = datetime.combine(first, time(), UTC)
    until = min(datetime.combine(last + timedelta(days=1), time(), UTC), now)
    rows = await Session.filter(account_id__in=account_ids, started_at__gte=since, started_at__lt=until).order_by(
        "started_at", "id"
    )
    by_day: dict[tuple[str, date], list[Session]] = defaultdict(list)
    for row in rows:
        by_day[row.account_id, row.started_at.astimezone(UTC).date()].append(row)
    return by_day


def _is_over(session: Session, now: datetime) -> bool:
    return session.ended_at is not None or session.expires_at <= now


def _played(session: Session, now: datetime) -> PlayedSession:
    ended_at = session.ended_at or min(session.expires_at, now)
    lasted_s = max(0.0, (ended_at - session.started_at).total_seconds())
    is_measured = session.measured_at is not None
    return PlayedSession(
        # A client that says less than our clock does not make its session too short to count.
        seconds=lasted_s if not is_measured else max(lasted_s, session.seconds),
        is_measured=is_measured,
        own_leg_ms=session.rtt_ms_p50,
        total_ms=session.measured_total_ms,
        direct_ms=session.direct_ms,
        predicted_ms=session.predicted_total_ms,
        packets=session.packets_down,
        saved=session.saved_up + session.saved_down,
    )
