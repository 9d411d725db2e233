"""`plg account forgot`: ask for a new password by e-mail."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_("Get a code for a new password by e-mail."),
    examples="plg account forgot me@example.org\nplg account reset",
)
def forgot(
    ctx: typer.Context,
    email: Annotated[str | None, typer.Argument(help=N_("The account's address; asked for when missing."))] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.mail_talk import mail_client, show_done
    from plg.cli.server_access import run_async
    from plg.cli.signing_in import checked_email

    run = invocation(ctx)
    address = run.server(server)
    chosen = checked_email(email or run.talk.ask(_("E-mail address: "), instead="EMAIL"))

    async def work() -> None:
        async with mail_client(run, address, signed=False) as client:
            await client.forgot(chosen)
        text = _("If {email} has an account here, a code is on its way there.").format(email=chosen)
        show_done(run, "forgot", text)
        run.talk.say(_("When it has come: plg account reset"))

    run_async(work())
