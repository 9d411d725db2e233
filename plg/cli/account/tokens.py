"""`plg account tokens`: API tokens for scripts."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.contract.api_tokens import ApiTokenList, CreatedToken, Scope

app = command_app(help=N_("Make, list and end API tokens for scripts."))

MOST_SHOWN = 200
"""Specification: the server's largest page, four times the tokens that an account may have."""


@add_command(app, name="list", help=N_("List the API tokens, newest first."), examples="plg account tokens list --json")
def list_tokens(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_tokens(run, await client.api_tokens(limit=MOST_SHOWN))

    run_async(work())


@add_command(
    app,
    help=N_(
        "Make an API token; it is shown this once.\n"
        "Give it to a script in PLG_TOKEN, or store it with: plg login --token-stdin\n"
        "Scopes: read (look), connect (boost games), billing (plans and payments), and for operators admin_read and admin_write."
    ),
    examples="plg account tokens create stream-pc\nplg account tokens create billing-bot --scope read --scope billing --days 90",
)
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("What you will know it by."))],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="SCOPE", help=N_("What it may do; may be given again. Without: read and connect.")
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="N", min=1, max=3650, help=N_("When it ends; without, it works until revoked.")),
    ] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async
    from plg.contract.api_tokens import CreateTokenRequest

    run = invocation(ctx)
    scopes = checked_scopes(scope or ["read", "connect"])
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            request = CreateTokenRequest(name=name, scopes=scopes, expires_in_days=days)
            show_created(run, await client.create_api_token(request))

    run_async(work())


@add_command(app, help=N_("End an API token."), examples="plg account tokens revoke 0123456789abcdef")
def revoke(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(metavar="ID", help=N_("The token's number in the list."))],
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            await client.revoke_api_token(token)
        if run.output.as_json:
            from plg.contract.cli_output_account_safety import ApiTokenRevokedDocument

            run.output.document(ApiTokenRevokedDocument(id=token))
        else:
            run.output.line(_("The token works no more."))

    run_async(work())


def checked_scopes(names: list[str]) -> "list[Scope]":
    """The scopes that are named, each once. Raises CliError for a word that is none."""
    from difflib import get_close_matches

    from plg.contract.api_tokens import Scope

    for name in names:
        if name not in set(Scope):
            raise CliError(
                _("'{name}' is no scope").format(name=name),
                code="usage",
                exit_code=ExitCode.USAGE,
                next_step=_("one of: {names}").format(names=", ".join(Scope)),
                nearest=tuple(get_close_matches(name, list(Scope))),
            )
    return [Scope(name) for name in dict.fromkeys(names)]


def show_tokens(run: Invocation, found: "ApiTokenList") -> None:
    """A line for each."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import ApiTokensDocument

        run.output.document(ApiTokensDocument(tokens=found.tokens, total=found.total))
        return
    if not found.tokens:
        run.output.line(_("No API tokens."))
        return
    from plg.cli.output import Column

    columns = [
        Column(_("Name")), Column(_("Begins")), Column(_("Scopes")), Column(_("Ends")), Column(_("Last used")), Column(_("Number")),
    ]  # fmt: skip
    rows = [
        (
            one.name,
            one.prefix,
            " ".join(one.scopes),
            (one.expires_at or _("never"))[:10],
            _("never") if one.last_used_at is None else one.last_used_at[:16].replace("T", " "),
            one.id,
        )
        for one in found.tokens
    ]
    run.output.table(columns, rows)


def show_created(run: Invocation, made: "CreatedToken") -> None:
    """The token alone on stdout: it can be put into a file."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import ApiTokenCreatedDocument

        run.output.document(ApiTokenCreatedDocument(token=made.token, api_token=made.api_token))
        return
    run.talk.say(
        _("This is the token; it is not shown again. It may: {scopes}").format(scopes=", ".join(made.api_token.scopes))
    )
    run.output.line(made.token)
