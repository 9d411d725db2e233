"""`plg admin games`: list, show, edit, import, export, diff, validate, reset, delete. What is written is TOML as in game files."""

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
    from plg.contract.admin_games import TableKind

ORIGINS = ("files", "edited", "own")
KINDS = ("game", "prefixes", "cloud", "region_set", "source")

app = command_app(
    help=N_(
        "Change games, their addresses and ports.\n"
        "A change counts on every replica within seconds, and is kept apart from the server's own files: reset takes it back."
    )
)

GameArgument = Annotated[str, typer.Argument(metavar="GAME", help=N_("The game's slug, such as cs2."))]
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help=N_("A game file (TOML), or - for standard input."))]


@add_command(
    app,
    name="list",
    help=N_("List games, and which of them were changed."),
    examples="plg admin games list --origin edited\nplg admin games list --search counter",
)
def list_(
    ctx: typer.Context,
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help=N_("As players search."))] = "",
    origin: Annotated[str | None, typer.Option("--origin", metavar="ORIGIN", help=N_("files, edited or own."))] = None,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.game_view import show_games
    from plg.contract.admin_games import AdminGamePage

    _one_of(origin, ORIGINS)
    run = invocation(ctx)
    query = {"query": search, "origin": origin, "limit": limit, "offset": offset}
    show_games(run, visit(run, run.server(server), lambda client: client.get("/games", AdminGamePage, query)))


@add_command(
    app,
    help=N_("Show one game as it counts, in the form of a game file."),
    examples="plg admin games show cs2",
)
def show(ctx: typer.Context, game: GameArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.game_view import show_game
    from plg.contract.admin_games import AdminGameDetail

    run = invocation(ctx)
    path = _path(game)
    show_game(run, visit(run, run.server(server), lambda client: client.get(path, AdminGameDetail)))


@add_command(
    app,
    help=N_(
        "Change fields of a game.\n"
        "KEY is a key of game files, or short: cidrs, ports, note. VALUE is TOML; what is no TOML is taken as text."
    ),
    examples="plg admin games edit cs2 --add cidrs=203.0.113.0/24 --remove ports=27015\n"
    "plg admin games edit cs2 --set 'udp=[\"27015-27050\"]' --set icon=crosshair\n"
    "plg admin games edit cs2 --set note='the operator asked the publisher' --dry-run",
)
def edit(
    ctx: typer.Context,
    game: GameArgument,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=N_("Give a field a value."))
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="KEY=ITEM", help=N_("Add an item to a list."))
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY=ITEM", help=N_("Take an item out of a list."))
    ] = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="KEY", help=N_("Empty a field."))] = None,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.game_edits import edit_request
    from plg.cli.admin.game_view import show_change
    from plg.contract.admin_games import GamesChange

    run = invocation(ctx)
    body = edit_request(set_ or [], add or [], remove or [], unset or [], dry_run=dry_run)
    path = _path(game)
    show_change(run, visit(run, run.server(server), lambda client: client.patch(path, GamesChange, body)))


@add_command(
    app,
    name="import",
    help=N_(
        "Take over what a game file says: change known games, add new ones.\n"
        "A known game keeps what the file does not name; with --replace the file's table is all there is."
    ),
    examples="plg admin games import mygames.toml --dry-run\nplg admin games import mygames.toml",
)
def import_(
    ctx: typer.Context,
    file: FileArgument,
    replace: Annotated[bool, typer.Option("--replace", help=N_("Replace each game of the file whole."))] = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.game_edits import read_game_file
    from plg.cli.admin.game_view import refuse_faults, show_change
    from plg.contract.admin_games import GameFaults, GamesChange, GameTextRequest, ImportGamesRequest

    run = invocation(ctx)
    source, toml = read_game_file(file)

    async def work(client: "AdminClient") -> GamesChange:
        found = await client.post("/games/validate", GameFaults, GameTextRequest(toml=toml, source=source))
        refuse_faults(run, found)
        body = ImportGamesRequest(toml=toml, source=source, replace=replace, dry_run=dry_run)
        return await client.post("/games/import", GamesChange, body)

    show_change(run, visit(run, run.server(server), work))


@add_command(
    app,
    help=N_("Show what an import would change."),
    examples="plg admin games diff mygames.toml",
)
def diff(ctx: typer.Context, file: FileArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.game_edits import read_game_file
    from plg.cli.admin.game_view import refuse_faults, show_change
    from plg.contract.admin_games import GameFaults, GamesChange, GameTextRequest

    run = invocation(ctx)
    source, toml = read_game_file(file)

    async def work(client: "AdminClient") -> GamesChange:
        body = GameTextRequest(toml=toml, source=source)
        refuse_faults(run, await client.post("/games/validate", GameFaults, body))
        return await client.post("/games/diff", GamesChange, body)

    show_change(run, visit(run, run.server(server), work))


@add_command(
    app,
    help=N_("Check a game file: every fault with its line and what is allowed. Nothing is changed."),
    examples="plg admin games validate mygames.toml",
)
def validate(ctx: typer.Context, file: FileArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.game_edits import read_game_file
    from plg.cli.admin.game_view import show_faults
    from plg.contract.admin_games import GameFaults, GameTextRequest

    run = invocation(ctx)
    source, toml = read_game_file(file)
    body = GameTextRequest(toml=toml, source=source)
    found = visit(run, run.server(server), lambda client: client.post("/games/validate", GameFaults, body))
    show_faults(run, found)
    if found.faults:
        raise typer.Exit(ExitCode.BAD_CONFIGURATION)


@add_command(
    app,
    help=N_(
        "Write a game file: one game, or what was changed here, or everything.\nIt can be imported at another server, or kept as games_file."
    ),
    examples="plg admin games export > changes.toml\nplg admin games export cs2\nplg admin games export --all --output all.toml",
)
def export(
    ctx: typer.Context,
    game: Annotated[
        str | None, typer.Argument(metavar="GAME", help=N_("One game; nothing: what was changed here."))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=N_("Every table that counts."))] = False,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help=N_("Write it there; nothing is overwritten."))
    ] = None,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.game_edits import write_game_file
    from plg.contract.admin_games import AdminGamesTomlDocument, GamesToml

    run = invocation(ctx)
    query = {"slug": game, "all": every}
    found = visit(run, run.server(server), lambda client: client.get("/games/export", GamesToml, query))
    if output is not None:
        write_game_file(output, found.toml)
        run.talk.say(_("{n} tables are in {file}.").format(n=found.tables, file=output))
    if run.output.as_json:
        run.output.document(AdminGamesTomlDocument(toml=found.toml, tables=found.tables, version=found.version))
    elif output is None:
        if not found.tables:
            run.talk.say(_("Nothing was changed here."))
            return
        run.output.block(found.toml)


@add_command(
    app,
    help=N_("Take a change back: the game is again as the server's files have it, a game of your own goes."),
    examples="plg admin games reset cs2 --dry-run\nplg admin games reset own-list --kind prefixes",
)
def reset(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("A game's slug, or a list's name."))],
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help=N_("game, prefixes, cloud, region_set or source."))
    ] = "game",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from typing import cast

    from plg.cli.admin.game_view import show_change
    from plg.contract.admin_games import GamesChange, ResetGameRequest

    _one_of(kind, KINDS)
    run = invocation(ctx)
    address = run.server(server)
    if not dry_run:
        be_sure(run, _("Take back what was changed in {name}?").format(name=name), yes=yes)
    body = ResetGameRequest(kind=cast("TableKind", kind), name=name, dry_run=dry_run)
    show_change(run, visit(run, address, lambda client: client.post("/games/reset", GamesChange, body)))


@add_command(
    app,
    help=N_("Delete a game of your own. One of the server's files can only be reset."),
    examples="plg admin games delete mygame --dry-run",
)
def delete(
    ctx: typer.Context,
    game: GameArgument,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.game_view import show_change
    from plg.contract.admin_games import GamesChange

    run = invocation(ctx)
    address = run.server(server)
    if not dry_run:
        be_sure(run, _("Delete the game {name} for good?").format(name=game), yes=yes)
    path, query = _path(game), {"dry_run": dry_run}
    show_change(run, visit(run, address, lambda client: client.delete(path, GamesChange, query)))


def _path(game: str) -> str:
    from urllib.parse import quote

    return f"/games/{quote(game, safe='')}"


def _one_of(value: str | None, allowed: tuple[str, ...]) -> None:
    if value is None or value in allowed:
        return
    raise CliError(
        _("'{value}' is not one of them").format(value=value),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("one of: {names}").format(names=", ".join(allowed)),
    )
