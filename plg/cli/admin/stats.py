"""`plg admin stats`: the server in figures."""

from typing import TYPE_CHECKING

import typer

from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.contract.admin_stats import Stats

app = command_app()

GIGABYTE = 1e9


@add_command(
    app,
    help=N_("Show the server in figures: accounts, plans, sessions, income, relays."),
    examples="plg admin stats\nplg admin stats --json",
)
def stats(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.contract.admin_stats import Stats

    run = invocation(ctx)

    show_stats(run, visit(run, run.server(server), lambda client: client.get("/stats", Stats)))


def show_stats(run: Invocation, found: "Stats") -> None:
    """Lines and a table of income, or the document."""
    if run.output.as_json:
        from plg.contract.admin_stats import AdminStatsDocument

        run.output.document(AdminStatsDocument(stats=found))
        return
    people, played, relays = found.accounts, found.sessions, found.relays
    plans = ", ".join(f"{one.plan}: {one.accounts}" for one in found.plans) or _("none")
    rows = [
        (_("accounts"), _("{total}, new today {day}, in 7 days {week}, banned {banned}").format(
            total=people.total, day=people.new_day, week=people.new_week, banned=people.banned)),
        (_("running plans"), plans),
        (_("sessions"), _("{now} now, {day} in a day, {week} in 7 days").format(
            now=played.now, day=played.day, week=played.week)),
        (_("traffic"), _("{day} GB in a day, {week} GB in 7 days, {ever} GB ever").format(
            day=_gigabytes(played.bytes_day), week=_gigabytes(played.bytes_week), ever=_gigabytes(played.bytes_ever))),
        (_("relays"), _("{up} up, {draining} closing down, {down} silent, {disabled} switched off").format(
            up=relays.up, draining=relays.draining, down=relays.down, disabled=relays.disabled)),
        (_("payments to look at"), str(found.payments_waiting)),
    ]  # fmt: skip
    run.output.table([Column(_("what")), Column(_("how much"))], rows)
    if found.income:
        run.output.line()
        columns = [
            Column(_("month")),
            Column(_("payments"), right=True),
            Column(_("amount"), right=True),
            Column(_("gone back"), right=True),
        ]
        income = [
            (one.month, str(one.payments), f"{one.amount} {one.currency}", f"{one.refunded} {one.currency}")
            for one in found.income
        ]
        run.output.table(columns, income)


def _gigabytes(number: int) -> str:
    return f"{number / GIGABYTE:.1f}"
