"""`plg admin benchmarks`: reports that players sent in, and taking a false one out."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure, moment, say_page
from plg.cli.admin.visiting import visit
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.api.admin_client import AdminClient
    from plg.contract.admin_benchmarks import AdminBenchmark, AdminBenchmarkPage

VERDICTS = {"improved": N_("improved"), "no_difference": N_("no difference"), "worse": N_("worse")}

app = command_app(help=N_("See and delete benchmarks that were sent in."))


@add_command(
    app,
    name="list",
    help=N_("List reports of plg bench, newest first."),
    examples="plg admin benchmarks list --game cs2 --since 7d\nplg admin benchmarks list --account ann@example.org --json",
)
def list_(
    ctx: typer.Context,
    game: Annotated[str | None, typer.Option("--game", metavar="GAME", help=N_("Only of this game."))] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="WHO", help=N_("Only of this account: e-mail address or id."))
    ] = None,
    relay: Annotated[
        str | None, typer.Option("--relay", metavar="RELAY", help=N_("Only through this relay: id or name."))
    ] = None,
    verdict: Annotated[
        str | None, typer.Option("--verdict", metavar="VERDICT", help=N_("improved, no_difference or worse."))
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help=N_("Not before: a date, a time, or 24h, 7d ago."))
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help=N_("Before this time."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.nodes import find_node
    from plg.contract.admin_benchmarks import AdminBenchmarkPage

    if verdict is not None and verdict not in VERDICTS:
        raise CliError(
            _("there is no verdict '{verdict}'").format(verdict=verdict),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("one of: {names}").format(names=", ".join(VERDICTS)),
        )
    run = invocation(ctx)
    query = {
        "game": game,
        "account": account,
        "verdict": verdict,
        "since": None if since is None else moment(since, option="--since").isoformat(),
        "until": None if until is None else moment(until, option="--until").isoformat(),
        "limit": limit,
        "offset": offset,
    }

    async def work(client: "AdminClient") -> AdminBenchmarkPage:
        node = None if relay is None else (await find_node(client, relay)).id
        return await client.get("/benchmarks", AdminBenchmarkPage, {**query, "node": node})

    show_benchmarks(run, visit(run, run.server(server), work))


@add_command(
    app,
    help=N_("Delete a false report: it no longer counts in anybody's figures."),
    examples="plg admin benchmarks delete 0123456789abcdef --dry-run",
)
def delete(
    ctx: typer.Context,
    report: Annotated[str, typer.Argument(metavar="REPORT", help=N_("The report's id."))],
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from urllib.parse import quote

    from plg.contract.admin_benchmarks import AdminDeletedBenchmarkDocument, DeletedBenchmark

    run = invocation(ctx)
    address = run.server(server)
    if not dry_run:
        be_sure(run, _("Delete the report {id} for good?").format(id=report), yes=yes)

    done = visit(
        run,
        address,
        lambda client: client.delete(f"/benchmarks/{quote(report, safe='')}", DeletedBenchmark, {"dry_run": dry_run}),
    )
    if run.output.as_json:
        run.output.document(AdminDeletedBenchmarkDocument(benchmark=done.benchmark, dry_run=done.dry_run))
        return
    text = (
        _("The report {id} of {email} about {game} would be deleted.")
        if done.dry_run
        else _("The report {id} of {email} about {game} is deleted.")
    )
    one = done.benchmark
    run.output.line(text.format(id=one.id, email=one.email, game=one.game))


def show_benchmarks(run: Invocation, page: "AdminBenchmarkPage") -> None:
    """A row for each report, or the document."""
    if run.output.as_json:
        from plg.contract.admin_benchmarks import AdminBenchmarksDocument

        run.output.document(
            AdminBenchmarksDocument(benchmarks=page.benchmarks, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.benchmarks:
        run.talk.say(_("No report fits."))
        return
    columns = [
        Column(_("report")),
        Column(_("when (UTC)")),
        Column(_("account")),
        Column(_("game")),
        Column(_("region")),
        Column(_("how")),
        Column(_("direct"), right=True),
        Column(_("through PLG"), right=True),
        Column(_("difference"), right=True),
        Column(_("verdict")),
    ]
    run.output.table(columns, [_row(one) for one in page.benchmarks])
    say_page(run, len(page.benchmarks), page.total, page.offset)


def _row(one: "AdminBenchmark") -> tuple[str, ...]:
    return (
        one.id,
        one.created_at[:19].replace("T", " "),
        one.email,
        one.game,
        one.region or "-",
        f"{one.method}, {one.blocks}",
        f"{one.direct_ms:.0f} ms",
        f"{one.boosted_ms:.0f} ms",
        f"{one.difference_ms:+.1f} ms",
        _(VERDICTS[one.verdict.value]),
    )
