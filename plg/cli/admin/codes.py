"""`plg admin codes`: promo and gift codes, and what referrals brought."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure
from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.api.admin_client import AdminClient

app = command_app(help=N_("Make, find and stop promo and gift codes; see what referrals brought."))

IdArgument = Annotated[str, typer.Argument(metavar="ID", help=N_("The code's id: see plg admin codes list."))]


@add_command(
    app,
    help=N_(
        "Make a code, or a batch of random ones. Their texts are shown this once.\n"
        "A percentage goes off the next payment; days are given at once."
    ),
    examples=(
        "plg admin codes create promo --text WINTER20 --percent 20 --unlimited --expires 2026-12-31\n"
        "plg admin codes create gift --days 30 --count 50 --label 'winter fair' > codes.txt"
    ),
)
def create(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="promo|gift", help=N_("What it is."))],
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help=N_("The code itself; without it a random one."))
    ] = None,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=500, help=N_("How many, at most 500."))] = 1,
    percent: Annotated[
        int, typer.Option("--percent", metavar="N", min=0, max=99, help=N_("Off the next payment."))
    ] = 0,
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, max=3660, help=N_("Days that it gives."))] = 0,
    plan: Annotated[str, typer.Option("--plan", metavar="NAME", help=N_("The plan of these days."))] = "monthly",
    uses: Annotated[
        int, typer.Option("--uses", metavar="N", min=1, max=1_000_000_000, help=N_("How often it works in all."))
    ] = 1,
    unlimited: Annotated[bool, typer.Option("--unlimited", help=N_("It works as often as asked."))] = False,
    uses_per_account: Annotated[
        int, typer.Option("--per-account", metavar="N", min=1, max=1_000_000, help=N_("How often for one account."))
    ] = 1,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help=N_("When it ends: a date or a time."))
    ] = None,
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help=N_("What you know it by."))] = "",
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    import msgspec

    from plg.cli.admin.asking import moment
    from plg.cli.admin.codes_view import refused_wish, show_new_codes
    from plg.contract.admin_codes import NewCodes, NewCodesRequest

    run = invocation(ctx)
    end = None if expires is None else moment(expires, option="--expires")
    fields = {
        "kind": kind, "text": text, "count": count, "percent": percent, "days": days, "plan": plan, "label": label,
        "uses": None if unlimited else uses, "uses_per_account": uses_per_account, "dry_run": dry_run,
        "expires_at": end,
    }  # fmt: skip
    try:
        request = msgspec.convert(fields, NewCodesRequest)
    except msgspec.ValidationError as error:
        raise refused_wish(str(error)) from None

    show_new_codes(run, visit(run, run.server(server), lambda client: client.post("/codes", NewCodes, request)))


@add_command(
    app,
    name="list",
    help=N_("List codes, newest first; not their texts, which nobody has."),
    examples="plg admin codes list --state open --kind gift",
)
def list_(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option("--kind", metavar="promo|gift", help=N_("Only these."))] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=N_("open, used_up, ended or stopped."))
    ] = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="ID", help=N_("Only of this batch."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.codes_view import show_codes
    from plg.contract.admin_codes import CodePage

    run = invocation(ctx)
    query = {"kind": kind, "state": state, "batch": batch, "limit": limit, "offset": offset}

    show_codes(run, visit(run, run.server(server), lambda client: client.get("/codes", CodePage, query)))


@add_command(
    app,
    help=N_("Show one code with its uses, by its id or by its text."),
    examples="plg admin codes show 0123456789abcdef\nplg admin codes show WINTER20",
)
def show(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar="ID|TEXT", help=N_("The code's id, or what a player typed."))],
    server: ServerOption = None,
) -> None:
    import re

    from plg.cli.admin.codes_view import show_code
    from plg.contract.admin_codes import CodeFile, FindCodeRequest

    run = invocation(ctx)

    async def work(client: "AdminClient") -> CodeFile:
        if re.fullmatch(r"[0-9a-f]{16}", code):
            return await client.get(f"/codes/{code}", CodeFile)
        return await client.post("/codes/find", CodeFile, FindCodeRequest(text=code))

    show_code(run, visit(run, run.server(server), work))


@add_command(
    app,
    help=N_("Stop a code, or its whole batch. What it gave stays."),
    examples="plg admin codes stop 0123456789abcdef --batch",
)
def stop(
    ctx: typer.Context,
    code: IdArgument,
    batch: Annotated[bool, typer.Option("--batch", help=N_("All codes that were made with it."))] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from urllib.parse import quote

    from plg.cli.admin.codes_view import show_stopped
    from plg.contract.admin_codes import CodesStopped, StopCodesRequest

    run = invocation(ctx)
    address = run.server(server)
    be_sure(run, _("Stop it for good?"), yes=yes or dry_run)

    async def work(client: "AdminClient") -> CodesStopped:
        request = StopCodesRequest(batch=batch, dry_run=dry_run)
        return await client.post(f"/codes/{quote(code, safe='')}/stop", CodesStopped, request)

    show_stopped(run, visit(run, address, work))


@add_command(
    app, help=N_("Show who brought how many players, and how many of those paid."), examples="plg admin codes referrals"
)
def referrals(
    ctx: typer.Context, limit: LimitOption = 50, offset: OffsetOption = 0, server: ServerOption = None
) -> None:
    from plg.cli.admin.codes_view import show_referrals
    from plg.contract.admin_codes import ReferralPage

    run = invocation(ctx)

    show_referrals(
        run,
        visit(
            run,
            run.server(server),
            lambda client: client.get("/referrals", ReferralPage, {"limit": limit, "offset": offset}),
        ),
    )
