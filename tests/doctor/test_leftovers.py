"""Leftovers of runs that broke off."""

import json
import os
import subprocess
import sys
from pathlib import Path

from plg.doctor.finding import Verdict
from plg.doctor.leftovers import check_leftovers, read_capture_journals
from plg.machine.change_journal import Change, ChangeJournal, ProcessIdentity, identify_process, this_boot
from support.doctor_scene import scene_at


def dead_process() -> ProcessIdentity:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = identify_process(process.pid)
        process.communicate(b"\n")
    assert identity is not None
    return identity


def write(folder: Path, name: str, *processes: ProcessIdentity | None, boot: str | None = None) -> None:
    folder.mkdir(exist_ok=True)
    document = {"boot_id": boot or this_boot(), "processes": processes, "leavings": {}}
    (folder / f"capture-{name}.json").write_text(json.dumps(document))


async def test_a_machine_that_was_left_clean(tmp_path: Path) -> None:
    assert (await check_leftovers(scene_at(tmp_path))).code == "leftovers_none"


async def test_a_capture_that_runs_is_no_leftover_and_one_whose_processes_died_is(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write(folder, "mine", identify_process(os.getpid()), None)
    found = await check_leftovers(scene_at(tmp_path))
    assert (found.verdict, found.code, found.facts["captures"]) == (Verdict.OK, "leftovers_running", 1)
    write(folder, "dead", dead_process(), None)
    found = await check_leftovers(scene_at(tmp_path))
    assert (found.verdict, found.facts) == (Verdict.WARN, {"captures": 1, "changes": 0})


async def test_a_change_whose_holder_died_waits_to_be_undone(tmp_path: Path) -> None:
    journal = ChangeJournal(tmp_path / "changes")
    journal.record(Change("test.change", {}))
    assert (await check_leftovers(scene_at(tmp_path))).facts == {"captures": 0, "changes": 1}
    journal.record(Change("test.change", {}, holder=dead_process()))
    found = await check_leftovers(scene_at(tmp_path))
    assert (found.code, found.facts) == ("leftovers_found", {"captures": 0, "changes": 1})
    assert len(journal.pending()) == 2  # looked at, nothing undone


async def test_a_journal_that_others_may_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes").chmod(0o777)
    assert (await check_leftovers(scene_at(tmp_path))).code == "leftovers_unreadable"


def test_journals_of_an_earlier_run_of_the_machine_count_for_nothing_and_damaged_ones_are_counted(
    tmp_path: Path,
) -> None:
    write(tmp_path, "old", dead_process(), boot="another-boot")
    for number, text in enumerate(["{", "[]", '{"boot_id": 3}', "[" * 100_000]):
        (tmp_path / f"capture-bad{number}.json").write_text(text)
    found = read_capture_journals((tmp_path, tmp_path / "none"))
    assert (found.running, found.dead, found.unreadable) == (0, 0, 3)  # another boot_id is no fault of the file
