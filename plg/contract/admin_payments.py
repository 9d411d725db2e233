"""Payments as operators see and settle them; bodies of /v1/admin/payments and documents of `plg admin payments`."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from plg.contract.billing import Amount, Currency, PaymentState
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Identifier, Request, Slug, Timestamp

Account = Annotated[
    str, Meta(min_length=1, max_length=254, pattern=r"^[^\s\x00-\x1f/]+$", description="an id or an e-mail address")
]
ListLimit = Annotated[int, Meta(ge=1, le=200)]
ListOffset = Annotated[int, Meta(ge=0, le=1_000_000)]


class PaymentListQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/payments."""

    provider: Slug | None = None
    state: PaymentState | None = None
    account: Account | None = None
    since: Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset")] | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class QueueQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/payments/queue."""

    limit: ListLimit = 50
    offset: ListOffset = 0


class AdminPayment(Answer, frozen=True, kw_only=True):
    """One payment as the ledger keeps it. `reason` is a code: why it waits, or what to know of it; "" for nothing.

    no_code, many_codes, unknown_code, short, wrong_currency, late, duplicate, discount_spent, overpaid, partial_refund, before_payment.
    """

    id: str
    provider: str
    provider_number: str
    state: PaymentState
    reason: str
    account_id: str | None
    email: str | None
    checkout_id: str | None
    currency: str
    amount: Amount
    refunded: Amount
    plan: str
    days: int
    comment: str
    paid_at: Timestamp
    seen_at: Timestamp
    reviewed_at: Timestamp | None


class AdminCheckout(Answer, frozen=True, kw_only=True):
    """What somebody set out to pay."""

    id: str
    code: str
    account_id: str
    email: str
    provider: str
    plan: str
    days: int
    currency: Currency
    amount: Amount
    discount_percent: int
    state: str
    created_at: Timestamp
    expires_at: Timestamp


class AdminPaymentPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/payments, newest first."""

    payments: list[AdminPayment]
    total: Count
    limit: int
    offset: int


class PaymentFile(Answer, frozen=True, kw_only=True):
    """A payment with the checkout it belongs to, and the checkouts it may be for, the likeliest first."""

    payment: AdminPayment
    checkout: AdminCheckout | None
    candidates: list[AdminCheckout]


class QueuePage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/payments/queue, oldest first."""

    waiting: list[PaymentFile]
    total: Count
    limit: int
    offset: int


class MatchRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/payments/{id}/match: credit it as this checkout, whatever was wrong with it."""

    checkout_id: Identifier
    dry_run: bool = False


class PaymentActRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/payments/{id}/dismiss and /refunded."""

    dry_run: bool = False


class PaymentChange(Answer, frozen=True, kw_only=True):
    """What an act changed, or would change. `plan_ends_at` is the end of the account's plan after it."""

    dry_run: bool
    before: AdminPayment
    after: AdminPayment
    plan_ends_at: Timestamp | None


class AdminPaymentsDocument(Document, frozen=True, kw_only=True):
    """`plg admin payments list --json`."""

    payments: list[AdminPayment]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_payments/1"


class AdminPaymentDocument(Document, frozen=True, kw_only=True):
    """`plg admin payments show --json`."""

    payment: AdminPayment
    checkout: AdminCheckout | None
    candidates: list[AdminCheckout]
    schema: str = "plg.admin_payment/1"


class AdminPaymentQueueDocument(Document, frozen=True, kw_only=True):
    """`plg admin payments queue --json`."""

    waiting: list[PaymentFile]
    total: Count
    schema: str = "plg.admin_payment_queue/1"


class AdminPaymentChangeDocument(Document, frozen=True, kw_only=True):
    """`plg admin payments match|dismiss|refunded --json`."""

    dry_run: bool
    before: AdminPayment
    after: AdminPayment
    plan_ends_at: Timestamp | None
    schema: str = "plg.admin_payment_change/1"
