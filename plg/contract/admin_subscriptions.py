"""Subscriptions as operators see and change them; bodies of /v1/admin/subscriptions and documents of `plg admin subscriptions`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.billing import PaymentRecord, SubscriptionState
from plg.contract.cli_output import Document
from plg.contract.receipts import GrantRecord
from plg.contract.schema import Answer, Count, Identifier, Request, Slug, Timestamp

ListedState = Literal["none", "trial", "active", "cancelled", "expired"]
Reason = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="shown to the account's owner")
]
DaysToGive = Annotated[int, Meta(ge=1, le=3660)]
Account = Annotated[
    str, Meta(min_length=1, max_length=254, pattern=r"^[^\s\x00-\x1f/]+$", description="an id or an e-mail address")
]


class SubscriptionQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/subscriptions. `ends_before` leaves out what has no end."""

    plan: Slug | None = None
    state: ListedState | None = None
    account: Account | None = None
    ends_before: Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class SubscriptionRow(Answer, frozen=True, kw_only=True):
    """One account's plan. `ends_at` null with a plan means that it has no end."""

    account_id: str
    email: str
    state: SubscriptionState
    plan: str | None
    ends_at: Timestamp | None
    days_left: int | None
    max_sessions: int
    cancelled: bool


class SubscriptionList(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/subscriptions, those that end first at the top, those without an end last."""

    subscriptions: list[SubscriptionRow]
    total: Count
    limit: int
    offset: int


class SubscriptionFile(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/subscriptions/{account}: with all that was given and taken back, and the newest payments."""

    subscription: SubscriptionRow
    trial_had: bool
    history: list[GrantRecord]
    payments: list[PaymentRecord]


class ExtendRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/subscriptions/{account}/extend. Without a plan the account's own. The same `key` gives days once."""

    days: DaysToGive
    reason: Reason
    plan: Slug | None = None
    key: Identifier | None = None
    dry_run: bool = False


class SetPlanRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/subscriptions/{account}/plan: another plan for the days that are left; `endless`: without an end.

    Not `endless` on a plan without an end gives the end back that follows from the account's days.
    """

    plan: Slug
    reason: Reason
    endless: bool = False
    dry_run: bool = False


class CancelRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/subscriptions/{account}/cancel: for somebody who asked for it; it works until its end."""

    reason: Reason
    dry_run: bool = False


class TakeBackRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/subscriptions/{account}/take-back: days that were given by mistake; never those of a payment."""

    grant_id: Identifier
    reason: Reason
    dry_run: bool = False


class SubscriptionChange(Answer, frozen=True, kw_only=True):
    """What an act changed, or would change."""

    dry_run: bool
    before: SubscriptionRow
    after: SubscriptionRow


class AdminSubscriptionsDocument(Document, frozen=True, kw_only=True):
    """`plg admin subscriptions list --json`."""

    subscriptions: list[SubscriptionRow]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_subscriptions/1"


class AdminSubscriptionDocument(Document, frozen=True, kw_only=True):
    """`plg admin subscriptions show --json`."""

    subscription: SubscriptionRow
    trial_had: bool
    history: list[GrantRecord]
    payments: list[PaymentRecord]
    schema: str = "plg.admin_subscription/1"


class AdminSubscriptionChangeDocument(Document, frozen=True, kw_only=True):
    """`plg admin subscriptions extend|set-plan|cancel|take-back --json`."""

    dry_run: bool
    before: SubscriptionRow
    after: SubscriptionRow
    schema: str = "plg.admin_subscription_change/1"
