"""Money becomes days here, once. Everything that happens to one payment happens in one transaction with its effect.

The row of a payment is inserted first, and provider and external id are unique: of any number of notices about one payment,
on any number of replicas, one inserts and credits. The others meet the constraint and change nothing.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg_server.ids import new_id
from plg_server.models.billing import Cancellation, SubscriptionGrant
from plg_server.models.codes import CodeUse
from plg_server.models.payments import Checkout, Payment
from plg_server.services.entitlement import Days, give, lock_account, take_back
from plg_server.services.outcome_fair import take_fair_days_back
from plg_server.services.payment_facts import FactKind, PaymentFact
from plg_server.services.receipts import mail_receipt
from plg_server.services.referrals import referrer_of, reward, take_reward_back

SOURCE = "payment"

CODE_PATTERN = re.compile(r"(?<![0-9A-Z])PLG-?([0-9A-HJKMNP-TV-Z]{8})(?![0-9A-Z])")
"""A checkout's code as people write it into a comment, read in capitals."""

COMMENT_CHARS = 255

UNDONE = {FactKind.REFUNDED: "refunded", FactKind.CHARGED_BACK: "charged_back"}


class Outcome(StrEnum):
    """What a fact changed."""

    CREDITED = "credited"
    UNMATCHED = "unmatched"
    TAKEN_BACK = "taken_back"
    NOTED = "noted"
    SEEN = "seen"


@dataclass(frozen=True)
class Verdict:
    """Which checkout a payment is for, and why it cannot be credited ("" when it can)."""

    checkout: Checkout | None
    reason: str


async def settle(fact: PaymentFact, now: datetime) -> Outcome:
    """Write a fact into the ledger, with all that follows from it. Saying it again changes nothing."""
    work = _enter if fact.kind is FactKind.PAID else _undo
    try:
        async with in_transaction():
            outcome = await work(fact, now)
    except IntegrityError:
        if not await Payment.exists(provider=fact.provider, external_id=fact.external_id):
            raise
        if fact.kind is FactKind.PAID:
            return Outcome.SEEN
        # The payment was inserted while we looked for it: now it is there to be undone.
        async with in_transaction():
            outcome = await _undo(fact, now)
    if outcome is not Outcome.SEEN:
        structlog.get_logger().info(
            "payment_settled", provider=fact.provider, payment=fact.external_id, outcome=outcome.value
        )
    return outcome


async def _enter(fact: PaymentFact, now: datetime) -> Outcome:
    payment = await Payment.create(
        id=new_id(),
        provider=fact.provider,
        external_id=fact.external_id,
        state="unmatched",
        currency=printable(fact.currency)[:3],
        amount_minor=fact.amount_minor,
        comment=printable(fact.comment)[:COMMENT_CHARS],
        paid_at=fact.at,
        seen_at=now,
    )
    verdict = await _judge(fact)
    checkout = verdict.checkout
    reason = verdict.reason
    if checkout is not None:
        payment.account_id, payment.checkout_id, payment.plan_name = (
            checkout.account_id,
            checkout.id,
            checkout.plan_name,
        )
        if not reason:
            reason = await _claim(checkout, now)
    payment.reason = reason
    if checkout is None or reason:
        await payment.save()
        return Outcome.UNMATCHED
    if fact.amount_minor > checkout.amount_minor:
        payment.reason = "overpaid"
    await credit(payment, checkout, now)
    return Outcome.CREDITED


async def _judge(fact: PaymentFact) -> Verdict:
    """The checkout that is meant, and whether this payment pays for it."""
    checkout, reason = await _meant(fact)
    if checkout is None:
        return Verdict(None, reason)
    if fact.currency != checkout.currency:
        return Verdict(checkout, "wrong_currency")
    if fact.amount_minor < checkout.amount_minor:
        return Verdict(checkout, "short")
    if fact.at > checkout.expires_at:
        return Verdict(checkout, "late")
    return Verdict(checkout, "")


async def _meant(fact: PaymentFact) -> tuple[Checkout | None, str]:
    if fact.number is not None:
        return await Checkout.get_or_none(provider=fact.provider, number=fact.number), "unknown_code"
    codes = [fact.code] if fact.code else codes_in(fact.comment)
    if len(codes) != 1:
        return None, "many_codes" if codes else "no_code"
    # Other than our codes are not compared: the database would refuse one that is longer than its column.
    is_ours = codes_in(codes[0]) == codes
    checkout = await Checkout.get_or_none(provider=fact.provider, code=codes[0]) if is_ours else None
    return checkout, "unknown_code"


async def _claim(checkout: Checkout, now: datetime) -> str:
    """Use up the checkout and its discount. Why that failed, or ""."""
    if not await Checkout.filter(id=checkout.id, state="open").update(state="paid", paid_at=now):
        return "duplicate"
    if checkout.code_use_id is None:
        return ""
    spent = await CodeUse.filter(id=checkout.code_use_id, spent_at=None).update(spent_at=now)
    # One discount may stand in several open checkouts, and counts for the first that is paid.
    return "" if spent else "discount_spent"


async def credit(payment: Payment, checkout: Checkout, now: datetime) -> None:
    """Inside a transaction: the days of this checkout for this payment, the bonus of a first one, no cancellation, and the receipt."""
    account_id = checkout.account_id
    referrer_id = await referrer_of(account_id)
    for one in sorted({account_id, referrer_id or account_id}):  # one order for all, so that no two wait for each other
        await lock_account(one)
    days = Days(checkout.plan_name, checkout.max_sessions, checkout.days, SOURCE, payment.id)
    await give(account_id, days, now)
    await reward(account_id, days, now)
    await Cancellation.filter(account_id=account_id).delete()
    payment.account_id, payment.checkout_id = account_id, checkout.id
    payment.state, payment.plan_name, payment.days = "credited", checkout.plan_name, checkout.days
    await payment.save()
    await mail_receipt(payment, now)


async def _undo(fact: PaymentFact, now: datetime) -> Outcome:
    payment = await Payment.filter(provider=fact.provider, external_id=fact.external_id).select_for_update().first()
    if payment is None:
        # It came before the payment itself, which then finds this row and credits nothing.
        await Payment.create(
            id=new_id(),
            provider=fact.provider,
            external_id=fact.external_id,
            state=UNDONE[fact.kind],
            reason="before_payment",
            currency=printable(fact.currency)[:3],
            amount_minor=fact.amount_minor,
            refunded_minor=fact.amount_minor if fact.refunded_minor is None else fact.refunded_minor,
            paid_at=fact.at,
            seen_at=now,
        )
        return Outcome.NOTED
    if payment.state in UNDONE.values():
        is_worse = payment.state == "refunded" and fact.kind is FactKind.CHARGED_BACK
        return await undo(payment, UNDONE[fact.kind], now) if is_worse else Outcome.SEEN
    returned = payment.amount_minor if fact.refunded_minor is None else fact.refunded_minor
    if returned <= payment.refunded_minor:
        return Outcome.SEEN
    payment.refunded_minor = max(returned, payment.refunded_minor)
    if payment.refunded_minor < payment.amount_minor and fact.kind is FactKind.REFUNDED:
        # How many days a part of the money was worth is for the operator to say.
        payment.reason = "partial_refund"
        await payment.save()
        return Outcome.NOTED
    return await undo(payment, UNDONE[fact.kind], now)


async def undo(payment: Payment, state: str, now: datetime) -> Outcome:
    """Inside a transaction: the money went back, so the days do. `state` is "refunded" or "charged_back"."""
    was_credited = payment.state == "credited"
    payment.state = state
    await payment.save()
    if not was_credited:
        return Outcome.NOTED
    grant = await SubscriptionGrant.get_or_none(source=SOURCE, reference=payment.id)
    if grant is not None:
        # First, because the end is computed once the payment's own days are gone.
        await take_fair_days_back(grant, state, now)
    taken = await take_back(SOURCE, payment.id, state, now)
    if payment.account_id is not None:
        still_pays = SubscriptionGrant.filter(account_id=payment.account_id, source=SOURCE, revoked_at=None)
        if not await still_pays.exists():
            await take_reward_back(payment.account_id, state, now)
    return Outcome.TAKEN_BACK if taken else Outcome.NOTED


def codes_in(comment: str) -> list[str]:
    """The different codes in a comment, in the form that checkouts have."""
    return list(dict.fromkeys(f"PLG-{code}" for code in CODE_PATTERN.findall(comment.upper())))


def printable(text: str) -> str:
    """The text without control characters: it is shown on operators' terminals."""
    return "".join(character if character.isprintable() else " " for character in text)
