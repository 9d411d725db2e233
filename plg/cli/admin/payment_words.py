"""Payments in words: why one waits, what became of it, and as tables and documents."""

from plg.cli.admin.asking import say_page
from plg.cli.admin.money_view import say_dry_run
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column
from plg.cli.plan_view import payment_state, plan_name
from plg.contract import admin_payments as contract

_REASONS = {
    "no_code": N_("no code stood in the comment: nobody knows who paid"),
    "many_codes": N_("several codes stood in the comment"),
    "unknown_code": N_("the code is of no checkout with this provider"),
    "short": N_("less came than the plan costs"),
    "wrong_currency": N_("it came in another currency than asked"),
    "late": N_("it came after the checkout had ended"),
    "duplicate": N_("the checkout was paid before: this is a second payment for it"),
    "discount_spent": N_("it was paid with a discount that another payment had used"),
    "overpaid": N_("more came than the plan costs"),
    "partial_refund": N_("a part of it went back: how many days that is worth is yours to say"),
    "before_payment": N_("the money went back before the payment itself was told"),
}


def reason_in_words(payment: contract.AdminPayment) -> str:
    """Why it waits, or what to know of it; "" when there is nothing."""
    if payment.state == "charged_back":
        return _("the payer called the money back through their bank: the days were taken, you may want to look")
    known = _REASONS.get(payment.reason)
    return payment.reason if known is None else _(known)


def show_payments(run: Invocation, page: contract.AdminPaymentPage) -> None:
    """A row for each payment."""
    if run.output.as_json:
        run.output.document(
            contract.AdminPaymentsDocument(
                payments=page.payments, total=page.total, limit=page.limit, offset=page.offset
            )
        )
        return
    if not page.payments:
        run.talk.say(_("No payment fits."))
        return
    columns = [
        Column(_("Paid (UTC)")),
        Column(_("Amount"), right=True),
        Column(_("Provider")),
        Column(_("State")),
        Column(_("Account")),
        Column(_("Plan")),
        Column(_("ID")),
    ]
    run.output.table(columns, [_row(payment) for payment in page.payments])
    say_page(run, len(page.payments), page.total, page.offset)


def _row(payment: contract.AdminPayment) -> tuple[str, ...]:
    return (
        _minute(payment.paid_at),
        amount(payment),
        payment.provider,
        payment_state(payment.state),
        payment.email or "",
        plan_name(payment.plan),
        payment.id,
    )


def amount(payment: contract.AdminPayment) -> str:
    """ "5.99 USD"."""
    return f"{payment.amount} {payment.currency}"


def show_file(run: Invocation, file: contract.PaymentFile) -> None:
    """One payment with everything that is known of it."""
    if run.output.as_json:
        run.output.document(
            contract.AdminPaymentDocument(payment=file.payment, checkout=file.checkout, candidates=file.candidates)
        )
        return
    for line in file_lines(file):
        run.output.line(line)


def file_lines(file: contract.PaymentFile) -> list[str]:
    """What a person decides by, line by line; candidates are numbered."""
    payment = file.payment
    facts = [
        (_("Payment"), f"{payment.id} ({payment.provider} {payment.provider_number})"),
        (_("Amount"), amount(payment)),
        (_("Paid (UTC)"), _minute(payment.paid_at)),
        (_("State"), payment_state(payment.state)),
        (_("Because"), reason_in_words(payment)),
        (_("Account"), payment.email or ""),
        (_("Plan"), _plan(payment.plan, payment.days) if payment.days else ""),
        (_("Went back"), "" if payment.refunded == "0.00" else f"{payment.refunded} {payment.currency}"),
        (_("Comment"), payment.comment),
        (_("Checkout"), "" if file.checkout is None else checkout_line(file.checkout)),
    ]
    shown = [(title, text) for title, text in facts if text]
    width = max(len(title) for title, _text in shown)
    lines = [f"{title + ':':<{width + 1}}  {text}" for title, text in shown]
    if file.candidates:
        lines.append(_("It may be for:"))
        lines += [f"  {place}  {checkout_line(one)}" for place, one in enumerate(file.candidates, 1)]
    elif payment.state == "unmatched":
        lines.append(_("No checkout fits it."))
    return lines


def checkout_line(checkout: contract.AdminCheckout) -> str:
    """One line: who wanted what, when, for how much."""
    discount = f" (-{checkout.discount_percent} %)" if checkout.discount_percent else ""
    return _("{email}: {plan}, {amount} {currency}{discount}, begun {time} UTC, {code}, id {id}").format(
        email=checkout.email,
        plan=_plan(checkout.plan, checkout.days),
        amount=checkout.amount,
        currency=checkout.currency,
        discount=discount,
        time=_minute(checkout.created_at),
        code=checkout.code,
        id=checkout.id,
    )


def show_change(run: Invocation, change: contract.PaymentChange) -> None:
    """What became of it."""
    if run.output.as_json:
        run.output.document(
            contract.AdminPaymentChangeDocument(
                dry_run=change.dry_run, before=change.before, after=change.after, plan_ends_at=change.plan_ends_at
            )
        )
        return
    run.output.line(change_line(change))
    say_dry_run(run, is_dry=change.dry_run)


def change_line(change: contract.PaymentChange) -> str:
    """One line: from which state to which, and until when its account has a plan."""
    before, after = payment_state(change.before.state), payment_state(change.after.state)
    if before == after:
        return _("{amount}: looked at, it stays {state}").format(amount=amount(change.after), state=after)
    line = _("{amount}: was {before}, is {after}").format(amount=amount(change.after), before=before, after=after)
    if change.after.email is None:
        return line
    if change.plan_ends_at is None:
        return _("{line}; {email} has no plan with an end").format(line=line, email=change.after.email)
    return _("{line}; the plan of {email} ends on {date}").format(
        line=line, email=change.after.email, date=change.plan_ends_at[:10]
    )


def _plan(name: str, days: int) -> str:
    shown = ngettext("{n} day", "{n} days", days).format(n=days)
    return f"{plan_name(name)} ({shown})"


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
