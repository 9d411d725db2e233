"""`plg account email`: change the account's address."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import PasswordStdinOption, ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Change the account's e-mail address.\n"
        "A code is sent to the new one; it counts once you give the code to plg account verify. "
        "The old address is told, and can take the change back for seven days."
    ),
    examples="plg account email me@example.org",
)
def email(
    ctx: typer.Context,
    new_email: Annotated[str, typer.Argument(metavar="NEW", help=N_("The new address."))],
    password_stdin: PasswordStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.mail_talk import mail_client, show_sent
    from plg.cli.server_access import run_async
    from plg.cli.signing_in import checked_email

    run = invocation(ctx)
    address = run.server(server)
    chosen = checked_email(new_email)
    if password_stdin:
        password = run.talk.secret_from_stdin()
    else:
        password = run.talk.ask_secret(_("Password: "), instead="--password-stdin")

    async def work() -> None:
        async with mail_client(run, address) as client:
            show_sent(run, chosen, await client.change_email(chosen, password))

    run_async(work())
