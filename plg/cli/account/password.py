"""`plg account password`: change the password."""

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import PasswordStdinOption, ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Change the password; every other login of the account ends.\n"
        "With --password-stdin the old one stands in the first line, the new one in the second."
    ),
    examples="plg account password\nplg account password --password-stdin < passwords.txt",
)
def password(ctx: typer.Context, password_stdin: PasswordStdinOption = False, server: ServerOption = None) -> None:
    from plg.cli.account.mail_talk import chosen_password, mail_client, show_done
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    if password_stdin:
        old = run.talk.secret_from_stdin()
    else:
        old = run.talk.ask_secret(_("Password until now: "), instead="--password-stdin")
    new = chosen_password(run, from_stdin=password_stdin)

    async def work() -> None:
        async with mail_client(run, address) as client:
            await client.change_password(old, new)
        show_done(run, "password", _("The password was changed; every other login has ended."))

    run_async(work())
