"""Accounts for operators, on a terminal and as documents."""

from plg.cli.admin.asking import say_page
from plg.cli.invocation import Invocation
from plg.cli.language import _, ngettext
from plg.cli.output import Column
from plg.contract.admin_users import (
    AdminUserChangeDocument,
    AdminUserDocument,
    AdminUsersDocument,
    User,
    UserChange,
    UserDetail,
    UserPage,
)


def show_users(run: Invocation, page: UserPage) -> None:
    """A row for each account."""
    if run.output.as_json:
        run.output.document(
            AdminUsersDocument(users=page.users, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.users:
        run.talk.say(_("No account fits."))
        return
    columns = [
        Column(_("e-mail")),
        Column(_("name")),
        Column(_("role")),
        Column(_("plan")),
        Column(_("until")),
        Column(_("sessions"), right=True),
        Column(_("hours"), right=True),
        Column(_("since")),
        Column(_("banned")),
        Column(_("id")),
    ]
    run.output.table(columns, [_row(user) for user in page.users])
    say_page(run, len(page.users), page.total, page.offset)


def _row(user: User) -> tuple[str, ...]:
    return (
        user.email,
        user.display_name,
        user.role,
        user.plan.name,
        _day(user.plan.expires_at),
        str(user.totals.sessions),
        f"{user.totals.seconds / 3600:.1f}",
        _day(user.created_at),
        _day(user.banned_at),
        user.id,
    )


def show_user(run: Invocation, detail: UserDetail) -> None:
    """Everything that an operator may know of one account."""
    if run.output.as_json:
        run.output.document(AdminUserDocument(detail=detail))
        return
    user = detail.user
    line = run.output.line
    line(f"{user.email} ({user.display_name}), {user.role}, {user.id}")
    if user.banned_at is not None:
        line(_("Banned since {time}: {reason}").format(time=_time(user.banned_at), reason=user.ban_reason))
    line(_("Account since {time}").format(time=_time(user.created_at)))
    line(_("Plan: {plan} until {date}").format(plan=user.plan.name, date=_day(user.plan.expires_at)))
    line(
        _("Sessions: {now} now, {all} in all, {hours} h, {megabytes} MB").format(
            now=detail.sessions_now,
            all=user.totals.sessions,
            hours=f"{user.totals.seconds / 3600:.1f}",
            megabytes=f"{user.totals.bytes / 1e6:.0f}",
        )
    )
    line(
        _("Payments: {payments}; API tokens: {tokens}; second factor: {factor}").format(
            payments=detail.payments,
            tokens=detail.api_tokens,
            factor=_("on") if detail.second_factor else _("off"),
        )
    )
    if detail.sign_ins:
        line()
        columns = [Column(_("sign-in")), Column(_("since")), Column(_("ended")), Column(_("because"))]
        rows = [(one.device or "-", _time(one.created_at), _time(one.ended_at), one.ended_because or "-") for one in detail.sign_ins]  # fmt: skip
        run.output.table(columns, rows)
    if detail.sessions:
        line()
        columns = [Column(_("session")), Column(_("game")), Column(_("relay")), Column(_("began")), Column(_("ended"))]
        played = [(one.session_id, one.game, one.node_name, _time(one.started_at), _time(one.ended_at)) for one in detail.sessions]  # fmt: skip
        run.output.table(columns, played)


def show_change(run: Invocation, change: UserChange) -> None:
    """What was done to an account, or would be."""
    if run.output.as_json:
        run.output.document(AdminUserChangeDocument(change=change))
        return
    user = change.user
    state = _("banned ({reason})").format(reason=user.ban_reason) if user.banned_at else _("not banned")
    line = f"{user.email}: {user.role}, {state}"
    if not change.changed:
        run.output.line(line)
        run.talk.say(_("There was nothing to change."))
        return
    ended = [
        ngettext("{n} sign-in ends", "{n} sign-ins end", change.sign_ins_ended).format(n=change.sign_ins_ended),
        ngettext("{n} API token", "{n} API tokens", change.tokens_revoked).format(n=change.tokens_revoked),
        ngettext("{n} session", "{n} sessions", change.sessions_ended).format(n=change.sessions_ended),
    ]
    if change.sign_ins_ended or change.tokens_revoked or change.sessions_ended:
        line += "; " + ", ".join(ended)
    run.output.line(line)
    if change.dry_run:
        run.talk.say(_("Nothing was changed: this was a dry run."))


def _day(moment: str | None) -> str:
    return "-" if moment is None else moment[:10]


def _time(moment: str | None) -> str:
    return "-" if moment is None else moment[:16].replace("T", " ")
