"""`plg plan`: the account's plan, the trial, cancelling, payments with receipts, and the code for friends."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

ACTIONS = ("show", "trial", "cancel", "payments", "receipt", "history", "referral")

MOST_PAYMENTS = 100
"""The server gives so many at once: eight years of monthly payments."""

app = command_app()


@add_command(
    app,
    help=N_(
        "Show the plan, what was paid and what may be had.\n"
        "trial takes the free days, cancel ends the plan with what was paid, referral shows your code for friends.\n"
        "payments lists what was paid, receipt ID shows one receipt, history what your days were given for."
    ),
    examples="plg plan\nplg plan trial\nplg plan cancel\nplg plan payments\nplg plan receipt 0123456789abcdef\nplg plan referral\nplg plan --json",
)
def plan(
    ctx: typer.Context,
    action: Annotated[
        str,
        typer.Argument(
            metavar="[trial|cancel|payments|receipt|history|referral]",
            help=N_("What to do; nothing: show it."),
            show_default=False,
        ),
    ] = "show",
    payment: Annotated[
        str | None, typer.Argument(metavar="[ID]", help=N_("For receipt: the payment, as plg plan payments names it."))
    ] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.plan_view import show_history, show_payments, show_plan, show_receipt, show_referral
    from plg.cli.server_access import run_async, signed_client

    if action not in ACTIONS:
        raise unknown_action(action)
    if (payment is None) == (action == "receipt"):
        raise misplaced_payment(action)
    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with signed_client(run, address) as client:
            if action == "referral":
                show_referral(run, await client.referral())
                return
            if action == "payments":
                show_payments(run, await client.payments(limit=MOST_PAYMENTS))
                return
            if action == "receipt":
                show_receipt(run, await client.receipt(payment or ""))
                return
            if action == "history":
                show_history(run, await client.subscription_history())
                return
            if action == "trial":
                subscription = await client.start_trial()
            elif action == "cancel":
                subscription = await client.cancel_subscription()
            else:
                subscription = await client.subscription()
            show_plan(run, subscription, await client.plans())

    run_async(work())


def unknown_action(action: str) -> Exception:
    """The error of a word that is none of ours."""
    from plg.cli.cli_error import CliError
    from plg.cli.exit_codes import ExitCode
    from plg.cli.language import _

    return CliError(
        _("plg plan has no {action}").format(action=action),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("one of: {names}").format(names=", ".join(ACTIONS)),
    )


def misplaced_payment(action: str) -> Exception:
    """The error of a receipt without its payment, or of a payment where none belongs."""
    from plg.cli.cli_error import CliError
    from plg.cli.exit_codes import ExitCode
    from plg.cli.language import _

    missing = action == "receipt"
    return CliError(
        _("which payment? plg plan receipt needs its ID")
        if missing
        else _("plg plan {action} takes nothing more").format(action=action),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("see: {command}").format(command="plg plan payments" if missing else "plg plan --help"),
    )
