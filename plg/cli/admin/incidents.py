"""`plg admin incidents`: what the status page tells players of faults and of planned work."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import LimitOption, OffsetOption, moment, say_page
from plg.cli.admin.visiting import visit
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.output import Column

if TYPE_CHECKING:
    import msgspec

    from plg.api.admin_client import AdminClient
    from plg.contract.incidents import Incident, IncidentSeverity

STATES = ("open", "ended")
SEVERITIES: dict[str, "IncidentSeverity"] = {"maintenance": "maintenance", "minor": "minor", "major": "major"}

app = command_app(
    help=N_(
        "Tell players of faults and of planned work, on the status page.\n"
        "Texts may be given in Russian too; who reads the page in Russian sees them where there are some."
    )
)

IncidentArgument = Annotated[str, typer.Argument(metavar="ID", help=N_("The incident's number in the list."))]
TextArgument = Annotated[str, typer.Argument(metavar="TEXT", help=N_("What players shall know."))]
RussianTextOption = Annotated[str, typer.Option("--text-ru", metavar="TEXT", help=N_("The text in Russian."))]


@add_command(
    app,
    name="list",
    help=N_("List incidents, newest first."),
    examples="plg admin incidents list --state open",
)
def list_(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option("--state", metavar="STATE", help=N_("open or ended."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.contract.incidents import AdminIncidentsDocument, IncidentPage

    if state is not None:
        _known(state, STATES, _("there is no state '{state}'").format(state=state))
    run = invocation(ctx)
    query = {"state": state, "limit": limit, "offset": offset}
    page: IncidentPage = visit(run, run.server(server), lambda client: client.get("/incidents", IncidentPage, query))
    if run.output.as_json:
        run.output.document(
            AdminIncidentsDocument(incidents=page.incidents, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.incidents:
        run.talk.say(_("No incident fits."))
        return
    columns = [Column(_("id")), Column(_("title")), Column(_("severity")), Column(_("relay")), Column(_("began (UTC)")), Column(_("ended (UTC)"))]  # fmt: skip
    rows = [
        (one.id, one.title, one.severity, one.relay or "-", one.started_at, one.ended_at or "-")
        for one in page.incidents
    ]
    run.output.table(columns, rows)
    say_page(run, len(page.incidents), page.total, offset)


@add_command(
    app,
    name="open",
    help=N_("Tell players of a fault or of planned work."),
    examples=(
        'plg admin incidents open "Frankfurt is slow" "We look into it." --relay frankfurt-1\n'
        'plg admin incidents open "New hardware" "Half an hour without Oslo." --severity maintenance --from 2026-12-01T05:00:00Z'
    ),
)
def open_(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help=N_("A few words."))],
    text: TextArgument,
    severity: Annotated[
        str,
        typer.Option("--severity", metavar="WORD", help=N_("maintenance (planned), minor (hinders some) or major.")),
    ] = "minor",
    relay: Annotated[
        str | None, typer.Option("--relay", metavar="RELAY", help=N_("The relay that it is about: id or name."))
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help=N_("When it began or will begin, without it: now.")),
    ] = None,
    title_ru: Annotated[str, typer.Option("--title-ru", metavar="TITLE", help=N_("The title in Russian."))] = "",
    text_ru: RussianTextOption = "",
    server: ServerOption = None,
) -> None:
    from plg.contract.incidents import Incident, OpenIncidentRequest

    _known(severity, tuple(SEVERITIES), _("there is no severity '{word}'").format(word=severity))
    started_at = None if since is None else moment(since, option="--from", now=datetime.now(UTC))
    run = invocation(ctx)

    async def work(client: "AdminClient") -> Incident:
        from plg.cli.admin.nodes import find_node

        node_id = None if relay is None else (await find_node(client, relay)).id
        body = OpenIncidentRequest(
            title=title,
            text=text,
            severity=SEVERITIES[severity],
            title_ru=title_ru,
            text_ru=text_ru,
            node_id=node_id,
            started_at=started_at,
        )
        return await client.post("/incidents", Incident, body)

    _show(run, visit(run, run.server(server), work), _("The status page tells of it: {id}"))


@add_command(
    app,
    help=N_("Tell one thing more of an incident, also after its end."),
    examples='plg admin incidents update 0123456789abcdef "The provider has found the fault." --severity major',
)
def update(
    ctx: typer.Context,
    incident: IncidentArgument,
    text: TextArgument,
    severity: Annotated[
        str | None,
        typer.Option("--severity", metavar="WORD", help=N_("What it has become: maintenance, minor, major.")),
    ] = None,
    text_ru: RussianTextOption = "",
    server: ServerOption = None,
) -> None:
    from plg.contract.incidents import UpdateIncidentRequest

    if severity is not None:
        _known(severity, tuple(SEVERITIES), _("there is no severity '{word}'").format(word=severity))
    body = UpdateIncidentRequest(
        text=text, text_ru=text_ru, severity=None if severity is None else SEVERITIES[severity]
    )
    _tell(ctx, incident, "updates", body, server, _("The status page tells it too: {id}"))


@add_command(
    app,
    help=N_("Say that an incident is over."),
    examples='plg admin incidents end 0123456789abcdef "All is as it was."',
)
def end(
    ctx: typer.Context,
    incident: IncidentArgument,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help=N_("A last word."))] = "",
    text_ru: RussianTextOption = "",
    server: ServerOption = None,
) -> None:
    from plg.contract.incidents import EndIncidentRequest

    body = EndIncidentRequest(text=text, text_ru=text_ru)
    _tell(ctx, incident, "end", body, server, _("It is over on the status page: {id}"))


def _tell(ctx: typer.Context, incident: str, act: str, body: "msgspec.Struct", server: str | None, words: str) -> None:
    from urllib.parse import quote

    from plg.contract.incidents import Incident

    run = invocation(ctx)
    path = f"/incidents/{quote(incident, safe='')}/{act}"
    _show(run, visit(run, run.server(server), lambda client: client.post(path, Incident, body)), words)


def _show(run: Invocation, incident: "Incident", words: str) -> None:
    """Its number on standard output, for the next command; or the document."""
    if run.output.as_json:
        from plg.contract.incidents import AdminIncidentDocument

        run.output.document(AdminIncidentDocument(incident=incident))
        return
    run.output.line(words.format(id=incident.id))


def _known(word: str, allowed: tuple[str, ...], problem: str) -> None:
    if word not in allowed:
        raise CliError(
            problem,
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("one of: {names}").format(names=", ".join(allowed)),
        )
