"""Games as an operator sees them: a table, a game file, a difference, faults."""

from typing import TYPE_CHECKING

from plg.cli.admin.asking import say_page
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.contract.admin_games import AdminGame, AdminGameDetail, AdminGamePage, GameFaults, GamesChange

ORIGINS = {"files": N_("files"), "edited": N_("edited"), "own": N_("own")}


def show_games(run: Invocation, page: "AdminGamePage") -> None:
    """A row for each game, then changed lists; or the document."""
    if run.output.as_json:
        from plg.contract.admin_games import AdminGamesDocument

        run.output.document(
            AdminGamesDocument(
                games=page.games,
                lists=page.lists,
                version=page.version,
                total=page.total,
                limit=page.limit,
                offset=page.offset,
            )
        )
        return
    if not page.games and not page.lists:
        run.talk.say(_("No game fits."))
        return
    columns = [
        Column(_("game")),
        Column(_("name")),
        Column(_("kind")),
        Column(_("carried over")),
        Column(_("prefixes"), right=True),
        Column(_("ports")),
        Column(_("from")),
        Column(_("changed (UTC)")),
    ]
    run.output.table(columns, [_row(game) for game in page.games])
    say_page(run, len(page.games), page.total, page.offset)
    if page.lists:
        run.output.line()
        columns = [Column(_("changed list")), Column(_("name")), Column(_("from")), Column(_("changed (UTC)"))]
        run.output.table(
            columns, [(one.kind, one.name, _(ORIGINS[one.origin]), _when(one.changed_at)) for one in page.lists]
        )
    for fault in (*(game.fault for game in page.games), *(one.fault for one in page.lists)):
        if fault is not None:
            _warn_fault(run, fault)


def show_game(run: Invocation, found: "AdminGameDetail") -> None:
    """The game file of one game, with what was changed in it; or the document."""
    if run.output.as_json:
        from plg.contract.admin_games import AdminGameDocument

        run.output.document(
            AdminGameDocument(game=found.game, toml=found.toml, changes_toml=found.changes_toml, detail=found.detail)
        )
        return
    run.output.block(found.toml)
    if found.changes_toml is not None and found.game.origin == "edited":
        run.output.line()
        run.output.line("# " + _("changed here, {when}:").format(when=_when(found.game.changed_at)))
        run.output.block("\n".join(f"# {line}" for line in found.changes_toml.splitlines()))
    if found.game.fault is not None:
        _warn_fault(run, found.game.fault)


def show_change(run: Invocation, change: "GamesChange") -> None:
    """The difference, and what became of it; or the document."""
    if run.output.as_json:
        from plg.contract.admin_games import AdminGamesChangeDocument

        run.output.document(
            AdminGamesChangeDocument(
                changes=change.changes,
                dry_run=change.dry_run,
                version=change.version,
                running_sessions=change.running_sessions,
            )
        )
        return
    for one in change.changes:
        run.output.block(one.diff)
    if not change.changes:
        run.talk.say(_("Nothing changes."))
        return
    count = len(change.changes)
    if change.dry_run:
        run.talk.say(ngettext("{n} table would change.", "{n} tables would change.", count).format(n=count))
    else:
        run.talk.say(
            ngettext(
                "{n} table is changed; every replica follows within seconds.",
                "{n} tables are changed; every replica follows within seconds.",
                count,
            ).format(n=count)
        )
    if change.running_sessions:
        run.talk.warn(
            ngettext(
                "{n} running session plays a game that goes: it cannot be renewed.",
                "{n} running sessions play a game that goes: they cannot be renewed.",
                change.running_sessions,
            ).format(n=change.running_sessions),
            event="sessions_of_deleted_game",
        )


def show_faults(run: Invocation, found: "GameFaults") -> None:
    """A line for each fault, as compilers write them; or the document."""
    if run.output.as_json:
        from plg.contract.admin_games import AdminGameFaultsDocument

        run.output.document(AdminGameFaultsDocument(ok=not found.faults, faults=found.faults, tables=found.tables))
        return
    for line in _fault_lines(found):
        run.output.line(line)
    if not found.faults:
        run.output.line(ngettext("{n} table, no fault.", "{n} tables, no fault.", found.tables).format(n=found.tables))


def refuse_faults(run: Invocation, found: "GameFaults") -> None:
    """Raises CliError where a file has faults, after telling every one of them."""
    if not found.faults:
        return
    for line in _fault_lines(found)[1:]:
        run.talk.say(line)
    raise CliError(
        _fault_lines(found)[0],
        code="game_file_faults",
        exit_code=ExitCode.BAD_CONFIGURATION,
        next_step=_("see: plg admin games validate FILE"),
    )


def _fault_lines(found: "GameFaults") -> list[str]:
    return [
        f"{fault.source}:{fault.line}: {fault.problem}" if fault.line else f"{fault.source}: {fault.problem}"
        for fault in found.faults
    ]


def _warn_fault(run: Invocation, fault: str) -> None:
    run.talk.warn(_("a change is left out: {fault}").format(fault=fault), event="game_change_left_out")


def _row(game: "AdminGame") -> tuple[str, ...]:
    ports = ", ".join(game.ports[:3]) + (" ..." if len(game.ports) > 3 else "")
    origin = _(ORIGINS[game.origin]) + ("!" if game.fault is not None else "")
    return (
        game.slug,
        game.name,
        game.category,
        game.transport,
        str(game.cidrs),
        ports or "-",
        origin,
        _when(game.changed_at),
    )


def _when(moment: str | None) -> str:
    return "-" if moment is None else moment[:19].replace("T", " ")
