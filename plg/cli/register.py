"""`plg register`: make an account and log in."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import EmailOption, PasswordStdinOption, ServerOption

MIN_PASSWORD_CHARS = 10
"""Specification: the server's own lower bound (contract.schema.Password), checked before the password is asked for again."""

app = command_app()


@add_command(
    app,
    help=N_("Make an account and log in."),
    examples="plg register\nplg register --email me@example.org --password-stdin < password.txt",
)
def register(
    ctx: typer.Context,
    email: EmailOption = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help=N_("The name that others see; made from the address when missing.")
        ),
    ] = None,
    password_stdin: PasswordStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.server_access import anonymous_client, run_async, token_store
    from plg.cli.signing_in import checked_email, show_signed_in, sign_in
    from plg.contract.accounts import RegisterRequest

    run = invocation(ctx)
    address = run.server(server)
    store = token_store(run)
    chosen = checked_email(email or run.talk.ask(_("E-mail address: "), instead="--email"))
    password = new_password(ctx, from_stdin=password_stdin)

    async def work() -> None:
        async with anonymous_client(address) as client:
            await client.register(RegisterRequest(email=chosen, password=password, display_name=name))
            account, kept = await sign_in(client, store, chosen, password)
        show_signed_in(run, address.url, account, kept)

    run_async(work())


def new_password(ctx: typer.Context, *, from_stdin: bool) -> str:
    """A password from stdin, or typed twice. Raises CliError when it is too short or the two differ."""
    from plg.cli.cli_error import CliError
    from plg.cli.exit_codes import ExitCode

    talk = invocation(ctx).talk
    password = talk.secret_from_stdin() if from_stdin else talk.ask_secret(_("Password: "), instead="--password-stdin")
    if len(password) < MIN_PASSWORD_CHARS:
        raise CliError(
            _("the password is too short: it needs at least {n} characters").format(n=MIN_PASSWORD_CHARS),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("choose a longer one"),
        )
    if not from_stdin and talk.ask_secret(_("The same again: "), instead="--password-stdin") != password:
        raise CliError(
            _("the two passwords differ"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("try again: plg register"),
        )
    return password
