"""Payments that an operator has to look at: what came and could not be credited, and what they decide."""

from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg_server.models.payments import Checkout, Payment
from plg_server.problems import ApiError
from plg_server.services.ledger import credit, undo

CANDIDATES = 5

ID_CHARS = 32
"""The column's width: the database refuses even to compare a longer one."""

_LOOK = Q(reviewed_at=None) & (Q(state="credited", reason="partial_refund") | Q(state="charged_back"))
"""What is settled and yet not done with: how many days a part of the money was worth, and who called their money back."""


async def waiting(limit: int, offset: int = 0) -> list[Payment]:
    """The queue, oldest first: what could not be credited, and what an operator should know of (a part that went back, a chargeback)."""
    return await _waiting().order_by("seen_at", "id").limit(limit).offset(offset)


async def waiting_count() -> int:
    """How long the queue is."""
    return await _waiting().count()


async def candidates(payment: Payment) -> list[Checkout]:
    """The open checkouts that this payment may be for, the most likely first: same provider, currency and price, by time."""
    near = Checkout.filter(
        provider=payment.provider, currency=payment.currency, amount_minor=payment.amount_minor, state="open"
    )
    rows = await near.filter(created_at__lte=payment.paid_at).order_by("-created_at").limit(CANDIDATES)
    own = await Checkout.get_or_none(id=payment.checkout_id) if payment.checkout_id else None
    return rows if own is None else [own, *(row for row in rows if row.id != own.id)]


async def match(payment_id: str, checkout_id: str, now: datetime) -> None:
    """Credit an unmatched payment as this checkout, whatever was wrong with it. Once: raises ApiError `not_found` afterwards."""
    async with in_transaction():
        await match_in(payment_id, checkout_id, now)


async def match_in(payment_id: str, checkout_id: str, now: datetime) -> None:
    """`match` inside a transaction of the caller's."""
    payment = await _take(payment_id)
    checkout = await Checkout.get_or_none(id=checkout_id[:ID_CHARS])
    if checkout is None:
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no checkout '{checkout_id}'")
    await Checkout.filter(id=checkout.id, state="open").update(state="paid", paid_at=now)
    await credit(payment, checkout, now)


async def dismiss(payment_id: str, now: datetime) -> None:
    """`dismiss_in`, in a transaction of its own."""
    async with in_transaction():
        await dismiss_in(payment_id, now)


async def dismiss_in(payment_id: str, now: datetime) -> None:
    """Inside a transaction: it is no payment for a plan (a gift to the operator, say), or it only had to be looked at.

    Raises ApiError `not_found` when it does not wait.
    """
    to_look_at = Payment.filter(_LOOK, id=payment_id)
    if not await to_look_at.update(reviewed_at=now):
        payment = await _take(payment_id)
        payment.reviewed_at = now
        await payment.save(update_fields=["reviewed_at"])


async def mark_refunded(payment_id: str, now: datetime) -> None:
    """`mark_refunded_in`, in a transaction of its own."""
    async with in_transaction():
        await mark_refunded_in(payment_id, now)


async def mark_refunded_in(payment_id: str, now: datetime) -> None:
    """Inside a transaction: the operator paid it back where we are not told, so the days go back. Raises ApiError `not_found`."""
    payment = await Payment.filter(id=payment_id, state__in=("credited", "unmatched")).select_for_update().first()
    if payment is None:
        raise _not_waiting(payment_id)
    payment.refunded_minor = payment.amount_minor
    await undo(payment, "refunded", now)


def _waiting() -> QuerySet[Payment]:
    return Payment.filter(Q(state="unmatched") | _LOOK)


async def _take(payment_id: str) -> Payment:
    """The payment, for one of several operators who press the key at once: the change of state is the claim."""
    if not await Payment.filter(id=payment_id, state="unmatched").update(state="dismissed"):
        raise _not_waiting(payment_id)
    return await Payment.get(id=payment_id)


def _not_waiting(payment_id: str) -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, f"no payment '{payment_id}' waits for a decision")
