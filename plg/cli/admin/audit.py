"""`plg admin audit`: what operators did."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import LimitOption, OffsetOption, moment, say_page
from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.contract.admin_audit import AuditActor, AuditPage, AuditRecord

app = command_app()


@add_command(
    app,
    help=N_(
        "Show what operators did, newest first.\nThe log can only be added to: neither the API nor the server's own code can change it."
    ),
    examples="plg admin audit --since 7d\nplg admin audit --act users. --actor boss@example.org\nplg admin audit --subject account:0123456789abcdef --json",
)
def audit(
    ctx: typer.Context,
    actor: Annotated[
        str | None,
        typer.Option("--actor", metavar="WHO", help=N_("Only of this account: id or e-mail address; or: machine.")),
    ] = None,
    act: Annotated[
        str | None, typer.Option("--act", metavar="ACT", help=N_("Only this act, such as users.ban; or all of: users."))
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="KIND:ID", help=N_("Only what was done to this; or to all of: account:")),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help=N_("Not before: a date, a time, or 24h, 7d ago."))
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help=N_("Before this time."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_audit import AuditPage

    run = invocation(ctx)
    query = {
        "actor": actor,
        "act": act,
        "subject": subject,
        "since": None if since is None else moment(since, option="--since").isoformat(),
        "until": None if until is None else moment(until, option="--until").isoformat(),
        "limit": limit,
        "offset": offset,
    }

    show_audit(run, visit(run, run.server(server), lambda client: client.get("/audit", AuditPage, query)))


def show_audit(run: Invocation, page: "AuditPage") -> None:
    """A row for each act, or the document."""
    if run.output.as_json:
        from plg.contract.admin_audit import AdminAuditDocument

        run.output.document(
            AdminAuditDocument(entries=page.entries, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.entries:
        run.talk.say(_("Nothing was done that fits."))
        return
    columns = [Column(_("when (UTC)")), Column(_("who")), Column(_("act")), Column(_("to what")), Column(_("details"))]
    run.output.table(columns, [_row(entry) for entry in page.entries])
    say_page(run, len(page.entries), page.total, page.offset)


def _row(entry: "AuditRecord") -> tuple[str, str, str, str, str]:
    details = ", ".join(f"{name}: {_plain(value)}" for name, value in entry.details.items())
    return entry.at[:19].replace("T", " "), _who(entry.actor), entry.act, entry.subject, details


def _who(actor: "AuditActor") -> str:
    if actor.account_id is None:
        return _("operator at the machine")
    name = actor.email or actor.account_id
    return name if actor.via == "sign_in" else _("{name} by token {token}").format(name=name, token=actor.via)


def _plain(value: object) -> str:
    """A value as JSON writes it; texts without their quotes."""
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
