"""`plg plan`: the account's plan, the trial, cancelling, and the code for friends."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_
from plg.cli.options import ServerOption

ACTIONS = ("show", "trial", "cancel", "referral")

app = command_app()


@add_command(
    app,
    help=N_(
        "Show the plan, what was paid and what may be had.\n"
        "trial takes the free days, cancel ends the plan with what was paid, referral shows your code for friends."
    ),
    examples="plg plan\nplg plan trial\nplg plan cancel\nplg plan referral\nplg plan --json",
)
def plan(
    ctx: typer.Context,
    action: Annotated[
        str,
        typer.Argument(metavar="[trial|cancel|referral]", help=N_("What to do; nothing: show it."), show_default=False),
    ] = "show",
    server: ServerOption = None,
) -> None:
    from plg.cli.plan_view import show_plan, show_referral
    from plg.cli.server_access import run_async, signed_client

    if action not in ACTIONS:
        raise unknown_action(action)
    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with signed_client(run, address) as client:
            if action == "referral":
                show_referral(run, await client.referral())
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
