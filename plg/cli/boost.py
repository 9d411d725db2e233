"""`plg boost`: a few reversible changes to this computer for a game; shown first, made only with --apply, put back exactly."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.machine.boost.plan import Machine
    from plg.machine.change_journal import ChangeJournal, ProcessIdentity

app = command_app(
    help=N_(
        "A few reversible changes to this computer for a game.\n"
        "Each says what is known about its use. Nothing is changed without --apply; plg boost off puts everything back."
    )
)

OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help=N_("Only this change; may be given repeatedly: see plg boost list.")),
]


@add_command(
    app,
    name="on",
    help=N_(
        "Show, or with --apply make, the changes for a running game.\n"
        "Each is written down before it is made, looked at afterwards and undone when it did not hold. When the game ends, "
        "the next start of plg or plg restore puts them back; with --hold this command does."
    ),
    examples="plg boost on cs2\nsudo plg boost on cs2 --apply\nsudo plg boost on cs2 --apply --hold\nplg boost on --pid 4711 --only ionice --apply",
)
def on(
    ctx: typer.Context,
    game: Annotated[
        str | None,
        typer.Argument(metavar="[GAME]", help=N_("The running game; without it, only what is no process's.")),
    ] = None,
    pids: Annotated[
        list[int] | None, typer.Option("--pid", metavar="PID", min=2, help=N_("This process instead of a game's."))
    ] = None,
    only: OnlyOption = None,
    apply: Annotated[bool, typer.Option("--apply", help=N_("Make the changes."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Only show them (the default)."))] = False,
    hold: Annotated[
        bool,
        typer.Option("--hold", help=N_("With --apply: wait for the game's end or Ctrl-C, then put everything back.")),
    ] = False,
    server: ServerOption = None,
) -> None:
    from contextlib import nullcontext

    from plg.cli.boost_holding import held, wait_for_the_end
    from plg.cli.boost_view import left_out_view, made_view, planned_view, show_changes
    from plg.contract.cli_output_boost import BoostDocument
    from plg.machine.boost.changes import Made, carry_out
    from plg.machine.boost.plan import make_plan
    from plg.machine.boost.tweaks import UnknownTweak, choose_tweaks

    run = invocation(ctx)
    if apply and dry_run:
        raise _usage(_("--apply and --dry-run exclude each other"), _("give one of them"))
    if hold and not apply:
        raise _usage(_("--hold needs --apply"), _("give both, or none"))
    machine = the_machine()
    try:
        tweaks = choose_tweaks(machine.system, tuple(only or ()))
    except UnknownTweak as error:
        raise _unknown_tweak(error.name, machine.system) from None
    processes = game_processes(run, game, tuple(pids or ()), server)
    journal = open_journal(run)
    undo_abandoned(run, journal, machine)
    plan = make_plan(tweaks, processes, machine)
    made: list[Made] = []
    with journal_trouble(), held(run, journal, machine) if hold else nullcontext():
        if apply:
            made += carry_out(plan.steps, journal, _myself() if hold else next(iter(processes), None))
        document = BoostDocument(
            action="on",
            dry_run=not apply,
            game=game,
            processes=[process.pid for process in processes],
            changes=[made_view(one) for one in made] if apply else [planned_view(step) for step in plan.steps],
            left_out=[left_out_view(left) for left in plan.left_out],
        )
        show_changes(run, document, plan)
        if hold:
            wait_for_the_end(run, machine, processes)
    if not apply:
        run.talk.say(_("Nothing was changed. To make these changes: plg boost on ... --apply"))
    refused = [one for one in made if one.state == "refused"]
    if any(one.needs_rights for one in refused):
        run.talk.say(_("Some need more rights: run it with sudo (on Windows: as administrator)."))
        raise typer.Exit(ExitCode.NEEDS_PRIVILEGES)
    if refused:
        raise typer.Exit(ExitCode.FAILURE)


@add_command(
    app,
    name="off",
    help=N_(
        "Put everything back that plg boost has changed.\nWhat somebody else has changed since is left, and said. Acts at once; --dry-run only shows."
    ),
    examples="plg boost off\nplg boost off --dry-run\nsudo plg boost off",
)
def off(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Only show what would be put back."))] = False,
) -> None:
    from plg.cli.boost_view import change_view, put_back_view, show_changes
    from plg.contract.cli_output_boost import BoostDocument
    from plg.machine.boost.changes import pending_changes, put_back

    run = invocation(ctx)
    journal = open_journal(run)
    failed = False
    with journal_trouble():
        if dry_run:
            changes = [change_view(change, "active") for change in reversed(pending_changes(journal))]
        else:
            done = put_back(journal, the_machine())
            failed = any(one.outcome is None for one in done)
            changes = [put_back_view(one) for one in done]
    document = BoostDocument(action="off", dry_run=dry_run, game=None, processes=[], changes=changes)
    show_changes(run, document)
    if not changes and not run.output.as_json:
        run.output.line(_("There is nothing to put back."))
    if failed:
        raise typer.Exit(ExitCode.FAILURE)


@add_command(
    app,
    name="status",
    help=N_("Show the changes that are in effect.\nWith what they were before and what they are."),
    examples="plg boost status\nplg boost status --json",
)
def status(ctx: typer.Context) -> None:
    from plg.cli.boost_view import change_view, show_changes
    from plg.contract.cli_output_boost import BoostDocument
    from plg.machine.boost.changes import pending_changes

    run = invocation(ctx)
    with journal_trouble():
        pending = pending_changes(open_journal(run))
    changes = [
        change_view(change, "active", _("its process has ended: plg boost off") if change.is_abandoned else None)
        for change in pending
    ]
    show_changes(run, BoostDocument(action="status", dry_run=True, game=None, processes=[], changes=changes))
    if not changes and not run.output.as_json:
        run.output.line(_("Nothing is changed."))


@add_command(
    app,
    name="list",
    help=N_("List the changes on offer here.\nWith what is known about each, and where that can be read."),
    examples="plg boost list\nplg boost list --json",
)
def list_(ctx: typer.Context) -> None:
    from plg.cli.boost_view import show_list
    from plg.machine.boost.tweaks import tweaks_for

    show_list(invocation(ctx), sys.platform, tweaks_for(sys.platform))


def the_machine() -> "Machine":
    """This computer."""
    from plg.machine.boost.plan import Machine

    return Machine()


def open_journal(run: Invocation) -> "ChangeJournal":
    from plg.machine.change_journal import ChangeJournal, journal_directory

    return ChangeJournal(journal_directory(run.environ))


def undo_abandoned(run: Invocation, journal: "ChangeJournal", machine: "Machine") -> None:
    """What an earlier run left when it broke off, or a game when it ended, is put back before anything new."""
    from plg.machine.boost.changes import put_back

    with journal_trouble():
        done = put_back(journal, machine, lambda change: change.is_abandoned)
    if done:
        run.talk.say(_("Changes for a game that has ended were put back: {n}").format(n=len(done)))


class journal_trouble:  # noqa: N801 - used as a with-statement's word
    """Inside, a journal that cannot be kept is one clear failure: without it nothing may be changed."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from plg.machine.change_journal import JournalUnusable

        if isinstance(error, JournalUnusable):
            raise CliError(
                _("the record of changes cannot be kept in {path}: {why}").format(path=error.path, why=error.why),
                code="journal_unusable",
                exit_code=ExitCode.FAILURE,
                next_step=_("check that directory's owner and rights, and the space on the disk"),
            ) from error


def game_processes(
    run: Invocation, game: str | None, pids: tuple[int, ...], server: str | None
) -> "list[ProcessIdentity]":
    """The processes to favour. Raises CliError when there are none under that name or number."""
    from plg.machine.change_journal import identify_process

    if game is not None and not pids:
        pids = tuple(running_pids(run, game, server))
    found = []
    for pid in dict.fromkeys(pids):
        identity = identify_process(pid)
        if identity is None:
            raise CliError(
                _("there is no process {pid}").format(pid=pid),
                code="no_such_process",
                exit_code=ExitCode.NOT_FOUND,
                next_step=_("see its number in the task list; or name the game"),
            )
        found.append(identity)
    return found


def running_pids(run: Invocation, name: str, server: str | None) -> list[int]:
    """The numbers of a game's processes. Raises CliError when it is not known or does not run."""
    from difflib import get_close_matches

    from plg.cli.game_catalogue import known_games
    from plg.machine.game_processes import running_games

    games = known_games(run, run.server(server)).games
    game = next((game for game in games if game.is_called(name)), None)
    if game is None:
        raise CliError(
            _("unknown game '{name}'").format(name=name),
            code="game_not_found",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("see: plg games; or give its process: --pid"),
            nearest=tuple(get_close_matches(name, [game.slug for game in games])),
        )
    found = running_games({game.slug: game.executables}).get(game.slug, [])
    if not found:
        raise CliError(
            _("{game} is not running").format(game=game.name),
            code="game_not_running",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("start it first, or give its process: --pid"),
        )
    return found


def _myself() -> "ProcessIdentity | None":
    import os

    from plg.machine.change_journal import identify_process

    return identify_process(os.getpid())


def _usage(message: str, next_step: str) -> CliError:
    return CliError(message, code="usage", exit_code=ExitCode.USAGE, next_step=next_step)


def _unknown_tweak(name: str, system: str) -> CliError:
    from difflib import get_close_matches

    from plg.machine.boost.tweaks import tweaks_for

    names = [tweak.id for tweak in tweaks_for(system)]
    return CliError(
        _("there is no change '{name}' here").format(name=name),
        code="unknown_tweak",
        exit_code=ExitCode.USAGE,
        next_step=_("there are: {names}").format(names=", ".join(names)),
        nearest=tuple(get_close_matches(name, names)),
    )
