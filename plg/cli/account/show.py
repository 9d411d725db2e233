"""`plg account show`: the account, its address and its language."""

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app, help=N_("Show the account, its address and its language."), examples="plg account\nplg account show --json"
)
def show(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account_view import show_account
    from plg.cli.server_access import run_async, signed_client, token_store

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with signed_client(run, address) as client:
            account = await client.account()
        where = "environment" if run.settings.token() else token_store(run).where(address.url)
        show_account(run, account, server=address.url, token_store=str(where))

    run_async(work())
