"""`plg admin plans`: what is sold, for how much."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, YesOption, be_sure
from plg.cli.admin.visiting import visit
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.api.admin_client import AdminClient

app = command_app(help=N_("See and edit what is sold here."))

CURRENCIES = ("USD", "EUR", "RUB")


@add_command(
    app, name="list", help=N_("List all plans, also those not offered any more."), examples="plg admin plans list"
)
def list_(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.admin.money_view import show_plans
    from plg.contract.admin_plans import AdminPlanList

    run = invocation(ctx)

    show_plans(run, visit(run, run.server(server), lambda client: client.get("/plans", AdminPlanList)))


@add_command(
    app,
    help=N_(
        "Change a plan, or make a new one. What is not named stays.\nWhat was sold before keeps its days and its price."
    ),
    examples=(
        "plg admin plans edit monthly --price USD=6.49 --price RUB=549\nplg admin plans edit yearly --not-offered\n"
        "plg admin plans edit weekly --days 7 --price RUB=149"
    ),
)
def edit(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("The plan."))],
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, max=3660, help=N_("How long it lasts."))
    ] = None,
    max_sessions: Annotated[
        int | None, typer.Option("--sessions", metavar="N", min=1, max=1000, help=N_("Sessions at once."))
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option("--price", metavar="CODE=AMOUNT", help=N_("A price, such as USD=5.99; USD= removes it.")),
    ] = None,
    offered: Annotated[
        bool | None, typer.Option("--offered/--not-offered", help=N_("Whether it is sold."), show_default=False)
    ] = None,
    is_trial: Annotated[
        bool | None,
        typer.Option("--trial/--no-trial", help=N_("Whether it is had once for nothing."), show_default=False),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.money_view import show_plan_change
    from plg.contract.admin_plans import EditPlanRequest, PlanChange

    run = invocation(ctx)
    prices = read_prices(price or [])
    address = run.server(server)
    be_sure(run, _("Change the plan {plan}?").format(plan=name), yes=yes or dry_run)

    async def work(client: "AdminClient") -> PlanChange:
        from urllib.parse import quote

        import msgspec

        fields = {"days": days, "max_sessions": max_sessions, "offered": offered, "is_trial": is_trial}
        request = msgspec.convert({**fields, "prices": prices, "dry_run": dry_run}, EditPlanRequest)
        return await client.patch(f"/plans/{quote(name.lower(), safe='')}", PlanChange, request)

    show_plan_change(run, visit(run, address, work))


def read_prices(texts: list[str]) -> dict[str, str | None]:
    """ "USD=5.99" and "USD=" as prices by currency. Raises CliError."""
    import re

    prices: dict[str, str | None] = {}
    for text in texts:
        currency, equals, amount = text.partition("=")
        is_amount = not amount or re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,2})?", amount, re.ASCII)
        if not equals or currency.upper() not in CURRENCIES or not is_amount:
            raise CliError(
                _("'{text}' is no price").format(text=text),
                code="usage",
                exit_code=ExitCode.USAGE,
                next_step=_("write it as {example}; currencies: {names}").format(
                    example="USD=5.99", names=", ".join(CURRENCIES)
                ),
            )
        prices[currency.upper()] = amount or None
    return prices
