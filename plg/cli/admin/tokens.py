"""`plg admin tokens`: with which relays enrol and scripts call the API: whose they are, what they may do, revoking one."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure, say_page
from plg.cli.admin.visiting import visit
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.contract.admin_tokens import AdminToken, AdminTokenPage, RevokedToken

KINDS = {"relay": N_("relay"), "player": N_("player"), "operator": N_("operator")}
STATES = {
    "pending": N_("pending"),
    "used": N_("used"),
    "active": N_("works"),
    "expired": N_("has expired"),
    "revoked": N_("revoked"),
}

app = command_app(
    help=N_(
        "See and revoke tokens: with which relays enrol, and with which scripts call the API.\n"
        "The token itself is never shown: the server does not know it."
    )
)

TokenArgument = Annotated[str, typer.Argument(metavar="ID", help=N_("The token's number in the list."))]


@add_command(
    app,
    name="list",
    help=N_("List tokens: those of relays, then API tokens, each newest first."),
    examples="plg admin tokens list --kind operator\nplg admin tokens list --kind relay --state pending\nplg admin tokens list --account ann@example.org --json",
)
def list_(
    ctx: typer.Context,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="KIND", help=N_("relay (to enrol with), player or operator (API tokens, by whose).")
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="WHO", help=N_("Only of this account: e-mail address or id."))
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=N_("pending, used, active, expired or revoked.")),
    ] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_tokens import AdminTokenPage

    if kind is not None and kind not in KINDS:
        raise _no_such(_("there is no kind '{kind}'").format(kind=kind), KINDS)
    if state is not None and state not in STATES:
        raise _no_such(_("there is no state '{state}'").format(state=state), STATES)
    run = invocation(ctx)
    query = {"kind": kind, "account": account, "state": state, "limit": limit, "offset": offset}
    show_tokens(run, visit(run, run.server(server), lambda client: client.get("/tokens", AdminTokenPage, query)))


@add_command(
    app,
    help=N_("Show one token: whose it is, what it may do, when it was used."),
    examples="plg admin tokens show 0123456789abcdef",
)
def show(ctx: typer.Context, token: TokenArgument, server: ServerOption = None) -> None:
    from urllib.parse import quote

    from plg.contract.admin_tokens import AdminToken

    run = invocation(ctx)
    url = f"/tokens/{quote(token, safe='')}"
    show_token(run, visit(run, run.server(server), lambda client: client.get(url, AdminToken)))


@add_command(
    app,
    help=N_(
        "Revoke a token: it opens nothing from now on.\n"
        "A relay that came with its token before stays; see plg admin nodes delete."
    ),
    examples="plg admin tokens revoke 0123456789abcdef --dry-run\nplg admin tokens revoke 0123456789abcdef --reason leaked --yes",
)
def revoke(
    ctx: typer.Context,
    token: TokenArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why, for the audit log."))] = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from urllib.parse import quote

    from plg.contract.admin_tokens import RevokedToken, RevokeTokenRequest

    run = invocation(ctx)
    address = run.server(server)
    if not dry_run:
        be_sure(run, _("Revoke the token {id} for good?").format(id=token), yes=yes)
    url, body = f"/tokens/{quote(token, safe='')}/revoke", RevokeTokenRequest(reason=reason, dry_run=dry_run)
    show_revoked(run, visit(run, address, lambda client: client.post(url, RevokedToken, body)))


def show_tokens(run: Invocation, page: "AdminTokenPage") -> None:
    """A row for each token, or the document."""
    if run.output.as_json:
        from plg.contract.admin_tokens import AdminTokensDocument

        run.output.document(
            AdminTokensDocument(tokens=page.tokens, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.tokens:
        run.talk.say(_("No token fits."))
        return
    columns = [
        Column(_("token")),
        Column(_("kind")),
        Column(_("whose")),
        Column(_("name")),
        Column(_("begins")),
        Column(_("scopes")),
        Column(_("state")),
        Column(_("ends (UTC)")),
        Column(_("used (UTC)")),
    ]
    run.output.table(columns, [_row(token) for token in page.tokens])
    say_page(run, len(page.tokens), page.total, page.offset)


def show_token(run: Invocation, one: "AdminToken") -> None:
    """Everything of one token, or the document."""
    if run.output.as_json:
        from plg.contract.admin_tokens import AdminTokenDocument

        run.output.document(AdminTokenDocument(token=one))
        return
    lines = [(_("token"), one.id), (_("kind"), _(KINDS[one.kind])), (_("name"), one.name)]
    if one.kind == "relay":
        lines.append((_("relay"), "-" if one.node_id is None else f"{one.node_name or '?'} ({one.node_id})"))
    else:
        lines += [
            (_("account"), f"{one.email} ({one.account_id})"),
            (_("begins"), one.prefix or "-"),
            (_("scopes"), " ".join(one.scopes) or "-"),
        ]
    lines += [
        (_("state"), _(STATES[one.state])),
        (_("made"), one.created_at),
        (_("ends"), one.expires_at or _("never")),
        (_("last used"), one.last_used_at or _("never")),
    ]
    if one.revoked_at is not None:
        lines.append((_("revoked"), one.revoked_at))
    run.output.table([Column(_("what")), Column(_("value"))], lines)


def show_revoked(run: Invocation, done: "RevokedToken") -> None:
    """What happened, or would; or the document."""
    if run.output.as_json:
        from plg.contract.admin_tokens import AdminRevokedTokenDocument

        run.output.document(AdminRevokedTokenDocument(token=done.token, dry_run=done.dry_run, changed=done.changed))
        return
    one = done.token
    if not done.changed:
        text = _("The token {id} ({name}) opens nothing already: {state}.")
    elif done.dry_run:
        text = _("The token {id} ({name}) would be revoked.")
    else:
        text = _("The token {id} ({name}) is revoked.")
    run.output.line(text.format(id=one.id, name=one.name, state=_(STATES[one.state])))
    if one.state == "used":
        run.talk.say(
            _("The relay that came with it stays: plg admin nodes delete {relay}").format(relay=one.node_id or "-")
        )


def _no_such(what: str, names: "dict[str, str]") -> CliError:
    return CliError(
        what,
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("one of: {names}").format(names=", ".join(names)),
    )


def _row(one: "AdminToken") -> tuple[str, ...]:
    whose = one.email or one.node_name or one.node_id or "-"
    return (
        one.id,
        _(KINDS[one.kind]),
        whose,
        one.name,
        one.prefix or "-",
        " ".join(one.scopes) or "-",
        _(STATES[one.state]),
        _minute(one.expires_at),
        _minute(one.last_used_at),
    )


def _minute(moment: str | None) -> str:
    return _("never") if moment is None else moment[:16].replace("T", " ")
