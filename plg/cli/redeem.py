"""`plg redeem`: use a promo, gift or referral code."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app, help=N_("Use a promo, gift or friend's code."), examples="plg redeem WINTER20\nplg redeem ABCD-EFGH-JKMN-PQRS"
)
def redeem(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help=N_("The code; case and hyphens do not matter."))],
    server: ServerOption = None,
) -> None:
    from plg.cli.plan_view import show_redeemed
    from plg.cli.server_access import run_async, signed_client

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with signed_client(run, address) as client:
            show_redeemed(run, await client.redeem(code))

    run_async(work())
