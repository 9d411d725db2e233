"""`plg login`: get tokens for an account and store them."""

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import EmailOption, PasswordStdinOption, ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Log in.\nThe tokens go into the system's keyring where there is one, else into a file that only you may read."
    ),
    examples="plg login\nplg login --email me@example.org --password-stdin < password.txt",
)
def login(
    ctx: typer.Context,
    email: EmailOption = None,
    password_stdin: PasswordStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.server_access import anonymous_client, run_async, token_store
    from plg.cli.signing_in import checked_email, show_signed_in, sign_in

    run = invocation(ctx)
    address = run.server(server)
    store = token_store(run)
    chosen = checked_email(email or run.talk.ask(_("E-mail address: "), instead="--email"))
    if password_stdin:
        password = run.talk.secret_from_stdin()
    else:
        password = run.talk.ask_secret(_("Password: "), instead="--password-stdin")

    async def work() -> None:
        async with anonymous_client(address) as client:
            account, kept = await sign_in(client, store, chosen, password)
        show_signed_in(run, address.url, account, kept)

    run_async(work())
    if run.settings.token():
        run.talk.warn(_("PLG_TOKEN is set and goes before this login"), event="environment_token_wins")
