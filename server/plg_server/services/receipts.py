"""Receipts of payments, and the history of what an account was given.

A receipt's number is made of the payment's day and id: unique and the same for ever, without a counter that replicas would have
to share. So numbers have gaps.
"""

from datetime import datetime

from plg.contract import receipts as contract
from plg.contract.billing import PaymentState
from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import timestamp
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.payments import Payment
from plg_server.problems import ApiError
from plg_server.services import outbox
from plg_server.services.entitlement import Period, periods
from plg_server.services.mail_kinds import MailKind
from plg_server.services.money import to_text

MOST_GRANTS = 500
"""More than ten years of monthly payments with a bonus each; what is older is left out of the answer."""


def receipt_number(payment_id: str, paid_at: datetime) -> str:
    """ "20260131-0123456789ABCDEF"."""
    return f"{timestamp(paid_at)[:10].replace('-', '')}-{payment_id.upper()}"


async def receipt_of(account_id: str, payment_id: str, config: ServerConfig) -> contract.Receipt:
    """The receipt of the account's own payment. Raises ApiError `not_found` for everything else.

    What was never credited has none: it waits for the operator, or was no payment for a plan.
    """
    row = await Payment.get_or_none(id=payment_id, account_id=account_id).select_related(
        "account", "checkout__code_use"
    )
    if row is None or not row.days or row.account is None:
        raise ApiError(ErrorCode.NOT_FOUND, "this account has no such payment with a receipt")
    use = row.checkout.code_use if row.checkout is not None else None
    return contract.Receipt(
        number=receipt_number(row.id, row.paid_at),
        payment_id=row.id,
        paid_at=timestamp(row.paid_at),
        seller=config.billing.billing_seller or config.public_url or "",
        buyer=row.account.email,
        plan=row.plan_name,
        days=row.days,
        currency=row.currency,
        amount=to_text(row.amount_minor),
        discount_percent=use.percent if use is not None else 0,
        refunded=to_text(row.refunded_minor),
        state=PaymentState(row.state),
        provider=row.provider,
        provider_number=row.external_id,
    )


async def mail_receipt(payment: Payment, now: datetime) -> None:
    """Inside the transaction that credits the payment, when its days are given: leave the e-mail, to a confirmed address only.

    Where no e-mail is sent the outbox drops it.
    """
    # Read anew: the end has just been written.
    account = await Account.get(id=payment.account_id)
    if account.email_verified_at is None:
        return
    ends_at = account.plan_expires_at
    facts = {
        "plan": payment.plan_name,
        "amount": to_text(payment.amount_minor),
        "currency": payment.currency,
        "paid_on": payment.paid_at.date().isoformat(),
        "reference": receipt_number(payment.id, payment.paid_at),
        # An operator's plan without an end has none.
        "ends_on": "" if ends_at is None else ends_at.date().isoformat(),
    }
    await outbox.put(MailKind.RECEIPT, account, "", facts, now)


async def history_of(account_id: str) -> list[contract.GrantRecord]:
    """All days that the account was given, also those that were taken back, newest first."""
    rows = await SubscriptionGrant.filter(account_id=account_id).order_by("-granted_at", "-id")
    placed = {period.grant.id: period for period in periods(rows)}
    return [_grant_record(row, placed) for row in rows[:MOST_GRANTS]]


def _grant_record(row: SubscriptionGrant, placed: dict[str, Period]) -> contract.GrantRecord:
    period = placed.get(row.id)
    return contract.GrantRecord(
        id=row.id,
        source=row.source,
        plan=row.plan_name,
        days=row.days,
        given_at=timestamp(row.granted_at),
        starts_at=None if period is None else timestamp(period.starts_at),
        ends_at=None if period is None else timestamp(period.ends_at),
        note=row.note,
        for_day=row.reference.rpartition(":")[2] if row.source == "outcome_fair" else None,
        taken_back_at=None if row.revoked_at is None else timestamp(row.revoked_at),
        taken_back_because=row.revoked_because,
    )
