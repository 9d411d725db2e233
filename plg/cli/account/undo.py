"""`plg account undo`: take a change of the account's address back."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Take a change of the account's address back.\n"
        "The code stands in the e-mail that the old address got. Every login of the account ends."
    ),
    examples="plg account undo 1A2B-3C4D-5E6F-7G8H",
)
def undo(
    ctx: typer.Context,
    code: Annotated[str | None, typer.Argument(help=N_("The code; asked for when missing."))] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.mail_talk import mail_client, show_done
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    given = code or run.talk.ask(_("Code: "), instead="CODE")

    async def work() -> None:
        async with mail_client(run, address, signed=False) as client:
            await client.undo_email(given)
        show_done(run, "undo", _("The old address is back; every login has ended."))
        run.talk.say(_("Now choose a new password: plg account forgot"))

    run_async(work())
