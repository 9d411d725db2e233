"""`plg account show`: the account, its address and its language."""

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_("Show the account's address and the language of e-mails."),
    examples="plg account\nplg account show --json",
)
def show(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.mail_talk import mail_client, show_settings
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with mail_client(run, address) as client:
            show_settings(run, await client.settings())

    run_async(work())
