"""Comparing what should agree: payments with the days given for them, and days with the end that accounts show.

Only looks. Whoever repaired here in silence would hide the fault that made the difference, and might take days from somebody who
paid for them; so each difference is told to the operator, who decides.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.payments import Checkout, Payment, ProviderPoll
from plg_server.services.entitlement import periods
from plg_server.services.ledger import SOURCE

SETTLED_AFTER = timedelta(minutes=5)
"""What is younger may be in the middle of a transaction of another replica, or on its way by another notice."""

HANGS_AFTER = timedelta(hours=24)
"""A payment that waits for an operator longer than this has been overlooked: somebody paid and has nothing."""

POLL_HANGS_AFTER = timedelta(minutes=15)
"""Turns come every half minute; a provider that is away is asked again within minutes."""

PAGE = 500
"""Rows that are compared at once."""


class Difference(StrEnum):
    """What does not agree."""

    PAYMENT_WAITS = "payment_waits"
    """Money came and nobody has decided what it is for."""
    CHECKOUT_WITHOUT_PAYMENT = "checkout_without_payment"
    """A checkout counts as paid and no payment names it."""
    PAYMENT_WITHOUT_DAYS = "payment_without_days"
    """Credited, and no days stand for it."""
    DAYS_AFTER_REFUND = "days_after_refund"
    """The money went back and the days still stand."""
    DAYS_WITHOUT_PAYMENT = "days_without_payment"
    """Days say that they were paid for, and there is no such payment."""
    WRONG_END = "wrong_end"
    """The account's plan ends at another moment than its days, or is another plan."""
    POLL_HANGS = "poll_hangs"
    """A provider's list is not read any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `subject` is the id of the row that it is about, `account_id` whom it concerns ("" when nobody)."""

    what: Difference
    subject: str
    account_id: str = ""
    detail: str = ""


async def findings(now: datetime) -> AsyncIterator[Finding]:
    """Everything that does not agree. Needs an active database; reads page by page."""
    async for one in _payments(now):
        yield one
    async for one in _checkouts(now):
        yield one
    async for one in _grants(now):
        yield one
    async for one in _ends(now):
        yield one
    for poll in await ProviderPoll.filter(due_at__lt=now - POLL_HANGS_AFTER, not_before__lt=now - POLL_HANGS_AFTER):
        yield Finding(Difference.POLL_HANGS, poll.id, detail=f"due at {poll.due_at.isoformat()}")


async def _payments(now: datetime) -> AsyncIterator[Finding]:
    last_id = ""
    while True:
        page = await Payment.filter(id__gt=last_id, seen_at__lt=now - SETTLED_AFTER).order_by("id").limit(PAGE)
        grants = {
            grant.reference: grant
            for grant in await SubscriptionGrant.filter(source=SOURCE, reference__in=[row.id for row in page])
        }
        for payment in page:
            grant = grants.get(payment.id)
            found = _payment_difference(payment, grant, now)
            if found is not None:
                yield Finding(found, payment.id, payment.account_id or "", f"{payment.provider} {payment.external_id}")
        if len(page) < PAGE:
            return
        last_id = page[-1].id


def _payment_difference(payment: Payment, grant: SubscriptionGrant | None, now: datetime) -> Difference | None:
    stands = grant is not None and grant.revoked_at is None
    if payment.state == "unmatched" and payment.seen_at < now - HANGS_AFTER:
        return Difference.PAYMENT_WAITS
    # An account that was deleted took its days along; money stays in the ledger. Days that an operator took back are gone on purpose.
    if payment.state == "credited" and payment.account_id is not None and grant is None:
        return Difference.PAYMENT_WITHOUT_DAYS
    if payment.state in ("refunded", "charged_back") and stands:
        return Difference.DAYS_AFTER_REFUND
    return None


async def _checkouts(now: datetime) -> AsyncIterator[Finding]:
    last_id = ""
    while True:
        page = (
            await Checkout.filter(id__gt=last_id, state="paid", paid_at__lt=now - SETTLED_AFTER)
            .order_by("id")
            .limit(PAGE)
        )
        ids = [row.id for row in page]
        named = {row.checkout_id for row in await Payment.filter(checkout_id__in=ids)}
        for checkout in page:
            if checkout.id not in named:
                yield Finding(Difference.CHECKOUT_WITHOUT_PAYMENT, checkout.id, checkout.account_id, checkout.code)
        if len(page) < PAGE:
            return
        last_id = page[-1].id


async def _grants(now: datetime) -> AsyncIterator[Finding]:
    last_id = ""
    while True:
        page = (
            await SubscriptionGrant.filter(
                id__gt=last_id, source=SOURCE, revoked_at=None, granted_at__lt=now - SETTLED_AFTER
            )
            .order_by("id")
            .limit(PAGE)
        )
        known = {row.id for row in await Payment.filter(id__in=[grant.reference for grant in page])}
        for grant in page:
            if grant.reference not in known:
                yield Finding(Difference.DAYS_WITHOUT_PAYMENT, grant.id, grant.account_id, grant.reference)
        if len(page) < PAGE:
            return
        last_id = page[-1].id


async def _ends(now: datetime) -> AsyncIterator[Finding]:
    """Accounts that have or had days, against the sum of those days."""
    last_id = ""
    while True:
        page = await Account.filter(id__gt=last_id).order_by("id").limit(PAGE)
        by_account: dict[str, list[SubscriptionGrant]] = defaultdict(list)
        for grant in await SubscriptionGrant.filter(account_id__in=[account.id for account in page]):
            by_account[grant.account_id].append(grant)
        for account in page:
            # Two reads are no snapshot: what changed just now is compared in the next round.
            grants = by_account.get(account.id, [])
            moments = [moment for grant in grants for moment in (grant.granted_at, grant.revoked_at) if moment]
            if moments and max(moments) < now - SETTLED_AFTER and (detail := _end_difference(account, grants)):
                yield Finding(Difference.WRONG_END, account.id, account.id, detail)
        if len(page) < PAGE:
            return
        last_id = page[-1].id


def _end_difference(account: Account, grants: list[SubscriptionGrant]) -> str:
    """How the account's plan differs from its days, "" when it does not."""
    if account.plan_name is not None and account.plan_expires_at is None:
        return ""  # an operator gave a plan without an end: days do not touch it
    placed = periods(grants)
    expected = (placed[-1].grant.plan_name, placed[-1].ends_at) if placed else (None, None)
    shown = (account.plan_name, account.plan_expires_at)
    if shown == expected:
        return ""
    return f"shown {_text(shown)}, by its days {_text(expected)}"


def _text(plan: tuple[str | None, datetime | None]) -> str:
    name, ends_at = plan
    return "no plan" if name is None or ends_at is None else f"{name} until {ends_at.isoformat()}"
