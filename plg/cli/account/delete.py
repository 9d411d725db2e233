"""`plg account delete`: the account goes for good."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.account.proof import TotpOption, TotpStdinOption, asked_code, can_ask, code_given, password_given
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.options import PasswordStdinOption, ServerOption

if TYPE_CHECKING:
    from plg.api.account_client import AccountClient
    from plg.contract.account_safety import AccountDeletion

app = command_app()


@add_command(
    app,
    help=N_(
        "Delete the account for good.\nIts logins, sessions, tokens and its name go, a running plan ends. "
        "Payments stay in the books without a name. --dry-run says what would go. See also: plg account export"
    ),
    examples="plg account delete --dry-run\nplg account delete\nplg account delete --yes --password-stdin < password.txt",
)
def delete(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Say what would go and change nothing."))] = False,
    yes: Annotated[bool, typer.Option("--yes", help=N_("Do not ask."))] = False,
    password_stdin: PasswordStdinOption = False,
    totp: TotpOption = None,
    totp_stdin: TotpStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async, token_store

    run = invocation(ctx)
    address = run.server(server)
    password = password_given(run, from_stdin=password_stdin)
    code = code_given(run, totp, from_stdin=totp_stdin)
    if not dry_run and not yes:
        be_sure(run, address.url)

    async def work() -> "AccountDeletion":
        async with account_client(run, address) as client:
            return await deleted(run, client, password, code, dry_run=dry_run)

    done = run_async(work())
    if not dry_run and not run.settings.token():
        store = token_store(run)
        with store.lock():
            store.remove(address.url)
    show_deletion(run, done)


async def deleted(
    run: Invocation, client: "AccountClient", password: str, code: str | None, *, dry_run: bool
) -> "AccountDeletion":
    """Asks the server; asks the person for a code where the server wants one and nobody gave it."""
    from plg.api.errors import ServerRefused
    from plg.contract.account_safety import DeleteAccountRequest
    from plg.contract.problem import ErrorCode

    try:
        return await client.delete(DeleteAccountRequest(password=password, totp=code, dry_run=dry_run))
    except ServerRefused as refusal:
        if refusal.code != ErrorCode.TOTP_NEEDED or not can_ask(run):
            raise
    return await client.delete(DeleteAccountRequest(password=password, totp=asked_code(run), dry_run=dry_run))


def be_sure(run: Invocation, server: str) -> None:
    """Raises CliError: exit code 2 where nobody can be asked, 1 when the person does not say yes."""
    question = _("Delete the account at {server} for good? This cannot be undone.").format(server=server)
    answer = run.talk.ask(_("{question} [y/N] ").format(question=question), instead="--yes").casefold()
    if not answer.startswith(("y", _("y"))):
        raise CliError(_("nothing was changed"), code="not_confirmed", exit_code=ExitCode.FAILURE)


def show_deletion(run: Invocation, done: "AccountDeletion") -> None:
    """What went, or would go."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import AccountDeletionDocument

        run.output.document(AccountDeletionDocument(deletion=done))
        return
    run.output.line(
        _("The account would be deleted. It would lose:") if done.dry_run else _("The account is deleted. It lost:")
    )
    for table, count in sorted(done.removed.items()):
        run.output.line(f"  {table}: {count}")
    if done.plan_ends_at is not None:
        run.output.line("  " + _("the plan until {date}").format(date=done.plan_ends_at[:10]))
    kept = done.payments_kept
    if kept:
        text = ngettext(
            "{n} payment stays in the books without a name", "{n} payments stay in the books without a name", kept
        )
        run.output.line(text.format(n=kept))
