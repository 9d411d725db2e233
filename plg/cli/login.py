"""`plg login`: get tokens for an account and store them."""

from typing import Annotated

import typer

from plg.cli.account.proof import TotpOption, TotpStdinOption, can_ask, code_given, login_code
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import EmailOption, PasswordStdinOption, ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Log in.\nThe tokens go into the system's keyring where there is one, else into a file that only you may read.\n"
        "Where the second factor is on, a code of your authenticator is asked for; a recovery code does as well.\n"
        "With --token-stdin an API token is stored instead, for machines where nobody types a password."
    ),
    examples="plg login\nplg login --email me@example.org --password-stdin < password.txt\n"
    "plg login --email me@example.org --password-stdin --totp-stdin < two-lines.txt\nplg login --token-stdin < token.txt",
)
def login(
    ctx: typer.Context,
    email: EmailOption = None,
    password_stdin: PasswordStdinOption = False,
    totp: TotpOption = None,
    totp_stdin: TotpStdinOption = False,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help=N_("Read an API token from standard input and store it."))
    ] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.server_access import anonymous_client, run_async, token_store
    from plg.cli.signing_in import checked_email, keep_api_token, show_signed_in, sign_in

    run = invocation(ctx)
    address = run.server(server)
    store = token_store(run)

    async def with_token(token: str) -> None:
        async with anonymous_client(address) as client:
            account, kept = await keep_api_token(client, store, token)
        show_signed_in(run, address.url, account, kept)

    async def with_password(chosen: str, password: str, code: str | None) -> None:
        async with anonymous_client(address) as client:
            asking = (lambda wrong: login_code(run, wrong)) if can_ask(run) else None
            account, kept = await sign_in(client, store, chosen, password, totp=code, ask_code=asking)
        show_signed_in(run, address.url, account, kept)

    if token_stdin:
        run_async(with_token(run.talk.secret_from_stdin()))
    else:
        chosen = checked_email(email or run.talk.ask(_("E-mail address: "), instead="--email"))
        if password_stdin:
            password = run.talk.secret_from_stdin()
        else:
            password = run.talk.ask_secret(_("Password: "), instead="--password-stdin")
        run_async(with_password(chosen, password, code_given(run, totp, from_stdin=totp_stdin)))
    if run.settings.token():
        run.talk.warn(_("PLG_TOKEN is set and goes before this login"), event="environment_token_wins")
