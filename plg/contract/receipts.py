"""Receipts, and the history of an account's days."""

from plg.contract.billing import Amount, Currency, PaymentRecord, PaymentState
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Timestamp


class Receipt(Answer, frozen=True, kw_only=True):
    """GET /v1/payments/{id}/receipt: of every payment that was credited, also when it went back later.

    `number` is unique and never changes; numbers have gaps. `refunded` is how much went back, "0.00" for nothing.
    """

    number: str
    payment_id: str
    paid_at: Timestamp
    seller: str
    buyer: str
    plan: str
    days: int
    currency: Currency
    amount: Amount
    discount_percent: int
    refunded: Amount
    state: PaymentState
    provider: str
    provider_number: str


class GrantRecord(Answer, frozen=True, kw_only=True):
    """Days that an account was given. `starts_at` and `ends_at` are null for days that were taken back.

    `source`: trial, payment, promo, gift, referral, operator or outcome_fair; of the last `for_day` is the day that is given back.
    """

    id: str
    source: str
    plan: str
    days: int
    given_at: Timestamp
    starts_at: Timestamp | None
    ends_at: Timestamp | None
    note: str = ""
    for_day: str | None = None
    taken_back_at: Timestamp | None = None
    taken_back_because: str | None = None


class SubscriptionHistory(Answer, frozen=True, kw_only=True):
    """GET /v1/subscription/history, newest first, at most 500."""

    grants: list[GrantRecord]


class ReceiptDocument(Document, frozen=True, kw_only=True):
    """`plg plan receipt --json`."""

    receipt: Receipt
    schema: str = "plg.receipt/1"


class PaymentsDocument(Document, frozen=True, kw_only=True):
    """`plg plan payments --json`."""

    payments: list[PaymentRecord]
    total: Count
    schema: str = "plg.payments/1"


class PlanHistoryDocument(Document, frozen=True, kw_only=True):
    """`plg plan history --json`."""

    grants: list[GrantRecord]
    schema: str = "plg.plan_history/1"
