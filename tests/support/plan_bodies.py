"""A plan, what is sold beside it, and what a friend brought: plausible values."""

from plg.contract.billing import (
    Checkout,
    PaymentRecord,
    PaymentState,
    PlanList,
    PlanOffer,
    Price,
    ProviderOffer,
    ReferralReport,
    Subscription,
    SubscriptionState,
)

SUBSCRIPTION = Subscription(
    billing=True,
    state=SubscriptionState.ACTIVE,
    plan="month",
    ends_at="2026-03-01T12:00:00Z",
    days_left=12,
    max_sessions=2,
    trial_available=False,
    discount_percent=10,
    payments=[
        PaymentRecord(
            id="p1", provider="donatepay", receipt="77", state=PaymentState.CREDITED, plan="month", days=30,
            currency="RUB", amount="199.00", paid_at="2026-01-30T12:00:00Z",
        )
    ],
)  # fmt: skip

PLANS = PlanList(
    billing=True,
    plans=[
        PlanOffer(name="trial", days=3, max_sessions=1, is_trial=True, prices=[]),
        PlanOffer(name="month", days=30, max_sessions=2, is_trial=False, prices=[Price(currency="RUB", amount="199.00"), Price(currency="USD", amount="5.99")]),
        PlanOffer(name="year", days=365, max_sessions=3, is_trial=False, prices=[Price(currency="RUB", amount="1990.00")]),
    ],
    providers=[ProviderOffer(name="donatepay", currencies=["RUB"]), ProviderOffer(name="stripe", currencies=["USD"])],
)  # fmt: skip

REFERRAL = ReferralReport(code="PLAYER-7F3K", bonus_days=7, invited=3, paid=1, days_earned=7)

CHECKOUT = Checkout(
    id="c1", provider="donatepay", plan="month", currency="RUB", amount="179.10", link="https://pay.example.org/c1",
    code="AB12CD34", code_in_comment=True, expires_at="2026-02-02T12:00:00Z",
)  # fmt: skip
