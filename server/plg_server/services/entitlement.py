"""The days that an account has: given for a reason, once for each reason, and taken back when the reason falls away.

The end is a fold over all grants that stand: each begins when it was given or when the one before it ends, whichever is
later. So days stack, and taking one grant back moves the later ones forward. The result is written to the account's plan
columns, where every request reads it anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plg_server.ids import new_id
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant


@dataclass(frozen=True)
class Days:
    """What is given. `reference` names the reason; source and reference together are given once, ever."""

    plan_name: str
    max_sessions: int
    days: int
    source: str
    reference: str
    note: str = ""
    """Why, for the account's owner."""


@dataclass(frozen=True)
class Period:
    """A grant with its place in time."""

    grant: SubscriptionGrant
    starts_at: datetime
    ends_at: datetime


def periods(grants: Sequence[SubscriptionGrant]) -> list[Period]:
    """Where each grant that stands lies in time, in order."""
    placed: list[Period] = []
    for grant in sorted(grants, key=lambda one: (one.granted_at, one.id)):
        if grant.revoked_at is not None:
            continue
        starts_at = max(grant.granted_at, placed[-1].ends_at) if placed else grant.granted_at
        placed.append(Period(grant, starts_at, starts_at + timedelta(days=grant.days)))
    return placed


async def lock_account(account_id: str) -> Account | None:
    """Inside a transaction: what concerns this account's money comes one after the other from here on."""
    return await Account.filter(id=account_id).select_for_update().first()


async def give(account_id: str, days: Days, now: datetime) -> SubscriptionGrant:
    """Inside a transaction. Raises IntegrityError when it was given before: the transaction must then be left."""
    await lock_account(account_id)
    grant = await SubscriptionGrant.create(
        id=new_id(),
        account_id=account_id,
        plan_name=days.plan_name,
        max_sessions=days.max_sessions,
        source=days.source,
        reference=days.reference,
        days=days.days,
        granted_at=now,
        note=days.note,
    )
    await write_end(account_id, now)
    return grant


async def take_back(source: str, reference: str, because: str, now: datetime) -> bool:
    """Inside a transaction. True when days that stood were taken back."""
    grant = await SubscriptionGrant.get_or_none(source=source, reference=reference)
    if grant is None:
        return False
    await lock_account(grant.account_id)
    taken = await SubscriptionGrant.filter(id=grant.id, revoked_at=None).update(revoked_at=now, revoked_because=because)
    if taken:
        await write_end(grant.account_id, now)
    return bool(taken)


async def standing(account_id: str, now: datetime) -> list[Period]:
    """The periods that have not ended."""
    grants = await SubscriptionGrant.filter(account_id=account_id, revoked_at=None)
    return [period for period in periods(grants) if period.ends_at > now]


async def write_end(account_id: str, now: datetime, *, also_endless: bool = False) -> None:
    """Inside a transaction: the end that follows from the grants. A plan without an end keeps it, unless it is told to lose that."""
    account = await Account.get(id=account_id)
    if account.plan_name is not None and account.plan_expires_at is None and not also_endless:
        return  # An operator gave this account a plan without an end: days cannot make it shorter.
    placed = periods(await SubscriptionGrant.filter(account_id=account_id, revoked_at=None))
    left = [period for period in placed if period.ends_at > now] or placed[-1:]
    if not left:
        await Account.filter(id=account_id).update(plan_name=None, plan_expires_at=None, plan_max_sessions=None)
        return
    await Account.filter(id=account_id).update(
        plan_name=left[-1].grant.plan_name,
        plan_expires_at=left[-1].ends_at,
        plan_max_sessions=max(period.grant.max_sessions for period in left),
    )
