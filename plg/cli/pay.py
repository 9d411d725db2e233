"""`plg pay`: a link to pay a plan at. Nothing is paid here, and no card number is ever asked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.contract.billing import ProviderOffer

app = command_app()


@add_command(
    app,
    help=N_("Get a link to pay a plan at.\nNothing is renewed by itself: a plan ends unless you pay again."),
    examples="plg pay monthly --with donatepay\nplg pay yearly --with stripe --currency EUR",
)
def pay(
    ctx: typer.Context,
    plan: Annotated[str, typer.Argument(help=N_("The plan, as plg plan names it."))],
    provider: Annotated[
        str | None,
        typer.Option("--with", metavar="PROVIDER", help=N_("How to pay; needed when there are several ways.")),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CODE", help=N_("USD, EUR or RUB, where there is a choice."))
    ] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.plan_view import show_checkout
    from plg.cli.server_access import run_async, signed_client
    from plg.contract.billing import CheckoutRequest

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with signed_client(run, address) as client:
            chosen = provider or only_provider((await client.plans()).providers)
            request = CheckoutRequest(
                plan=plan.lower(), provider=chosen.lower(), currency=currency.upper() if currency else None
            )
            show_checkout(run, await client.checkout(request))

    run_async(work())


def only_provider(providers: "list[ProviderOffer]") -> str:
    """The one way to pay there is. Raises CliError when there is none, or a choice."""
    from plg.cli.cli_error import CliError
    from plg.cli.exit_codes import ExitCode
    from plg.cli.language import _

    if len(providers) == 1:
        return providers[0].name
    if not providers:
        raise CliError(
            _("this server takes no payments"),
            code="provider_not_found",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("see: plg plan"),
        )
    raise CliError(
        _("there are several ways to pay"),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("say which: --with {names}").format(names=" | ".join(one.name for one in providers)),
    )
