"""Payments in an operator's hands: found, shown with what they may be for, settled; every act in the audit log."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from plg.contract import admin_payments as contract
from plg.contract.billing import PaymentState
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp
from plg_server.models.accounts import Account
from plg_server.models.payments import Checkout, Payment
from plg_server.problems import ApiError
from plg_server.services.admin_subscriptions import account_named
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.dry_runs import do_or_try
from plg_server.services.money import to_text
from plg_server.services.payment_queue import (
    candidates,
    dismiss_in,
    mark_refunded_in,
    match_in,
    waiting,
    waiting_count,
)


async def payments(query: contract.PaymentListQuery) -> contract.AdminPaymentPage:
    """The payments that fit, newest first."""
    found = Payment.all()
    if query.provider is not None:
        found = found.filter(provider=query.provider[:32])
    if query.state is not None:
        found = found.filter(state=query.state.value)
    if query.account is not None:
        found = found.filter(account_id=(await account_named(query.account)).id)
    if query.since is not None:
        found = found.filter(paid_at__gte=query.since)
    rows = await found.order_by("-paid_at", "-id").limit(query.limit).offset(query.offset).prefetch_related("account")
    return contract.AdminPaymentPage(
        payments=[shown(row) for row in rows], total=await found.count(), limit=query.limit, offset=query.offset
    )


async def payment_file(payment_id: str) -> contract.PaymentFile:
    """One payment with its checkout and what it may be for. Raises ApiError `not_found`."""
    return await _file(await _payment(payment_id))


async def queue(query: contract.QueueQuery) -> contract.QueuePage:
    """What waits for an operator, oldest first, each with its candidates."""
    rows = await waiting(query.limit, query.offset)
    files = [await _file(await _payment(row.id)) for row in rows]
    return contract.QueuePage(waiting=files, total=await waiting_count(), limit=query.limit, offset=query.offset)


class AdminPayments:
    """The acts. Every method needs an active database, and raises ApiError `not_found` for what does not wait."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self._actor = actor
        self._now = now

    async def match(self, payment_id: str, request: contract.MatchRequest) -> contract.PaymentChange:
        """Credit it as this checkout, whatever was wrong with it."""

        async def work() -> dict[str, JsonValue]:
            await match_in(payment_id, request.checkout_id, self._now)
            return {"checkout": request.checkout_id}

        return await self._changed("match", payment_id, work, dry_run=request.dry_run)

    async def dismiss(self, payment_id: str, request: contract.PaymentActRequest) -> contract.PaymentChange:
        """It is for no plan; or, when it only was to be looked at, it has been."""

        async def work() -> dict[str, JsonValue]:
            await dismiss_in(payment_id, self._now)
            return {}

        return await self._changed("dismiss", payment_id, work, dry_run=request.dry_run)

    async def refunded(self, payment_id: str, request: contract.PaymentActRequest) -> contract.PaymentChange:
        """The operator paid it back where nobody tells us: its days go back."""

        async def work() -> dict[str, JsonValue]:
            await mark_refunded_in(payment_id, self._now)
            return {}

        return await self._changed("refunded", payment_id, work, dry_run=request.dry_run)

    async def _changed(
        self, act: str, payment_id: str, work: Callable[[], Awaitable[dict[str, JsonValue]]], *, dry_run: bool
    ) -> contract.PaymentChange:
        async def whole() -> contract.PaymentChange:
            before = shown(await _payment(payment_id))
            details = await work()
            row = await _payment(payment_id)
            facts: dict[str, JsonValue] = {
                **details, "was": before.state.value, "reason": before.reason, "account": row.account_id,
                "amount": before.amount, "currency": before.currency,
            }  # fmt: skip
            await record(self._actor, f"payments.{act}", f"payment:{payment_id}", facts)
            return contract.PaymentChange(
                dry_run=dry_run, before=before, after=shown(row), plan_ends_at=await _plan_end(row.account_id)
            )

        return await do_or_try(whole, dry_run=dry_run)


def shown(row: Payment) -> contract.AdminPayment:
    """A payment as operators see it; `account` must have been fetched."""
    return contract.AdminPayment(
        id=row.id,
        provider=row.provider,
        provider_number=row.external_id,
        state=PaymentState(row.state),
        reason=row.reason,
        account_id=row.account_id,
        email=row.account.email if row.account is not None else None,
        checkout_id=row.checkout_id,
        currency=row.currency,
        amount=to_text(row.amount_minor),
        refunded=to_text(row.refunded_minor),
        plan=row.plan_name,
        days=row.days,
        comment=row.comment,
        paid_at=timestamp(row.paid_at),
        seen_at=timestamp(row.seen_at),
        reviewed_at=None if row.reviewed_at is None else timestamp(row.reviewed_at),
    )


async def _payment(payment_id: str) -> Payment:
    row = await Payment.get_or_none(id=payment_id).select_related("account")
    if row is None:
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no payment '{payment_id}'")
    return row


async def _file(row: Payment) -> contract.PaymentFile:
    own = await Checkout.filter(id=row.checkout_id) if row.checkout_id else []
    may_be = await candidates(row) if row.state == "unmatched" else []
    described = {one.id: one for one in await _checkouts([*own, *may_be])}
    return contract.PaymentFile(
        payment=shown(row),
        checkout=described[own[0].id] if own else None,
        candidates=[described[one.id] for one in may_be],
    )


async def _checkouts(rows: Sequence[Checkout]) -> list[contract.AdminCheckout]:
    full = await Checkout.filter(id__in=[row.id for row in rows]).select_related("account", "code_use")
    return [
        contract.AdminCheckout(
            id=row.id,
            code=row.code,
            account_id=row.account_id,
            email=row.account.email,
            provider=row.provider,
            plan=row.plan_name,
            days=row.days,
            currency=row.currency,
            amount=to_text(row.amount_minor),
            discount_percent=row.code_use.percent if row.code_use is not None else 0,
            state=row.state,
            created_at=timestamp(row.created_at),
            expires_at=timestamp(row.expires_at),
        )
        for row in full
    ]


async def _plan_end(account_id: str | None) -> str | None:
    account = None if account_id is None else await Account.get_or_none(id=account_id)
    return None if account is None or account.plan_expires_at is None else timestamp(account.plan_expires_at)
