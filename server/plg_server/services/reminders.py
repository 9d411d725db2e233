"""Telling people that their plan ends soon: once for each end, in the transaction that leaves the e-mail."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from plg_server.ids import new_id
from plg_server.models.accounts import Account
from plg_server.models.billing import Cancellation
from plg_server.models.leases import PlanReminder
from plg_server.models.payments import Payment
from plg_server.services import outbox
from plg_server.services.entitlement import standing
from plg_server.services.mail_kinds import MailKind
from plg_server.services.subscriptions import days_left

AHEAD = timedelta(days=3)
"""Long enough to pay by a way that takes a day or two, short enough to be remembered."""

PAGE = 200
"""Accounts that are looked at at once: memory, not time, is what this bounds."""


async def endings(now: datetime) -> AsyncIterator[Account]:
    """The accounts whose plan ends within AHEAD and who have not been told of that end, in the order of the ends."""
    after, last_id = now, ""
    while True:
        page = await (
            Account.filter(plan_name__not_isnull=True, banned_at=None, plan_expires_at__lte=now + AHEAD)
            .filter(Q(plan_expires_at__gt=after) | Q(plan_expires_at=after, id__gt=last_id))
            .order_by("plan_expires_at", "id")
            .limit(PAGE)
        )
        told = {
            (row.account_id, row.ends_at)
            for row in await PlanReminder.filter(account_id__in=[account.id for account in page])
        }
        for account in page:
            if (account.id, account.plan_expires_at) not in told:
                yield account
        if len(page) < PAGE or page[-1].plan_expires_at is None:
            return
        after, last_id = page[-1].plan_expires_at, page[-1].id


async def is_wanted(account: Account, now: datetime) -> bool:
    """Whether this person should be told: not who cancelled, and not who never had more than a few days.

    An address that nobody confirmed and nobody paid with may belong to a stranger: it gets no such e-mail either.
    """
    if account.email_verified_at is None and not await Payment.exists(account_id=account.id, state="credited"):
        return False
    return await is_worth_telling(account, now)


async def is_worth_telling(account: Account, now: datetime) -> bool:
    """Whether the end would surprise its owner: not who cancelled, and not who never had more than a few days."""
    if await Cancellation.exists(account_id=account.id):
        return False
    left = await standing(account.id, now)
    # Without grants an operator set the plan: there is an end all the same.
    return not left or left[-1].ends_at - left[0].starts_at > AHEAD


async def remind(account: Account, now: datetime) -> bool:
    """Leave the e-mail about the end that this account has. True for the one call, of all replicas, that left it."""
    ends_at = account.plan_expires_at
    if ends_at is None or account.plan_name is None:
        return False
    facts = {
        "plan": account.plan_name,
        "ends_on": ends_at.date().isoformat(),
        "days_left": str(days_left(ends_at, now)),
    }
    try:
        async with in_transaction():
            await PlanReminder.create(id=new_id(), account_id=account.id, ends_at=ends_at, made_at=now)
            await outbox.put(MailKind.PLAN_REMINDER, account, "", facts, now)
    except IntegrityError:
        return False  # told before, or the account has just been deleted
    return True
