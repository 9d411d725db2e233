"""Subscriptions and plans as `plg admin` shows them: tables for people, documents for scripts."""

from plg.cli.admin.asking import say_page
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column
from plg.cli.plan_view import grant_rows, grant_table, payment_table, plan_name
from plg.contract import admin_plans, admin_subscriptions

_STATES = {
    "none": N_("none"),
    "trial": N_("trial"),
    "active": N_("active"),
    "cancelled": N_("cancelled"),
    "expired": N_("expired"),
    "self_hosted": N_("self-hosted"),
}


def show_subscriptions(run: Invocation, page: admin_subscriptions.SubscriptionList) -> None:
    """A row for each account."""
    if run.output.as_json:
        run.output.document(
            admin_subscriptions.AdminSubscriptionsDocument(
                subscriptions=page.subscriptions, total=page.total, limit=page.limit, offset=page.offset
            )
        )
        return
    if not page.subscriptions:
        run.talk.say(_("No subscription fits."))
        return
    columns = [
        Column(_("Account")),
        Column(_("State")),
        Column(_("Plan")),
        Column(_("Ends on")),
        Column(_("Days"), right=True),
        Column(_("ID")),
    ]
    run.output.table(columns, [_subscription_row(row) for row in page.subscriptions])
    say_page(run, len(page.subscriptions), page.total, page.offset)


def _subscription_row(row: admin_subscriptions.SubscriptionRow) -> tuple[str, ...]:
    days = "" if row.days_left is None else str(row.days_left)
    return row.email, _(_STATES[row.state]), plan_name(row.plan or ""), _end(row), days, row.account_id


def _end(row: admin_subscriptions.SubscriptionRow) -> str:
    if row.plan is None:
        return ""
    return _("without an end") if row.ends_at is None else row.ends_at[:10]


def subscription_line(row: admin_subscriptions.SubscriptionRow) -> str:
    """One line: whose, what, until when."""
    if row.plan is None:
        return _("{email}: no plan").format(email=row.email)
    return _("{email}: {plan}, {state}, {end}, sessions: {n}").format(
        email=row.email, plan=plan_name(row.plan), state=_(_STATES[row.state]), end=_end(row), n=row.max_sessions
    )


def show_subscription_file(run: Invocation, file: admin_subscriptions.SubscriptionFile) -> None:
    """The plan, what it was given for, and the payments."""
    if run.output.as_json:
        run.output.document(
            admin_subscriptions.AdminSubscriptionDocument(
                subscription=file.subscription,
                trial_had=file.trial_had,
                history=file.history,
                payments=file.payments,
            )
        )
        return
    run.output.line(subscription_line(file.subscription))
    run.output.line(_("The trial was had.") if file.trial_had else _("The trial was not had."))
    if file.history:
        run.output.line()
        grant_table(run, grant_rows(file.history, with_ids=True), with_ids=True)
    if file.payments:
        run.output.line()
        payment_table(run, file.payments)


def show_subscription_change(run: Invocation, change: admin_subscriptions.SubscriptionChange) -> None:
    """Before and after."""
    if run.output.as_json:
        run.output.document(
            admin_subscriptions.AdminSubscriptionChangeDocument(
                dry_run=change.dry_run, before=change.before, after=change.after
            )
        )
        return
    run.output.line(_("was: {what}").format(what=subscription_line(change.before)))
    now = _("would be: {what}") if change.dry_run else _("is: {what}")
    run.output.line(now.format(what=subscription_line(change.after)))
    say_dry_run(run, is_dry=change.dry_run)


def say_dry_run(run: Invocation, *, is_dry: bool) -> None:
    """Beside the outcome of a try."""
    if is_dry:
        run.talk.say(_("Nothing was changed: this was a try."))


def show_plans(run: Invocation, plans: admin_plans.AdminPlanList) -> None:
    """A row for each plan."""
    if run.output.as_json:
        run.output.document(admin_plans.AdminPlansDocument(plans=plans.plans))
        return
    columns = [
        Column(_("Name")),
        Column(_("Days"), right=True),
        Column(_("Sessions"), right=True),
        Column(_("Price")),
        Column(_("Offered")),
    ]
    run.output.table(columns, [_plan_row(plan) for plan in plans.plans])


def _plan_row(plan: admin_plans.AdminPlan) -> tuple[str, ...]:
    price = _("free, once") if plan.is_trial else ", ".join(f"{one.amount} {one.currency}" for one in plan.prices)
    return plan.name, str(plan.days), str(plan.max_sessions), price, _("yes") if plan.offered else _("no")


def show_plan_change(run: Invocation, change: admin_plans.PlanChange) -> None:
    """Before and after."""
    if run.output.as_json:
        run.output.document(
            admin_plans.AdminPlanChangeDocument(dry_run=change.dry_run, before=change.before, after=change.after)
        )
        return
    if change.before is not None:
        run.output.line(_("was: {what}").format(what=_plan_line(change.before)))
    now = _("would be: {what}") if change.dry_run else _("is: {what}")
    run.output.line(now.format(what=_plan_line(change.after)))
    say_dry_run(run, is_dry=change.dry_run)


def _plan_line(plan: admin_plans.AdminPlan) -> str:
    _name, _days, _sessions, price, _offered = _plan_row(plan)
    days = ngettext("{n} day", "{n} days", plan.days).format(n=plan.days)
    facts = [days, _("sessions: {n}").format(n=plan.max_sessions), price]
    if not plan.offered:
        facts.append(_("not offered"))
    return _("{name}: {facts}").format(name=plan.name, facts=", ".join(facts))
