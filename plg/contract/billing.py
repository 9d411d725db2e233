"""Plans, subscriptions, codes and payments. Amounts are decimal texts ("5.99"): a float would round somebody's money."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from plg.contract.schema import Answer, Count, Request, Slug, Timestamp

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(?:\.[0-9]{1,2})?$", description="a decimal number, not a float")]
CodeText = Annotated[str, Meta(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


class SubscriptionState(StrEnum):
    """`self_hosted`: billing is off and everybody has the server's default plan. `cancelled` still works until `ends_at`."""

    SELF_HOSTED = "self_hosted"
    NONE = "none"
    TRIAL = "trial"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class PaymentState(StrEnum):
    """`unmatched` waits for the operator; nothing of it is lost."""

    CREDITED = "credited"
    UNMATCHED = "unmatched"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    DISMISSED = "dismissed"


class Price(Answer, frozen=True, kw_only=True):
    """What a plan costs in one currency."""

    currency: Currency
    amount: Amount


class PlanOffer(Answer, frozen=True, kw_only=True):
    """One plan that may be had. A trial has no prices."""

    name: str
    days: int
    max_sessions: int
    is_trial: bool
    prices: list[Price]


class ProviderOffer(Answer, frozen=True, kw_only=True):
    """A way to pay and the currencies that it takes."""

    name: str
    currencies: list[Currency]


class PlanList(Answer, frozen=True, kw_only=True):
    """GET /v1/plans. With `billing` off both lists are empty: nothing is sold here."""

    billing: bool
    plans: list[PlanOffer]
    providers: list[ProviderOffer]


class PaymentRecord(Answer, frozen=True, kw_only=True):
    """One payment of the account; `receipt` is the provider's own number of it."""

    id: str
    provider: str
    receipt: str
    state: PaymentState
    plan: str
    days: int
    currency: Currency
    amount: Amount
    paid_at: Timestamp


class Subscription(Answer, frozen=True, kw_only=True):
    """GET /v1/subscription. `payments` are the newest ten; days_left counts a day that has begun."""

    billing: bool
    state: SubscriptionState
    plan: str | None
    ends_at: Timestamp | None
    days_left: int | None
    max_sessions: int
    trial_available: bool
    discount_percent: int
    payments: list[PaymentRecord]


class PaymentQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/payments."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class PaymentPage(Answer, frozen=True, kw_only=True):
    """GET /v1/payments, newest first."""

    payments: list[PaymentRecord]
    total: Count
    limit: int
    offset: int


class RedeemRequest(Request, frozen=True, kw_only=True):
    """POST /v1/codes/redeem: a promo, gift or referral code; case and hyphens do not matter."""

    code: CodeText


class Redeemed(Answer, frozen=True, kw_only=True):
    """What a code gave: days at once, a percentage off the next payment, or (referral) bonus days after the first one."""

    kind: str
    days: int
    discount_percent: int
    subscription: Subscription


class ReferralReport(Answer, frozen=True, kw_only=True):
    """GET /v1/referral. Numbers only: whom somebody brought is nobody's business."""

    code: str
    bonus_days: int
    invited: Count
    paid: Count
    days_earned: Count


class CheckoutRequest(Request, frozen=True, kw_only=True):
    """POST /v1/payments/checkout. Without a currency the first one that the provider takes."""

    plan: Slug
    provider: Slug
    currency: Currency | None = None


class Checkout(Answer, frozen=True, kw_only=True):
    """Where to pay. `code` must stand in the comment of the payment when `code_in_comment` says so."""

    id: str
    provider: str
    plan: str
    currency: Currency
    amount: Amount
    link: str
    code: str
    code_in_comment: bool
    expires_at: Timestamp
