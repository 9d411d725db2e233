"""`plg admin subscriptions`: who has which plan; extend, change, cancel, take back."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure, moment
from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    import msgspec

app = command_app(
    help=N_(
        "Look after subscriptions: find, extend, change, cancel.\nSupport may do all of it; everything is kept in the audit log."
    )
)

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help=N_("The account: id or e-mail address."))]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help=N_("Why; days that are given show it to the account's owner."))
]


@add_command(
    app,
    name="list",
    help=N_("List accounts by their plans; who loses it first stands first."),
    examples="plg admin subscriptions list --state active --ends-before 2026-12-31\nplg admin subscriptions list --plan yearly --json",
)
def list_(
    ctx: typer.Context,
    plan: Annotated[str | None, typer.Option("--plan", metavar="NAME", help=N_("Only this plan."))] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=N_("none, trial, active, cancelled or expired."))
    ] = None,
    ends_before: Annotated[
        str | None, typer.Option("--ends-before", metavar="TIME", help=N_("Only what ends before this time."))
    ] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.money_view import show_subscriptions
    from plg.contract.admin_subscriptions import SubscriptionList

    run = invocation(ctx)
    before = None if ends_before is None else moment(ends_before, option="--ends-before").isoformat()
    query = {"plan": plan, "state": state, "ends_before": before, "limit": limit, "offset": offset}

    show_subscriptions(
        run, visit(run, run.server(server), lambda client: client.get("/subscriptions", SubscriptionList, query))
    )


@add_command(
    app,
    help=N_("Show one account's plan, everything it was given for, and what was paid."),
    examples="plg admin subscriptions show player@example.org",
)
def show(ctx: typer.Context, account: AccountArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.money_view import show_subscription_file
    from plg.contract.admin_subscriptions import SubscriptionFile

    run = invocation(ctx)

    show_subscription_file(
        run, visit(run, run.server(server), lambda client: client.get(_path(account), SubscriptionFile))
    )


@add_command(
    app,
    help=N_("Give an account days, for a reason."),
    examples="plg admin subscriptions extend player@example.org --days 3 --reason 'the relay was down'",
)
def extend(
    ctx: typer.Context,
    account: AccountArgument,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3660, help=N_("How many days."))],
    reason: ReasonOption,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="NAME", help=N_("Of this plan; without it of the account's own."))
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    import secrets

    from plg.contract.admin_subscriptions import ExtendRequest

    question = ngettext("Give {account} {n} day?", "Give {account} {n} days?", days).format(account=account, n=days)
    # A key of this one act: should the request reach the server twice, it gives the days once.
    key = secrets.token_hex(8)
    _act(
        ctx,
        (account, "extend", question),
        ExtendRequest(days=days, reason=reason, plan=plan, key=key, dry_run=dry_run),
        yes=yes or dry_run,
        server=server,
    )


@add_command(
    app,
    name="set-plan",
    help=N_("Give the days that are left another plan; or a plan without an end, and back."),
    examples="plg admin subscriptions set-plan player@example.org yearly --endless --reason 'helps us'",
)
def set_plan(
    ctx: typer.Context,
    account: AccountArgument,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help=N_("The plan: see plg admin plans list."))],
    reason: ReasonOption,
    endless: Annotated[bool, typer.Option("--endless", help=N_("The plan has no end."))] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_subscriptions import SetPlanRequest

    _act(
        ctx,
        (account, "plan", _("Give {account} the plan {plan}?").format(account=account, plan=plan)),
        SetPlanRequest(plan=plan, reason=reason, endless=endless, dry_run=dry_run),
        yes=yes or dry_run,
        server=server,
    )


@add_command(
    app,
    help=N_("Cancel for somebody who asked for it; the plan works until its end."),
    examples="plg admin subscriptions cancel player@example.org --reason 'asked by e-mail'",
)
def cancel(
    ctx: typer.Context,
    account: AccountArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_subscriptions import CancelRequest

    _act(
        ctx,
        (account, "cancel", _("Cancel the plan of {account}?").format(account=account)),
        CancelRequest(reason=reason, dry_run=dry_run),
        yes=yes or dry_run,
        server=server,
    )


@add_command(
    app,
    name="take-back",
    help=N_(
        "Take back days that were given by mistake.\nThe days of a payment go back with it: plg admin payments refunded."
    ),
    examples="plg admin subscriptions take-back player@example.org 0123456789abcdef --reason 'a slip'",
)
def take_back(
    ctx: typer.Context,
    account: AccountArgument,
    grant: Annotated[str, typer.Argument(metavar="ID", help=N_("What was given: see plg admin subscriptions show."))],
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_subscriptions import TakeBackRequest

    _act(
        ctx,
        (account, "take-back", _("Take these days from {account}?").format(account=account)),
        TakeBackRequest(grant_id=grant, reason=reason, dry_run=dry_run),
        yes=yes or dry_run,
        server=server,
    )


def _act(
    ctx: typer.Context,
    what: tuple[str, str, str],
    request: "msgspec.Struct",
    *,
    yes: bool,
    server: str | None,
) -> None:
    """One change of a subscription: `what` is the account, the act's address and the question before it."""
    from plg.cli.admin.money_view import show_subscription_change
    from plg.contract.admin_subscriptions import SubscriptionChange

    account, act, question = what
    run = invocation(ctx)
    address = run.server(server)
    be_sure(run, question, yes=yes)

    show_subscription_change(
        run,
        visit(run, address, lambda client: client.post(f"{_path(account)}/{act}", SubscriptionChange, request)),
    )


def _path(account: str) -> str:
    from urllib.parse import quote

    return f"/subscriptions/{quote(account, safe='')}"
