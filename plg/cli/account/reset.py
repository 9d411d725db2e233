"""`plg account reset`: set a new password with the code of an e-mail."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import PasswordStdinOption, ServerOption

app = command_app()


@add_command(
    app,
    help=N_("Set a new password with the code of an e-mail; every login of the account ends."),
    examples="plg account reset\nplg account reset 1A2B-3C4D-5E6F-7G8H --password-stdin < password.txt",
)
def reset(
    ctx: typer.Context,
    code: Annotated[str | None, typer.Argument(help=N_("The code; asked for when missing."))] = None,
    password_stdin: PasswordStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.mail_talk import chosen_password, mail_client, show_done
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    given = code or run.talk.ask(_("Code: "), instead="CODE")
    password = chosen_password(run, from_stdin=password_stdin)

    async def work() -> None:
        async with mail_client(run, address, signed=False) as client:
            await client.reset(given, password)
        show_done(run, "reset", _("The password was set; every login has ended."))
        run.talk.say(_("Now: plg login"))

    run_async(work())
