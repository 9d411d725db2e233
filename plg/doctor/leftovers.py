"""What a crashed run has left: captures whose processes are dead, and changes of the system that nobody has put back. Looks only."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plg.capture.leavings import JOURNAL_PREFIX, MAX_JOURNAL_BYTES
from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import Scene
from plg.machine.change_journal import ChangeJournal, JournalUnusable, identify_process, this_boot

LEFTOVERS: Final = "leftovers"


@dataclass(frozen=True, slots=True)
class Journals:
    """Counts: captures that run, captures whose processes died in this run of the machine, files that cannot be understood."""

    running: int
    dead: int
    unreadable: int


async def check_leftovers(scene: Scene) -> Finding:
    """Journals of captures and of changes."""
    captures = read_capture_journals(scene.place.runtime_directories)
    journal = ChangeJournal(scene.place.change_journal)
    try:
        changes = journal.pending()
    except JournalUnusable as error:
        return Finding(LEFTOVERS, Verdict.WARN, Code.LEFTOVERS_UNREADABLE, {"why": f"{error.path}: {error.why}"})
    abandoned = sum(change.is_abandoned for change in changes)
    wanted = len(changes) - abandoned
    if captures.dead or abandoned:
        return Finding(LEFTOVERS, Verdict.WARN, Code.LEFTOVERS_FOUND, {"captures": captures.dead, "changes": abandoned})
    unreadable = captures.unreadable + len(journal.not_believed)
    if unreadable:
        facts = {"why": f"{unreadable} x {scene.place.change_journal}"}
        return Finding(LEFTOVERS, Verdict.WARN, Code.LEFTOVERS_UNREADABLE, facts)
    if captures.running or wanted:
        return Finding(LEFTOVERS, Verdict.OK, Code.LEFTOVERS_RUNNING, {"captures": captures.running, "changes": wanted})
    return Finding(LEFTOVERS, Verdict.OK, Code.LEFTOVERS_NONE)


def read_capture_journals(directories: Iterable[Path]) -> Journals:
    """Those of an earlier run of the machine count for nothing: what they tell of is gone."""
    running = dead = unreadable = 0
    for directory in directories:
        try:
            paths = sorted(directory.glob(f"{JOURNAL_PREFIX}*.json"))[:1000]
        except OSError:
            continue
        for path in paths:
            try:
                is_ours = not path.is_symlink() and path.stat().st_size <= MAX_JOURNAL_BYTES
                document = json.loads(path.read_text(encoding="utf-8")) if is_ours else {}
                if document["boot_id"] != this_boot():
                    continue
                alive = any(
                    entry is not None and identify_process(int(entry[0])) == (int(entry[0]), int(entry[1]))
                    for entry in document["processes"]
                )
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
                unreadable += 1
            else:
                running += alive
                dead += not alive
    return Journals(running, dead, unreadable)
