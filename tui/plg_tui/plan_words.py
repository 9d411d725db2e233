"""A plan, its offers, payments and referral code in words. Pure; each line is safe to show."""

from dataclasses import dataclass
from datetime import datetime

from plg.cli.account_view import totals_text
from plg.cli.language import N_, _, ngettext
from plg.cli.output import safe_text
from plg.contract.accounts import Account
from plg.contract.billing import (
    Checkout,
    PaymentState,
    PlanList,
    ReferralReport,
    Subscription,
    SubscriptionState,
)

_STATES = {
    SubscriptionState.SELF_HOSTED: N_("This server asks for no plan: everybody with an account may play."),
    SubscriptionState.NONE: N_("No plan yet: a session needs one here."),
    SubscriptionState.TRIAL: N_("● trial"),
    SubscriptionState.ACTIVE: N_("● active"),
    SubscriptionState.CANCELLED: N_("○ cancelled; it works until its end"),
    SubscriptionState.EXPIRED: N_("✕ ended"),
}

_PAYMENTS = {
    PaymentState.CREDITED: N_("credited"),
    PaymentState.UNMATCHED: N_("the operator looks at it"),
    PaymentState.REFUNDED: N_("paid back"),
    PaymentState.CHARGED_BACK: N_("charged back"),
    PaymentState.DISMISSED: N_("dismissed"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One plan at one price by one way to pay."""

    plan: str
    days: int
    max_sessions: int
    provider: str
    currency: str
    amount: str


def plan_of_an_older_server(account: Account) -> Subscription:
    """A server that knows no subscriptions sells nothing; what an account may do there stands in the account."""
    return Subscription(
        billing=False,
        state=SubscriptionState.SELF_HOSTED,
        plan=account.plan.name,
        ends_at=account.plan.expires_at,
        days_left=None,
        max_sessions=account.plan.max_sessions,
        trial_available=False,
        discount_percent=0,
        payments=[],
    )


def plan_lines(subscription: Subscription) -> list[str]:
    """State, name, days left, sessions and discount."""
    lines = [_(_STATES[subscription.state])]
    if subscription.plan:
        lines.append(safe_text(subscription.plan))
    if subscription.ends_at is not None and subscription.state is not SubscriptionState.SELF_HOSTED:
        lines.append(left_text(subscription.days_left, subscription.ends_at))
    count = subscription.max_sessions
    if count:
        lines.append(ngettext("{n} session at a time", "{n} sessions at a time", count).format(n=count))
    if subscription.discount_percent:
        lines.append(_("{n} % off the next payment").format(n=subscription.discount_percent))
    return lines


def left_text(days_left: int | None, ends_at: str) -> str:
    """How long it lasts yet; a day that has begun counts."""
    date = date_text(ends_at)
    if not days_left:
        return _("until {date}").format(date=date)
    return ngettext("{n} day left (until {date})", "{n} days left (until {date})", days_left).format(
        n=days_left, date=date
    )


def date_text(timestamp: str) -> str:
    """The day of a server's time, here."""
    try:
        return datetime.fromisoformat(timestamp).astimezone().strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return safe_text(timestamp[:32])


def account_lines(account: Account, server_url: str) -> list[str]:
    """Whose it is, where, since when, and what was played."""
    return [
        f"{safe_text(account.display_name)} <{safe_text(account.email)}>",
        _("Server: {server}").format(server=server_url),
        _("Since {date}").format(date=date_text(account.created_at)),
        _("Played: {totals}").format(totals=totals_text(account)),
    ]


def offers(plans: PlanList) -> list[Offer]:
    """Every way to pay for every plan, in the server's order."""
    return [
        Offer(plan.name, plan.days, plan.max_sessions, provider.name, price.currency, price.amount)
        for plan in plans.plans
        if not plan.is_trial
        for provider in plans.providers
        for price in plan.prices
        if price.currency in provider.currencies
    ]


def offer_titles() -> tuple[str, ...]:
    return (_("Plan"), _("Days"), _("Sessions"), _("Price"), _("Way to pay"))


def offer_row(offer: Offer) -> tuple[str, ...]:
    """In the order of `offer_titles`."""
    return (
        offer.plan,
        str(offer.days),
        str(offer.max_sessions),
        f"{offer.amount} {offer.currency}",
        offer.provider,
    )


def payment_lines(subscription: Subscription) -> list[str]:
    """The newest payments, one a line."""
    return [
        safe_text(
            f"{date_text(one.paid_at)}  {one.plan}  {one.amount} {one.currency}  {one.provider}  {_(_PAYMENTS[one.state])}"
        )
        for one in subscription.payments
    ]


def referral_lines(report: ReferralReport) -> list[str]:
    """The code to give away, and what it brought."""
    invited = ngettext("{n} player came by it", "{n} players came by it", report.invited).format(n=report.invited)
    paid = ngettext("{n} of them paid", "{n} of them paid", report.paid).format(n=report.paid)
    earned = ngettext("{n} day earned", "{n} days earned", report.days_earned).format(n=report.days_earned)
    promise = ngettext(
        "{n} day for you when somebody pays who used it",
        "{n} days for you when somebody pays who used it",
        report.bonus_days,
    ).format(n=report.bonus_days)
    return [_("Your code: {code}").format(code=safe_text(report.code)), promise, f"{invited}, {paid}, {earned}"]


def checkout_lines(checkout: Checkout) -> list[str]:
    """What to pay, where, and what must stand in the comment."""
    lines = [
        _("{plan}: {amount} {currency}").format(
            plan=safe_text(checkout.plan), amount=checkout.amount, currency=checkout.currency
        ),
        safe_text(checkout.link),
    ]
    if checkout.code_in_comment:
        text = _("Write {code} into the comment of the payment: by it the payment is known to be yours.")
        lines.append(text.format(code=safe_text(checkout.code)))
    lines.append(_("The link holds until {date}.").format(date=date_text(checkout.expires_at)))
    return lines
