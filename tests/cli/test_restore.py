"""`plg restore`: what is listed, what is put back, and what is left alone. That the kernel is clean then is proved in namespaces."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plg.capture.leavings import Leavings, network_namespace_id, write_journal
from plg.capture.policy_routing import Rule
from plg.cli import restore
from plg.cli.restore import tell_restored, undoers
from plg.machine.change_journal import Change, ChangeJournal, ProcessIdentity, identify_process, this_boot
from plg.machine.service_install import KIND
from support.inside import Inside, invocation_at
from support.requirements import require_linux


@pytest.fixture(autouse=True)
def _linux() -> None:
    require_linux()


def dead_process() -> ProcessIdentity:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    identity = identify_process(ended.pid)
    ended.wait()
    assert identity is not None
    return identity


def change(journal: ChangeJournal, path: Path, holder: ProcessIdentity | None) -> None:
    """A file, as if we had put it there."""
    path.write_text("ours")
    journal.record(Change(KIND, {"path": str(path), "sha256": hashlib.sha256(b"ours").hexdigest()}, holder=holder))


def left_by_capture(directory: Path, leavings: Leavings) -> None:
    dead = dead_process()
    document = {
        "version": 1, "boot_id": this_boot(), "network_namespace": network_namespace_id(), "processes": [dead, dead],
        "leavings": leavings.to_json(),
    }  # fmt: skip
    directory.mkdir(exist_ok=True)
    (directory / "capture-1.json").write_text(json.dumps(document))


def states(document: dict[str, Any]) -> list[str]:
    return [found["state"] for found in document["changes"]]


def test_nothing_to_do_is_said(plg: Inside, tmp_path: Path) -> None:
    done = plg("restore", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.out) == (0, "Nothing was left behind: there is nothing to put back.\n")
    document = plg("restore", "--json", PLG_RUNTIME_DIR=str(tmp_path)).document()
    assert document == {"schema": "plg.restore/1", "changes": [], "undone": 0, "left": 0, "dry_run": False}


def test_what_the_dead_left_is_put_back_and_nothing_else(plg: Inside, tmp_path: Path) -> None:
    journal = ChangeJournal(plg.home / "changes")
    change(journal, tmp_path / "dead", dead_process())
    change(journal, tmp_path / "alive", identify_process(os.getpid()))
    change(journal, tmp_path / "wanted", None)
    environ = {"PLG_RUNTIME_DIR": str(tmp_path / "run")}
    looked = plg("restore", "--dry-run", "--json", **environ).document()
    assert (states(looked), looked["left"], looked["dry_run"]) == (["left", "running", "kept"], 1, True)
    assert (tmp_path / "dead").exists()
    done = plg("restore", "--json", **environ).document()
    assert (states(done), done["undone"], done["left"]) == (["undone", "running", "kept"], 1, 0)
    assert [(tmp_path / name).exists() for name in ("dead", "alive", "wanted")] == [False, True, True]
    assert f"in use by a running process: service_file: path {tmp_path / 'alive'}" in plg("restore", **environ).out
    assert f"(process {os.getpid()})" in plg("restore", **environ).out


def test_what_cannot_be_put_back_is_named_and_stays(plg: Inside, tmp_path: Path) -> None:
    journal = ChangeJournal(plg.home / "changes")
    change(journal, tmp_path / "changed since", dead_process())
    (tmp_path / "changed since").write_text("theirs")
    done = plg("restore", PLG_RUNTIME_DIR=str(tmp_path))
    assert done.code == 1
    assert "left behind: service_file" in done.out
    assert (tmp_path / "changed since").read_text() == "theirs"
    assert len(journal.pending()) == 1


def test_a_damaged_entry_is_named(plg: Inside, tmp_path: Path) -> None:
    journal = ChangeJournal(plg.home / "changes")
    journal.record(Change(KIND, {}))
    entry = next(journal.directory.iterdir())
    entry.write_text("{")
    done = plg("restore", "--json", PLG_RUNTIME_DIR=str(tmp_path)).document()
    assert states(done) == ["damaged"]
    assert done["changes"][0]["what"] == f"{entry}.damaged"
    entry.parent.chmod(0o777)
    assert states(plg("restore", "--json", PLG_RUNTIME_DIR=str(tmp_path)).document()) == ["damaged"]


def test_what_a_capture_left_is_put_back(plg: Inside, tmp_path: Path) -> None:
    left_by_capture(tmp_path / "run", Leavings())
    here = identify_process(os.getpid())
    assert here is not None
    write_journal(tmp_path / "run" / "capture-2.json", here, Leavings())
    (tmp_path / "run" / "capture-3.json").write_text("{")
    done = plg("restore", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    if os.geteuid() == 0:
        assert states(done.document()) == ["undone", "running", "damaged"]
        assert not (tmp_path / "run" / "capture-1.json").exists()


def test_without_the_right_to_it_the_command_is_named(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_capture(tmp_path / "run", Leavings(rules=(Rule(2, 5100, 0x504C4700, None),)))
    monkeypatch.setattr(restore, "_may_undo_captures", lambda: False)
    environ = {"PLG_RUNTIME_DIR": str(tmp_path / "run"), "PLG_SERVICE_DIR": str(tmp_path)}
    done = plg("restore", "--json", **environ)
    assert (done.code, done.error()["next_step"]) == (6, "run: sudo plg restore")
    looked = plg("restore", "--dry-run", **environ)
    assert (looked.code, "rules 1" in looked.out) == (0, True)


def test_the_next_start_puts_back_what_dead_runs_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(ChangeJournal(tmp_path / "changes"), tmp_path / "dead", dead_process())
    tell_restored(invocation_at(tmp_path))
    assert not (tmp_path / "dead").exists()
    assert capsys.readouterr().err == "1 change that a crashed run left was put back.\n"
    tell_restored(invocation_at(tmp_path))
    (tmp_path / "changes").chmod(0o777)
    tell_restored(invocation_at(tmp_path))
    assert capsys.readouterr().err == ""


def test_every_kind_of_change_has_its_way_back() -> None:
    assert KIND in undoers()
    assert all(callable(undo) for undo in undoers().values())
