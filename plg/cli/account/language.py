"""`plg account language`: the language of the server's e-mails."""

from enum import StrEnum
from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

app = command_app()


class MailLanguage(StrEnum):
    """What e-mails are written in."""

    EN = "en"
    RU = "ru"


@add_command(app, help=N_("Choose the language of e-mails."), examples="plg account language ru")
def language(
    ctx: typer.Context,
    name: Annotated[MailLanguage, typer.Argument(help=N_("en or ru."))],
    server: ServerOption = None,
) -> None:
    from plg.cli.account.mail_talk import mail_client, show_settings
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with mail_client(run, address) as client:
            show_settings(run, await client.set_language(name.value))

    run_async(work())
