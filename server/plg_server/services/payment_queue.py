"""Payments that an operator has to look at: what came and could not be credited, and what they decide."""

from datetime import datetime

from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg_server.models.payments import Checkout, Payment
from plg_server.problems import ApiError
from plg_server.services.ledger import credit, undo

CANDIDATES = 5


async def waiting(limit: int, offset: int = 0) -> list[Payment]:
    """The queue, oldest first: unmatched payments and those of which a part was paid back."""
    unmatched = Payment.filter(state="unmatched")
    flagged = Payment.filter(state="credited", reason="partial_refund")
    rows = [*await unmatched.limit(limit + offset).order_by("seen_at"), *await flagged.limit(limit + offset)]
    return sorted(rows, key=lambda row: (row.seen_at, row.id))[offset : offset + limit]


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
        payment = await _take(payment_id)
        checkout = await Checkout.get_or_none(id=checkout_id)
        if checkout is None:
            raise ApiError(ErrorCode.NOT_FOUND, f"there is no checkout '{checkout_id}'")
        await Checkout.filter(id=checkout.id, state="open").update(state="paid", paid_at=now)
        await credit(payment, checkout, now)


async def dismiss(payment_id: str) -> None:
    """It is no payment for a plan (a gift to the operator, say). Raises ApiError `not_found` when it does not wait."""
    async with in_transaction():
        payment = await _take(payment_id)
        payment.state = "dismissed"
        await payment.save()


async def mark_refunded(payment_id: str, now: datetime) -> None:
    """The operator paid it back where we are not told: the days go back. Raises ApiError `not_found`."""
    async with in_transaction():
        payment = await Payment.filter(id=payment_id, state__in=("credited", "unmatched")).select_for_update().first()
        if payment is None:
            raise _not_waiting(payment_id)
        payment.refunded_minor = payment.amount_minor
        await undo(payment, "refunded", now)


async def _take(payment_id: str) -> Payment:
    """The payment, for one of several operators who press the key at once: the change of state is the claim."""
    if not await Payment.filter(id=payment_id, state="unmatched").update(state="dismissed"):
        raise _not_waiting(payment_id)
    return await Payment.get(id=payment_id)


def _not_waiting(payment_id: str) -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, f"no payment '{payment_id}' waits for a decision")
