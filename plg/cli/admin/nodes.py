"""`plg admin nodes`: list relays, let one in, take one out of service and back, drain, prefer, edit, delete."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure
from plg.cli.admin.visiting import visit
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.api.admin_client import AdminClient
    from plg.contract.admin_nodes import AdminNode, EditNodeRequest

STATES = ("up", "full", "draining", "silent", "disabled", "deleted")
PAGE = 200
"""Relays that one question for a name reads."""

_ID = re.compile(r"[0-9a-f]{16}")

app = command_app(help=N_("Look after relays.\nA relay is named by its id, or by its name when only one has it."))

NodeArgument = Annotated[str, typer.Argument(metavar="RELAY", help=N_("The relay: id or name."))]


@add_command(
    app,
    name="list",
    help=N_("List the relays, also those that players do not see."),
    examples="plg admin nodes list\nplg admin nodes list --state silent --json",
)
def list_(
    ctx: typer.Context,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=N_("up, full, draining, silent, disabled or deleted.")),
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help=N_("Only of this region."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.node_view import show_nodes
    from plg.contract.admin_nodes import AdminNodePage

    if state is not None and state not in STATES:
        raise CliError(
            _("there is no state '{state}'").format(state=state),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("one of: {names}").format(names=", ".join(STATES)),
        )
    run = invocation(ctx)
    query = {"state": state, "region": region, "limit": limit, "offset": offset}
    show_nodes(run, visit(run, run.server(server), lambda client: client.get("/nodes", AdminNodePage, query)))


@add_command(app, help=N_("Show one relay."), examples="plg admin nodes show frankfurt-1")
def show(ctx: typer.Context, relay: NodeArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.node_view import show_node

    run = invocation(ctx)
    show_node(run, visit(run, run.server(server), lambda client: find_node(client, relay)))


@add_command(
    app,
    help=N_("Make a token with which one relay can enrol, once, within 24 hours.\nThe token is shown once."),
    examples="plg admin nodes create frankfurt-1 --country DE --city Frankfurt",
)
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("What players will see."))],
    country: Annotated[str, typer.Option("--country", metavar="XX", help=N_("Its country: two letters."))] = "",
    city: Annotated[str, typer.Option("--city", metavar="CITY", help=N_("Its city."))] = "",
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.node_view import show_new_node
    from plg.contract.admin_nodes import CreateNodeRequest, NewNode

    run = invocation(ctx)
    address = run.server(server)
    body = CreateNodeRequest(name=name, country=country, city=city)
    show_new_node(run, visit(run, address, lambda client: client.post("/nodes", NewNode, body)), address.url)


@add_command(
    app,
    help=N_("Let a relay take sessions again."),
    examples="plg admin nodes enable frankfurt-1",
)
def enable(ctx: typer.Context, relay: NodeArgument, dry_run: DryRunOption = False, server: ServerOption = None) -> None:
    _switch(ctx, relay, "enable", dry_run=dry_run, server=server)


@add_command(
    app,
    help=N_("Give a relay no new sessions. Those that run go on."),
    examples="plg admin nodes disable frankfurt-1",
)
def disable(
    ctx: typer.Context, relay: NodeArgument, dry_run: DryRunOption = False, server: ServerOption = None
) -> None:
    _switch(ctx, relay, "disable", dry_run=dry_run, server=server)


@add_command(
    app,
    help=N_(
        "Empty a relay: no new sessions, and those that run end soon.\n"
        "The relay tells its players at once. If it cannot be reached it is disabled all the same, and this says so."
    ),
    examples="plg admin nodes drain frankfurt-1 --seconds 600\nplg admin nodes drain frankfurt-1 --dry-run",
)
def drain(
    ctx: typer.Context,
    relay: NodeArgument,
    seconds: Annotated[
        int, typer.Option("--seconds", metavar="N", min=0, max=86_400, help=N_("When the last sessions end."))
    ] = 600,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.node_view import show_act
    from plg.contract.admin_nodes import DrainNodeRequest, NodeAct

    run = invocation(ctx)
    address = run.server(server)
    node = visit(run, address, lambda client: find_node(client, relay))
    if not dry_run:
        question = _("End the {count} sessions through {name} within {seconds} s?")
        be_sure(run, question.format(count=node.running_sessions, name=node.name, seconds=seconds), yes=yes)
    body = DrainNodeRequest(seconds=seconds, dry_run=dry_run)
    show_act(run, "drain", visit(run, address, lambda client: client.post(f"/nodes/{node.id}/drain", NodeAct, body)))


@add_command(
    app,
    help=N_(
        "Prefer a relay, or use it last.\n"
        "The number counts as milliseconds when exits are chosen: 10 makes the relay win against one that is 9 ms nearer."
    ),
    examples="plg admin nodes priority frankfurt-1 10\nplg admin nodes priority -- backup-1 -50",
)
def priority(
    ctx: typer.Context,
    relay: NodeArgument,
    milliseconds: Annotated[int, typer.Argument(metavar="MS", min=-100, max=100, help=N_("-100 to 100."))],
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_nodes import EditNodeRequest

    _edit(ctx, relay, EditNodeRequest(priority_ms=milliseconds), server)


@add_command(
    app,
    help=N_("Change a relay's name, place, region or cost. Region and cost are for operators only."),
    examples='plg admin nodes edit frankfurt-1 --country DE --city Frankfurt --region eu --monthly-cost "12.50 EUR"',
)
def edit(
    ctx: typer.Context,
    relay: NodeArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help=N_("What players see."))] = None,
    country: Annotated[
        str | None, typer.Option("--country", metavar="XX", help=N_("Its country: two letters."))
    ] = None,
    city: Annotated[str | None, typer.Option("--city", metavar="CITY", help=N_("Its city."))] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help=N_("A word of yours."))] = None,
    monthly_cost: Annotated[
        str | None,
        typer.Option("--monthly-cost", metavar="COST", help=N_('What its machine costs a month: "12.50 EUR".')),
    ] = None,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_nodes import EditNodeRequest

    if all(value is None for value in (name, country, city, region, monthly_cost)):
        raise CliError(
            _("nothing to change is named"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("one of: {names}").format(names="--name, --country, --city, --region, --monthly-cost"),
        )
    request = EditNodeRequest(name=name, country=country, city=city, region=region, monthly_cost=monthly_cost)
    _edit(ctx, relay, request, server)


@add_command(
    app,
    help=N_(
        "Delete a relay: its key no longer works, and the sessions through it end.\n"
        "What was played through it stays in the history."
    ),
    examples="plg admin nodes delete frankfurt-1 --dry-run\nplg admin nodes delete frankfurt-1 --yes",
)
def delete(
    ctx: typer.Context,
    relay: NodeArgument,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.node_view import show_act
    from plg.contract.admin_nodes import NodeAct

    run = invocation(ctx)
    address = run.server(server)
    node = visit(run, address, lambda client: find_node(client, relay))
    if not dry_run:
        question = _("Delete {name} for good and end the {count} sessions through it?")
        be_sure(run, question.format(name=node.name, count=node.running_sessions), yes=yes)
    query = {"dry_run": dry_run}
    show_act(run, "delete", visit(run, address, lambda client: client.delete(f"/nodes/{node.id}", NodeAct, query)))


async def find_node(client: "AdminClient", wanted: str) -> "AdminNode":
    """The relay of this id, or the only one of this name. Raises CliError when there is none, or several."""
    from plg.contract.admin_nodes import AdminNode, AdminNodePage

    if _ID.fullmatch(wanted):
        return await client.get(f"/nodes/{wanted}", AdminNode)
    offset, found, names = 0, [], []
    while True:
        page = await client.get("/nodes", AdminNodePage, {"limit": PAGE, "offset": offset})
        found += [node for node in page.nodes if node.name.casefold() == wanted.casefold()]
        names += [node.name for node in page.nodes]
        offset += PAGE
        if offset >= page.total:
            break
    if len(found) == 1:
        return found[0]
    from difflib import get_close_matches

    several = ", ".join(node.id for node in found)
    problem = _("several relays are called '{name}': {ids}") if found else _("there is no relay '{name}'")
    raise CliError(
        problem.format(name=wanted, ids=several),
        code="node_not_found",
        exit_code=ExitCode.NOT_FOUND,
        next_step=_("see: plg admin nodes list"),
        nearest=tuple(get_close_matches(wanted, names)),
    )


def _switch(ctx: typer.Context, relay: str, act: str, *, dry_run: bool, server: str | None) -> None:
    from plg.cli.admin.node_view import show_act
    from plg.contract.admin_nodes import ActNodeRequest, NodeAct

    run = invocation(ctx)

    async def work(client: "AdminClient") -> NodeAct:
        node = await find_node(client, relay)
        return await client.post(f"/nodes/{node.id}/{act}", NodeAct, ActNodeRequest(dry_run=dry_run))

    show_act(run, act, visit(run, run.server(server), work))


def _edit(ctx: typer.Context, relay: str, request: "EditNodeRequest", server: str | None) -> None:
    from plg.cli.admin.node_view import show_node
    from plg.contract.admin_nodes import AdminNode

    run = invocation(ctx)

    async def work(client: "AdminClient") -> AdminNode:
        node = await find_node(client, relay)
        return await client.patch(f"/nodes/{node.id}", AdminNode, request)

    show_node(run, visit(run, run.server(server), work))
