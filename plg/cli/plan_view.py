"""A subscription, the plans and a payment to make, on a terminal and as documents."""

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column
from plg.contract.billing import Checkout, PlanList, PlanOffer, Redeemed, ReferralReport, Subscription
from plg.contract.cli_output_billing import PayDocument, PlanDocument, RedeemDocument, ReferralDocument

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
        columns = [
            Column(_("Paid on")),
            Column(_("Amount"), right=True),
            Column(_("Plan")),
            Column(_("State")),
            Column(_("Receipt")),
        ]
        rows = [
            (
                one.paid_at[:10],
                f"{one.amount} {one.currency}",
                plan_name(one.plan),
                _(_PAYMENT_STATES[one.state]),
                f"{one.provider} {one.receipt}",
            )
            for one in subscription.payments
        ]
        run.output.table(columns, rows)
    show_offers(run, offers)
    say_next(run, subscription, offers)


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
