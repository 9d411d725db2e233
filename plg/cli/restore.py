"""`plg restore`: what a crashed run left in the system is put back."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _, ngettext

if TYPE_CHECKING:
    from plg.capture.leavings import FoundJournal
    from plg.contract.cli_output_service import RestoredChange, RestoreDocument
    from plg.machine.change_journal import ChangeJournal, Undoer

app = command_app()

_STATES = {
    "left": N_("left behind"),
    "undone": N_("put back"),
    "running": N_("in use by a running process"),
    "kept": N_("kept until you undo it"),
    "damaged": N_("damaged, not believed"),
}


@add_command(
    app,
    help=N_(
        "Put back what a crashed run left in the system.\n"
        "Filters and routes of captures, and every change in the change journal whose process is dead. What a running tunnel uses is not touched."
    ),
    examples="plg restore\nsudo plg restore\nplg restore --dry-run --json",
)
def restore(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Only list it; change nothing."))] = False,
) -> None:
    run = invocation(ctx)
    lacking = [change for change in _captures(run, dry_run=True) if change.state == "left"]
    if lacking and not dry_run and not _may_undo_captures():
        if (code := _by_service(run)) is None:
            raise CliError(
                _("what a capture left can be taken away by root only"),
                code="needs_privileges",
                exit_code=ExitCode.NEEDS_PRIVILEGES,
                next_step=_("run: sudo plg restore"),
            )
        raise typer.Exit(code)
    changes = [*_captures(run, dry_run=dry_run), *_changes(run, dry_run=dry_run)]
    show(run, _document(changes, dry_run=dry_run))


def tell_restored(run: Invocation) -> None:
    """At the next start: what dead processes of this user changed is put back, and said. What cannot be undone stays written down."""
    from plg.machine.change_journal import ChangeJournal, JournalUnusable, journal_directory, roll_back

    journal = ChangeJournal(journal_directory(run.environ))
    try:
        if not any(change.is_abandoned for change in journal.pending()):
            return  # nearly always: then nothing is loaded that undoes
        results = roll_back(journal, undoers())
    except JournalUnusable:
        return  # plg restore and plg doctor say what is wrong with it
    if undone := sum(result.trouble is None for result in results):
        run.talk.say(
            ngettext(
                "{n} change that a crashed run left was put back.",
                "{n} changes that a crashed run left were put back.",
                undone,
            ).format(n=undone)
        )


def undoers() -> "Mapping[str, Undoer]":
    """How each kind of change is undone, from the rooms that make them."""
    from plg.machine.boost.changes import boost_undoers
    from plg.machine.service_install import KIND, undo_file

    return {KIND: undo_file, **boost_undoers()}


def show(run: Invocation, document: "RestoreDocument") -> None:
    """What was found and done, in the form that fits the reader."""
    if run.output.as_json:
        run.output.document(document)
    elif not document.changes:
        run.output.line(_("Nothing was left behind: there is nothing to put back."))
    else:
        for change in document.changes:
            state = _(_STATES.get(change.state, change.state))
            note = change.trouble or (_("process {pid}").format(pid=change.pid) if change.state == "running" else None)
            trouble = f" ({note})" if note else ""
            run.output.line(f"{state}: {change.kind}: {change.what}{trouble}")
        if document.undone:
            run.output.line(
                ngettext("{n} change was put back.", "{n} changes were put back.", document.undone).format(
                    n=document.undone
                )
            )
        elif not document.left:
            run.output.line(_("There is nothing to put back."))
    if document.left and not document.dry_run:
        raise typer.Exit(ExitCode.FAILURE)


def _document(changes: "list[RestoredChange]", *, dry_run: bool) -> "RestoreDocument":
    from plg.contract.cli_output_service import RestoreDocument

    undone = sum(change.state == "undone" for change in changes)
    left = sum(change.state == "left" for change in changes)
    return RestoreDocument(changes=changes, undone=undone, left=left, dry_run=dry_run)


# --- what captures left ----------------------------------------------------------------------------------------------


def _captures(run: Invocation, *, dry_run: bool) -> "list[RestoredChange]":
    if not sys.platform.startswith("linux"):
        return []  # elsewhere what captures, vanishes with its process
    from plg.capture.choose import default_runtime_directory
    from plg.capture.leavings import find_journals
    from plg.tunnel.runtime_place import runtime_place

    place = runtime_place(run.environ)
    directories = dict.fromkeys(
        (place.directory, *(() if "PLG_RUNTIME_DIR" in run.environ else (default_runtime_directory(),)))
    )
    found = [journal for directory in directories for journal in find_journals(directory, place.owner_uid)]
    return [_capture(journal, dry_run=dry_run) for journal in found]


def _capture(found: "FoundJournal", *, dry_run: bool) -> "RestoredChange":
    from plg.capture.leavings import JournalState, reap
    from plg.contract.cli_output_service import RestoredChange

    leavings = found.leavings
    counts = {"filters": len(leavings.filters), "hooks": len(leavings.clsact), "rules": len(leavings.rules)}
    what = ", ".join(f"{name} {count}" for name, count in counts.items() if count) or found.path.name
    pid = found.pids[0] if found.pids else None
    state, trouble = "left", None
    match found.state:
        case JournalState.RUNNING:
            state = "running"
        case JournalState.NOT_BELIEVED:
            state, what, trouble = "damaged", str(found.path), found.why
        case JournalState.ELSEWHERE:
            state, trouble = "kept", _("it is in another network namespace")
        case JournalState.ABANDONED if not dry_run:
            try:
                reap(found)
                state = "undone"
            except OSError as error:
                trouble = error.strerror or str(error)
        case _:
            pass
    return RestoredChange(kind="capture", state=state, what=what, pid=pid, trouble=trouble)


def _may_undo_captures() -> bool:
    from plg.capture.privilege import held_capabilities

    return os.geteuid() == 0 or "CAP_NET_ADMIN" in held_capabilities()


def _by_service(run: Invocation) -> int | None:
    """Let the tunnel service of this user do it; None when there is none."""
    from plg.cli.connect_by_service import UNDER_SERVICE
    from plg.tunnel.runtime_place import runtime_place
    from plg.tunnel.service_client import NoService, NotForYou, ServiceSilent, ask_service
    from plg.tunnel.service_protocol import ServiceRequest

    if UNDER_SERVICE in run.environ:
        return None
    request = ServiceRequest(
        ask="restore",
        as_json=True,
        config_directory=str(run.settings.directory),
        runtime_directory=str(runtime_place(run.environ).directory),
    )
    try:
        with ask_service(request, run.environ) as answer:
            end = answer.end
    except (NoService, NotForYou, ServiceSilent):
        return None
    if end is None:
        return None
    import msgspec

    from plg.contract.cli_output_service import RestoreDocument

    try:
        document = msgspec.json.decode(end.out, type=RestoreDocument)
    except msgspec.DecodeError:
        run.talk.pass_on(end.err)
        return end.exit_code or ExitCode.FAILURE
    run.talk.say(_("The tunnel service does this: plg itself needs no rights."))
    show(run, document)
    return end.exit_code


# --- what the change journal holds -----------------------------------------------------------------------------------


def _changes(run: Invocation, *, dry_run: bool) -> "list[RestoredChange]":
    from plg.contract.cli_output_service import RestoredChange
    from plg.machine.change_journal import ChangeJournal, JournalUnusable, journal_directory, roll_back

    journal = ChangeJournal(journal_directory(run.environ))
    try:
        pending = journal.pending()
        damaged = _damaged(journal)
        results = [] if dry_run else roll_back(journal, undoers())
    except JournalUnusable as error:
        return [RestoredChange(kind="journal", state="damaged", what=str(error.path), trouble=error.why)]
    troubles = {result.change.change_id: result.trouble for result in results}
    rows = []
    for change in pending:
        trouble = None
        if change.holder is None:
            state = "kept"
        elif not change.is_abandoned:
            state = "running"
        elif change.change_id in troubles and troubles[change.change_id] is None:
            state = "undone"
        else:
            state, trouble = "left", troubles.get(change.change_id)
        pid = change.holder.pid if change.holder is not None else None
        rows.append(
            RestoredChange(kind=change.kind, state=state, what=_describe(change.undo), pid=pid, trouble=trouble)
        )
    return [*rows, *damaged]


def _damaged(journal: "ChangeJournal") -> "list[RestoredChange]":
    from plg.contract.cli_output_service import RestoredChange

    return [
        RestoredChange(kind="journal", state="damaged", what=str(found.kept_as or found.path), trouble=found.why)
        for found in journal.not_believed
    ]


def _describe(undo: Mapping[str, object]) -> str:
    """What is to be put back, in one short line."""
    text = ", ".join(f"{key} {value}" for key, value in undo.items())
    return text if len(text) <= 120 else text[:119] + "…"
