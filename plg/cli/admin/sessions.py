"""`plg admin sessions`: who plays now and who did, one session in full, and ending one."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure, moment, say_page
from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.api.admin_client import AdminClient
    from plg.contract.admin_sessions import AdminSession, AdminSessionDetail, AdminSessionPage, KilledSession

app = command_app(help=N_("See and end sessions."))

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help=N_("The session's id."))]


@add_command(
    app,
    name="list",
    help=N_("List sessions, newest first."),
    examples="plg admin sessions list --active\nplg admin sessions list --account ann@example.org --since 7d\nplg admin sessions list --relay frankfurt-1 --game cs2 --json",
)
def list_(
    ctx: typer.Context,
    active: Annotated[
        bool | None, typer.Option("--active/--ended", help=N_("Only those that run, or that have ended."))
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="WHO", help=N_("Only of this account: e-mail address or id."))
    ] = None,
    relay: Annotated[
        str | None, typer.Option("--relay", metavar="RELAY", help=N_("Only through this relay, in whatever place."))
    ] = None,
    game: Annotated[str | None, typer.Option("--game", metavar="GAME", help=N_("Only of this game."))] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help=N_("Not before: a date, a time, or 24h, 7d ago."))
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help=N_("Before this time."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.nodes import find_node
    from plg.contract.admin_sessions import AdminSessionPage

    run = invocation(ctx)
    query = {
        "state": None if active is None else "active" if active else "ended",
        "account": account,
        "game": game,
        "since": None if since is None else moment(since, option="--since").isoformat(),
        "until": None if until is None else moment(until, option="--until").isoformat(),
        "limit": limit,
        "offset": offset,
    }

    async def work(client: "AdminClient") -> AdminSessionPage:
        node = None if relay is None else (await find_node(client, relay)).id
        return await client.get("/sessions", AdminSessionPage, {**query, "node": node})

    show_sessions(run, visit(run, run.server(server), work))


@add_command(
    app,
    help=N_("Show one session: its relays, why they were chosen, what was measured."),
    examples="plg admin sessions show 0123456789abcdef",
)
def show(ctx: typer.Context, session: SessionArgument, server: ServerOption = None) -> None:
    from urllib.parse import quote

    from plg.contract.admin_sessions import AdminSessionDetail

    run = invocation(ctx)

    show_session(
        run,
        visit(
            run,
            run.server(server),
            lambda client: client.get(f"/sessions/{quote(session, safe='')}", AdminSessionDetail),
        ),
    )


@add_command(
    app,
    help=N_("End a session now, at the server and at every relay of it."),
    examples="plg admin sessions kill 0123456789abcdef --dry-run\nplg admin sessions kill 0123456789abcdef --reason abuse --yes",
)
def kill(
    ctx: typer.Context,
    session: SessionArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why, for the audit log."))] = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from urllib.parse import quote

    from plg.contract.admin_sessions import KilledSession, KillSessionRequest

    run = invocation(ctx)
    address = run.server(server)
    if not dry_run:
        be_sure(run, _("End the session {id} in the middle of whatever it carries?").format(id=session), yes=yes)

    async def work(client: "AdminClient") -> KilledSession:
        body = KillSessionRequest(reason=reason, dry_run=dry_run)
        return await client.post(f"/sessions/{quote(session, safe='')}/kill", KilledSession, body)

    show_killed(run, visit(run, address, work))


def show_sessions(run: Invocation, page: "AdminSessionPage") -> None:
    """A row for each session, or the document."""
    if run.output.as_json:
        from plg.contract.admin_sessions import AdminSessionsDocument

        run.output.document(
            AdminSessionsDocument(sessions=page.sessions, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.sessions:
        run.talk.say(_("No session fits."))
        return
    columns = [
        Column(_("session")),
        Column(_("account")),
        Column(_("game")),
        Column(_("relay")),
        Column(_("since (UTC)")),
        Column(_("minutes"), right=True),
        Column(_("state")),
        Column(_("ping"), right=True),
        Column(_("direct"), right=True),
    ]
    run.output.table(columns, [_row(session) for session in page.sessions])
    say_page(run, len(page.sessions), page.total, page.offset)


def show_session(run: Invocation, found: "AdminSessionDetail") -> None:
    """Everything of one session, or the document."""
    if run.output.as_json:
        from plg.contract.admin_sessions import AdminSessionDocument

        run.output.document(
            AdminSessionDocument(
                session=found.session,
                approved=found.approved,
                chosen_because=found.chosen_because,
                degraded_because=found.degraded_because,
                max_paths=found.max_paths,
                interfaces=found.interfaces,
                relays=found.relays,
            )
        )
        return
    one = found.session
    lines = [
        (_("session"), one.session_id),
        (_("account"), f"{one.email} ({one.account_id})"),
        (_("game"), one.game + (f" ({one.target})" if one.target else "")),
        (_("relay"), f"{one.node_name} ({one.node_id})"),
        (_("chosen because"), found.chosen_because or "-"),
        (_("lacks"), found.degraded_because or "-"),
        (_("mode"), _("{mode}, at most {paths} ways, {lines} lines").format(
            mode=one.mode, paths=found.max_paths, lines=found.interfaces)),
        (_("approved addresses"), ", ".join(found.approved) or "-"),
        (_("started"), one.started_at),
        (_("ticket until"), one.expires_at),
        (_("state"), _state(one)),
        (_("packets"), _("{up} up, {down} down").format(up=one.packets_up, down=one.packets_down)),
        (_("ping"), _("{measured} measured, {predicted} predicted, {direct} direct").format(
            measured=_ms(one.measured_total_ms), predicted=_ms(one.predicted_total_ms), direct=_ms(one.direct_ms))),
        (_("client"), one.client_version or "-"),
    ]  # fmt: skip
    run.output.table([Column(_("what")), Column(_("value"))], lines)
    if found.relays:
        run.output.line()
        columns = [
            Column(_("further relay")),
            Column(_("as")),
            Column(_("way"), right=True),
            Column(_("from")),
            Column(_("until")),
        ]
        rows = [
            (relay.node_name, relay.role, str(relay.path), relay.added_at, relay.removed_at or "-")
            for relay in found.relays
        ]
        run.output.table(columns, rows)


def show_killed(run: Invocation, killed: "KilledSession") -> None:
    """What happened, or would; or the document."""
    if run.output.as_json:
        from plg.contract.admin_sessions import AdminKilledDocument

        run.output.document(
            AdminKilledDocument(
                session=killed.session, dry_run=killed.dry_run, changed=killed.changed, relays=killed.relays
            )
        )
        return
    one = killed.session
    values = {"id": one.session_id, "email": one.email, "game": one.game, "relays": ", ".join(killed.relays)}
    if not killed.changed:
        run.output.line(_("The session {id} has ended already: {state}.").format(id=one.session_id, state=_state(one)))
    elif killed.dry_run:
        run.output.line(_("The session {id} of {email} ({game}) would end, at {relays}.").format(**values))
    else:
        run.output.line(_("The session {id} of {email} ({game}) has ended; told: {relays}.").format(**values))


def _row(one: "AdminSession") -> tuple[str, ...]:
    return (
        one.session_id,
        one.email,
        one.game,
        one.node_name,
        one.started_at[:19].replace("T", " "),
        f"{one.seconds / 60:.0f}",
        _state(one),
        _ms(one.measured_total_ms if one.measured_total_ms is not None else one.predicted_total_ms),
        _ms(one.direct_ms),
    )


def _state(one: "AdminSession") -> str:
    if one.state == "active":
        return _("active")
    return _("ended ({why})").format(why=one.ended_because or "-")


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
