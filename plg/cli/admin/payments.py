"""`plg admin payments`: what came, and what to do about what could not be credited."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure, moment
from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    import msgspec

    from plg.api.admin_client import AdminClient

app = command_app(
    help=N_(
        "Look after payments: list, show, and settle what could not be credited.\nSupport may look; settling is for admins."
    )
)

PaymentArgument = Annotated[str, typer.Argument(metavar="PAYMENT", help=N_("The payment's id."))]


@add_command(
    app,
    name="list",
    help=N_("List payments, newest first."),
    examples="plg admin payments list --state unmatched\nplg admin payments list --account player@example.org --since 30d",
)
def list_(
    ctx: typer.Context,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help=N_("Only of this provider."))
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=N_("credited, unmatched, refunded, charged_back or dismissed.")),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ACCOUNT", help=N_("Only of this account: id or e-mail address."))
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help=N_("Not before: a date, a time, or 24h, 7d ago."))
    ] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.payment_words import show_payments
    from plg.contract.admin_payments import AdminPaymentPage

    run = invocation(ctx)
    query = {
        "provider": provider, "state": state, "account": account, "limit": limit, "offset": offset,
        "since": None if since is None else moment(since, option="--since").isoformat(),
    }  # fmt: skip

    show_payments(run, visit(run, run.server(server), lambda client: client.get("/payments", AdminPaymentPage, query)))


@add_command(
    app,
    help=N_("Show one payment with its checkout; while it waits, what it may be for."),
    examples="plg admin payments show 0123456789abcdef",
)
def show(ctx: typer.Context, payment: PaymentArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.payment_words import show_file
    from plg.contract.admin_payments import PaymentFile

    run = invocation(ctx)

    show_file(run, visit(run, run.server(server), lambda client: client.get(_path(payment), PaymentFile)))


@add_command(
    app,
    help=N_(
        "Walk through what waits for you, one payment at a time, with one key for each decision.\n"
        "Without a terminal, or with --json, the queue is only shown."
    ),
    examples="plg admin payments queue\nplg admin payments queue --json",
)
def queue(ctx: typer.Context, limit: LimitOption = 50, server: ServerOption = None) -> None:
    from plg.cli.admin.key_reading import can_ask
    from plg.cli.admin.payment_queue import show_queue, walk

    run = invocation(ctx)

    async def work(client: "AdminClient") -> None:
        if can_ask(no_input=run.flags.no_input) and not run.output.as_json:
            await walk(run, client)
        else:
            await show_queue(run, client, limit)

    visit(run, run.server(server), work)


@add_command(
    app,
    help=N_("Credit a payment that waits as this checkout, whatever was wrong with it."),
    examples="plg admin payments match 0123456789abcdef fedcba9876543210",
)
def match(
    ctx: typer.Context,
    payment: PaymentArgument,
    checkout: Annotated[
        str, typer.Argument(metavar="CHECKOUT", help=N_("The checkout's id: see plg admin payments show."))
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_payments import MatchRequest

    request = MatchRequest(checkout_id=checkout, dry_run=dry_run)
    _act(ctx, (payment, "match", _("Credit this payment?")), request, yes=yes or dry_run, server=server)


@add_command(
    app,
    help=N_("Put a payment out of the queue: it is for no plan, or you have looked at it."),
    examples="plg admin payments dismiss 0123456789abcdef",
)
def dismiss(
    ctx: typer.Context,
    payment: PaymentArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_payments import PaymentActRequest

    question = _("Put this payment out of the queue?")
    _act(ctx, (payment, "dismiss", question), PaymentActRequest(dry_run=dry_run), yes=yes or dry_run, server=server)


@add_command(
    app,
    help=N_("Say that you paid it back where no provider tells us. Its days go back."),
    examples="plg admin payments refunded 0123456789abcdef --dry-run",
)
def refunded(
    ctx: typer.Context,
    payment: PaymentArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_payments import PaymentActRequest

    question = _("Was it paid back? Its days go back for good.")
    _act(ctx, (payment, "refunded", question), PaymentActRequest(dry_run=dry_run), yes=yes or dry_run, server=server)


def _act(
    ctx: typer.Context, what: tuple[str, str, str], request: "msgspec.Struct", *, yes: bool, server: str | None
) -> None:
    """One decision: `what` is the payment, the act's address and the question before it."""
    from plg.cli.admin.payment_words import show_change
    from plg.contract.admin_payments import PaymentChange

    payment, act, question = what
    run = invocation(ctx)
    address = run.server(server)
    be_sure(run, question, yes=yes)

    show_change(
        run,
        visit(run, address, lambda client: client.post(f"{_path(payment)}/{act}", PaymentChange, request)),
    )


def _path(payment: str) -> str:
    from urllib.parse import quote

    return f"/payments/{quote(payment, safe='')}"
