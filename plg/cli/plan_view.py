"""A subscription, the plans and a payment to make, on a terminal and as documents."""

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column
from plg.contract.billing import (
    Checkout,
    PaymentPage,
    PaymentRecord,
    PlanList,
    PlanOffer,
    Redeemed,
    ReferralReport,
    Subscription,
)
from plg.contract.cli_output_billing import PayDocument, PlanDocument, RedeemDocument, ReferralDocument
from plg.contract.receipts import (
    GrantRecord,
    PaymentsDocument,
    PlanHistoryDocument,
    Receipt,
    ReceiptDocument,
    SubscriptionHistory,
)

_PLANS = {
    "trial": N_("trial"),
    "monthly": N_("monthly"),
    "quarterly": N_("quarterly"),
    "yearly": N_("yearly"),
}

_PAYMENT_STATES = {
    "credited": N_("credited"),
    "unmatched": N_("being looked at"),
    "refunded": N_("refunded"),
    "charged_back": N_("charged back"),
    "dismissed": N_("not for a plan"),
}

_SOURCES = {
    "trial": N_("trial"),
    "payment": N_("payment"),
    "promo": N_("promo code"),
    "gift": N_("gift code"),
    "referral": N_("friends"),
    "operator": N_("the operator"),
    "outcome_fair": N_("a day without a gain"),
}

_BECAUSE = {
    "refunded": N_("taken back: the payment was refunded"),
    "charged_back": N_("taken back: the payment was charged back"),
    "operator": N_("taken back by the operator"),
}


def plan_name(name: str) -> str:
    """The plan in the person's language; an operator's own plan keeps its name."""
    known = _PLANS.get(name)
    return name if known is None else _(known)


def show_plan(run: Invocation, subscription: Subscription, offers: PlanList) -> None:
    """The plan, its end, what was paid, and what may be had."""
    if run.output.as_json:
        run.output.document(PlanDocument(subscription=subscription, plans=offers.plans, providers=offers.providers))
        return
    run.output.line(_("Plan: {plan}").format(plan=plan_line(subscription)))
    if not subscription.billing:
        return
    if subscription.discount_percent:
        run.output.line(_("Next payment: {n} % off").format(n=subscription.discount_percent))
    if subscription.payments:
        run.output.line()
        payment_table(run, subscription.payments)
    show_offers(run, offers)
    say_next(run, subscription, offers)


def payment_state(state: str) -> str:
    """A payment's state in words."""
    known = _PAYMENT_STATES.get(state)
    return state if known is None else _(known)


def payment_table(run: Invocation, payments: list[PaymentRecord]) -> None:
    """A row for each payment."""
    columns = [
        Column(_("Paid on")),
        Column(_("Amount"), right=True),
        Column(_("Plan")),
        Column(_("State")),
        Column(_("Receipt")),
        Column(_("ID")),
    ]
    rows = [
        (
            one.paid_at[:10],
            f"{one.amount} {one.currency}",
            plan_name(one.plan),
            payment_state(one.state),
            f"{one.provider} {one.receipt}",
            one.id,
        )
        for one in payments
    ]
    run.output.table(columns, rows)


def show_payments(run: Invocation, page: PaymentPage) -> None:
    """All payments, newest first."""
    if run.output.as_json:
        run.output.document(PaymentsDocument(payments=page.payments, total=page.total))
        return
    if not page.payments:
        run.talk.say(_("Nothing was paid yet."))
        return
    payment_table(run, page.payments)
    run.talk.say(_("A receipt: plg plan receipt ID"))


def show_receipt(run: Invocation, receipt: Receipt) -> None:
    """A receipt in lines that can be printed."""
    if run.output.as_json:
        run.output.document(ReceiptDocument(receipt=receipt))
        return
    days = ngettext("{n} day", "{n} days", receipt.days).format(n=receipt.days)
    back = "" if receipt.refunded == "0.00" else f"{receipt.refunded} {receipt.currency}"
    rows = [
        (_("Receipt"), receipt.number),
        (_("Paid on"), receipt.paid_at[:10]),
        (_("Seller"), receipt.seller),
        (_("Buyer"), receipt.buyer),
        (_("For"), f"{plan_name(receipt.plan)} ({days})"),
        (_("Discount"), f"{receipt.discount_percent} %" if receipt.discount_percent else ""),
        (_("Amount"), f"{receipt.amount} {receipt.currency}"),
        (_("Went back"), back),
        (_("State"), payment_state(receipt.state)),
        (_("Paid by"), f"{receipt.provider} {receipt.provider_number}"),
    ]
    shown = [(title, text) for title, text in rows if text]
    width = max(len(title) for title, _text in shown)
    for title, text in shown:
        run.output.line(f"{title + ':':<{width + 1}}  {text}")


def show_history(run: Invocation, history: SubscriptionHistory) -> None:
    """What the days were given for, newest first."""
    if run.output.as_json:
        run.output.document(PlanHistoryDocument(grants=history.grants))
        return
    if not history.grants:
        run.talk.say(_("No days were given yet."))
        return
    grant_table(run, grant_rows(history.grants))


def grant_rows(grants: list[GrantRecord], *, with_ids: bool = False) -> list[tuple[str, ...]]:
    """A row for each: when, what for, how many days, from when until when, why."""
    rows: list[tuple[str, ...]] = []
    for one in grants:
        known = _SOURCES.get(one.source)
        source = one.source if known is None else _(known)
        place = "" if one.starts_at is None or one.ends_at is None else f"{one.starts_at[:10]} - {one.ends_at[:10]}"
        row = (one.given_at[:10], source, plan_name(one.plan), str(one.days), place, _why(one))
        rows.append((*row, one.id) if with_ids else row)
    return rows


def grant_table(run: Invocation, rows: list[tuple[str, ...]], *, with_ids: bool = False) -> None:
    """The table of `grant_rows`."""
    columns = [
        Column(_("Given on")),
        Column(_("For")),
        Column(_("Plan")),
        Column(_("Days"), right=True),
        Column(_("Counts")),
        Column(_("Because")),
    ]
    run.output.table([*columns, Column(_("ID"))] if with_ids else columns, rows)


def _why(one: GrantRecord) -> str:
    reasons = [_("nothing was gained on {day}").format(day=one.for_day)] if one.for_day else []
    if one.note:
        reasons.append(one.note)
    if one.taken_back_at is not None:
        known = _BECAUSE.get(one.taken_back_because or "")
        reasons.append(_("taken back") if known is None else _(known))
    return "; ".join(reasons)


def plan_line(subscription: Subscription) -> str:
    """One line: what it is and how long it lasts."""
    name = plan_name(subscription.plan or "")
    if not subscription.billing:
        return _("{plan}: everybody may play on this server").format(plan=name)
    if subscription.state == "none":
        return _("none")
    date = (subscription.ends_at or "")[:10]
    if subscription.state == "expired":
        return _("{plan}, ended on {date}").format(plan=name, date=date)
    if subscription.days_left is None:
        return _("{plan}, without an end").format(plan=name)
    days = ngettext("{n} day left", "{n} days left", subscription.days_left).format(n=subscription.days_left)
    if subscription.state == "cancelled":
        return _("{plan}, cancelled, works until {date} ({days})").format(plan=name, date=date, days=days)
    return _("{plan} until {date} ({days})").format(plan=name, date=date, days=days)


def show_offers(run: Invocation, offers: PlanList) -> None:
    """A row for each plan that costs something."""
    sold = [plan for plan in offers.plans if plan.prices]
    if not sold:
        return
    run.output.line()
    columns = [Column(_("Plan")), Column(_("Days"), right=True), Column(_("Price")), Column(_("Name"))]
    run.output.table(columns, [(plan_name(one.name), str(one.days), prices(one), one.name) for one in sold])


def prices(plan: PlanOffer) -> str:
    """All prices of a plan."""
    return ", ".join(f"{price.amount} {price.currency}" for price in plan.prices)


def say_next(run: Invocation, subscription: Subscription, offers: PlanList) -> None:
    """The commands that fit now."""
    if subscription.trial_available:
        run.talk.say(_("Try it for nothing: plg plan trial"))
    if offers.providers:
        names = ", ".join(f"{one.name} ({', '.join(one.currencies)})" for one in offers.providers)
        run.talk.say(_("Pay with: plg pay NAME --with PROVIDER, where PROVIDER is {names}").format(names=names))


def show_redeemed(run: Invocation, redeemed: Redeemed) -> None:
    """What a code gave."""
    if run.output.as_json:
        run.output.document(RedeemDocument(redeemed=redeemed))
        return
    if redeemed.days:
        run.output.line(ngettext("{n} day was added.", "{n} days were added.", redeemed.days).format(n=redeemed.days))
    if redeemed.discount_percent:
        run.output.line(_("The next payment costs {n} % less.").format(n=redeemed.discount_percent))
    if redeemed.kind == "referral":
        run.output.line(_("Your friend and you get bonus days after your first payment."))
    run.output.line(_("Plan: {plan}").format(plan=plan_line(redeemed.subscription)))


def show_referral(run: Invocation, report: ReferralReport) -> None:
    """The own code and what it earned."""
    if run.output.as_json:
        run.output.document(ReferralDocument(referral=report))
        return
    run.output.line(_("Your code for friends: {code}").format(code=report.code))
    bonus = ngettext("{n} day for each of you", "{n} days for each of you", report.bonus_days).format(
        n=report.bonus_days
    )
    run.output.line(_("After a friend's first payment: {bonus}").format(bonus=bonus))
    earned = ngettext("{n} day", "{n} days", report.days_earned).format(n=report.days_earned)
    run.output.line(
        _("Invited: {invited}, paid: {paid}, earned: {earned}").format(
            invited=report.invited, paid=report.paid, earned=earned
        )
    )


def show_checkout(run: Invocation, checkout: Checkout) -> None:
    """The link alone on stdout; what to do there is said beside it."""
    if run.output.as_json:
        run.output.document(PayDocument(checkout=checkout))
        return
    run.talk.say(
        _("{plan}: {amount} {currency}, to be paid until {time} UTC at").format(
            plan=plan_name(checkout.plan),
            amount=checkout.amount,
            currency=checkout.currency,
            time=checkout.expires_at[:16].replace("T", " "),
        )
    )
    run.output.line(checkout.link)
    if checkout.code_in_comment:
        run.talk.say(_("Write {code} into the comment: without it nobody knows who paid.").format(code=checkout.code))
    run.talk.say(_("Afterwards: plg plan"))
