"""Codes and referrals as `plg admin codes` shows them."""

from plg.cli.admin.asking import say_page
from plg.cli.admin.money_view import say_dry_run
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column
from plg.cli.plan_view import plan_name
from plg.contract import admin_codes as contract

_STATES = {"open": N_("open"), "used_up": N_("used up"), "ended": N_("ended"), "stopped": N_("stopped")}


def refused_wish(reason: str) -> CliError:
    """A code that the command line describes wrongly; `reason` is the contract's."""
    return CliError(
        _("such a code cannot be: {reason}").format(reason=reason),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("see: {command}").format(command="plg admin codes create --help"),
    )


def show_new_codes(run: Invocation, made: contract.NewCodes) -> None:
    """The texts alone on stdout, so that they can go into a file."""
    if run.output.as_json:
        run.output.document(
            contract.AdminNewCodesDocument(dry_run=made.dry_run, batch=made.batch, count=made.count, codes=made.codes)
        )
        return
    for text in made.codes:
        run.output.line(text)
    say_dry_run(run, is_dry=made.dry_run)
    if not made.dry_run:
        run.talk.say(_("Keep them: they cannot be shown again. Batch: {batch}").format(batch=made.batch))


def show_codes(run: Invocation, page: contract.CodePage) -> None:
    """A row for each code."""
    if run.output.as_json:
        run.output.document(
            contract.AdminCodesDocument(codes=page.codes, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.codes:
        run.talk.say(_("No code fits."))
        return
    columns = [
        Column(_("ID")),
        Column(_("Kind")),
        Column(_("State")),
        Column(_("Gives")),
        Column(_("Used"), right=True),
        Column(_("Left"), right=True),
        Column(_("Ends on")),
        Column(_("Label")),
        Column(_("Batch")),
    ]
    run.output.table(columns, [_row(code) for code in page.codes])
    say_page(run, len(page.codes), page.total, page.offset)


def _row(code: contract.AdminCode) -> tuple[str, ...]:
    left = _("no limit") if code.uses_left is None else str(code.uses_left)
    end = "" if code.expires_at is None else code.expires_at[:10]
    return (code.id, code.kind, _(_STATES[code.state]), gives(code), str(code.used), left, end, code.label, code.batch)


def gives(code: contract.AdminCode) -> str:
    """ "20 %", "30 days (monthly)", or both."""
    parts = [f"{code.percent} %"] if code.percent else []
    if code.days:
        days = ngettext("{n} day", "{n} days", code.days).format(n=code.days)
        parts.append(f"{days} ({plan_name(code.plan)})")
    return ", ".join(parts)


def show_code(run: Invocation, file: contract.CodeFile) -> None:
    """One code and who used it."""
    if run.output.as_json:
        run.output.document(contract.AdminCodeDocument(code=file.code, uses=file.uses))
        return
    code = file.code
    run.output.line(
        _("{id}: {kind}, {state}, gives {what}, used {n} times").format(
            id=code.id, kind=code.kind, state=_(_STATES[code.state]), what=gives(code), n=code.used
        )
    )
    if file.uses:
        columns = [Column(_("When (UTC)")), Column(_("Account")), Column(_("Discount spent")), Column(_("ID"))]
        rows = [
            (use.used_at[:16].replace("T", " "), use.email, (use.spent_at or "")[:10], use.account_id)
            for use in file.uses
        ]
        run.output.table(columns, rows)


def show_stopped(run: Invocation, stopped: contract.CodesStopped) -> None:
    """How many."""
    if run.output.as_json:
        run.output.document(contract.AdminCodesStoppedDocument(dry_run=stopped.dry_run, stopped=stopped.stopped))
        return
    run.output.line(ngettext("{n} code stopped", "{n} codes stopped", stopped.stopped).format(n=stopped.stopped))
    say_dry_run(run, is_dry=stopped.dry_run)


def show_referrals(run: Invocation, page: contract.ReferralPage) -> None:
    """The sums, and a row for each account that brought somebody."""
    if run.output.as_json:
        run.output.document(
            contract.AdminReferralsDocument(
                referrers=page.referrers, invited=page.invited, paid=page.paid, total=page.total
            )
        )
        return
    run.output.line(
        _("Players brought by others: {invited}, of them paid: {paid}").format(invited=page.invited, paid=page.paid)
    )
    if page.referrers:
        columns = [
            Column(_("Account")),
            Column(_("Invited"), right=True),
            Column(_("Paid"), right=True),
            Column(_("Days earned"), right=True),
            Column(_("ID")),
        ]
        rows = [
            (row.email, str(row.invited), str(row.paid), str(row.days_earned), row.account_id) for row in page.referrers
        ]
        run.output.table(columns, rows)
    say_page(run, len(page.referrers), page.total, page.offset)
