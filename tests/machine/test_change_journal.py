"""What is written before a change is made, what is believed of it later, and what is undone."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plg.machine.change_journal import (
    Change,
    ChangeJournal,
    JournalUnusable,
    ProcessIdentity,
    holders,
    identify_process,
    journal_directory,
    read_entry,
    roll_back,
    this_boot,
)
from support.requirements import require_linux, require_root

HERE = identify_process(os.getpid())


def dead_process() -> ProcessIdentity:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    identity = identify_process(ended.pid)
    ended.wait()
    assert identity is not None
    return identity


def entry(**changes: Any) -> bytes:
    document = {"version": 1, "kind": "x", "undo": {}, "boot_id": None, "holder": None, "at": 1.5}
    return json.dumps(document | changes).encode()


def put(directory: Path, content: bytes, name: str = "change-00000000000000000001-00000000.json") -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / name
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_change_is_there_until_it_is_done(tmp_path: Path) -> None:
    journal = ChangeJournal(tmp_path / "journal")
    assert journal.pending() == []
    assert not journal.directory.exists()
    first = journal.record(Change("sysctl", {"key": "a", "value": 1}, this_boot(), HERE))
    second = journal.record(Change("registry", {"path": ["x", None]}))
    found = ChangeJournal(tmp_path / "journal").pending()
    assert [change.change_id for change in found] == [first, second]
    assert found[0].undo == {"key": "a", "value": 1}
    assert (found[0].kind, found[0].holder, found[0].boot_id) == ("sysctl", HERE, this_boot())
    assert holders(found) == {HERE}
    assert (found[1].undo, found[1].holder, found[1].boot_id) == ({"path": ["x", None]}, None, None)
    journal.done(first)
    journal.done(first)
    assert [change.change_id for change in journal.pending()] == [second]


def test_nobody_else_can_read_the_journal(tmp_path: Path) -> None:
    require_linux()
    journal = ChangeJournal(tmp_path / "journal")
    journal.record(Change("x", {}))
    assert journal.directory.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in journal.directory.iterdir()] == [0o600]


def test_the_order_holds_when_the_clock_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = ChangeJournal(tmp_path)
    tmp_path.chmod(0o700)
    first = journal.record(Change("x", {}))
    monkeypatch.setattr("plg.machine.change_journal.time.time_ns", lambda: 5)
    second = journal.record(Change("y", {}))
    assert [change.change_id for change in journal.pending()] == [first, second]


def test_what_a_dead_process_held_is_undone_newest_first_and_nothing_else(tmp_path: Path) -> None:
    journal = ChangeJournal(tmp_path / "journal")
    dead = dead_process()
    journal.record(Change("a", {"n": 1}, holder=dead))
    journal.record(Change("a", {"n": 2}, holder=HERE))
    journal.record(Change("a", {"n": 3}, holder=dead))
    journal.record(Change("a", {"n": 4}))
    undone: list[Mapping[str, Any]] = []
    results = roll_back(journal, {"a": undone.append})
    assert undone == [{"n": 3}, {"n": 1}]
    assert [result.trouble for result in results] == [None, None]
    assert [change.undo["n"] for change in journal.pending()] == [2, 4]


def test_what_cannot_be_undone_stays_and_keeps_nothing_else(tmp_path: Path) -> None:
    journal = ChangeJournal(tmp_path / "journal")
    for kind in ("good", "bad", "unknown"):
        journal.record(Change(kind, {}, holder=dead_process()))

    def fail(_undo: Mapping[str, Any]) -> None:
        raise OSError(5, "no\nluck")

    troubles = {r.change.kind: r.trouble for r in roll_back(journal, {"good": lambda _: None, "bad": fail})}
    assert troubles["good"] is None
    assert troubles["bad"] == "[Errno 5] no luck"
    assert "does not know" in str(troubles["unknown"])
    assert {change.kind for change in journal.pending()} == {"bad", "unknown"}


def test_what_ended_with_the_machine_is_forgotten_without_being_undone(tmp_path: Path) -> None:
    put(tmp_path / "j", entry(boot_id="an earlier one"))
    journal = ChangeJournal(tmp_path / "j")
    assert journal.pending() == []
    assert list(journal.directory.iterdir()) == []
    assert journal.not_believed == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"[]", b"[" * 50_000, b"1e999", b"{}", entry(version=2), entry(kind="../x"), entry(kind=7), entry(undo=[]),
        entry(boot_id=5), entry(boot_id="x" * 65), entry(holder=[1]), entry(holder=[True, 1]), entry(holder=[-1, 1]), entry(at="now"),
        entry(more=1),
    ],
)  # fmt: skip
def test_a_damaged_entry_is_set_aside_and_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_entry(content)
    path = put(tmp_path / "j", content)
    journal = ChangeJournal(tmp_path / "j")
    assert journal.pending() == []
    assert [(found.path, found.kept_as) for found in journal.not_believed] == [(path, Path(f"{path}.damaged"))]
    assert Path(f"{path}.damaged").read_bytes() == content
    journal.pending()
    assert journal.not_believed == []


def test_files_that_others_could_have_written_are_never_believed(tmp_path: Path) -> None:
    require_linux()
    open_to_all = put(tmp_path / "j", entry())
    open_to_all.chmod(0o622)
    linked = put(tmp_path / "j", entry(), "change-00000000000000000002-00000000.json")
    os.link(linked, tmp_path / "second name")
    (tmp_path / "j" / "change-00000000000000000003-00000000.json").symlink_to(put(tmp_path, entry(), "elsewhere"))
    os.mkfifo(tmp_path / "j" / "change-00000000000000000004-00000000.json", 0o600)
    put(tmp_path / "j", b"x" * 70_000, "change-00000000000000000005-00000000.json")
    put(tmp_path / "j", entry(), "change-6-name-of-another-shape.json")
    journal = ChangeJournal(tmp_path / "j")
    assert journal.pending() == []
    assert [int(found.path.name[7:27]) for found in journal.not_believed] == [1, 2, 3, 4, 5]
    assert all(found.kept_as is None for found in journal.not_believed)


def test_an_entry_of_another_user_is_never_believed(tmp_path: Path) -> None:
    require_root()
    os.chown(put(tmp_path / "j", entry()), 12345, 12345)
    journal = ChangeJournal(tmp_path / "j")
    assert journal.pending() == []
    assert journal.not_believed[0].why == "is not a private file of ours"


def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    require_linux()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "open")
    for name in ("open", "file", "link"):
        with pytest.raises(JournalUnusable):
            ChangeJournal(tmp_path / name).record(Change("x", {}))
        with pytest.raises(JournalUnusable):
            ChangeJournal(tmp_path / name).pending()


def test_a_change_that_cannot_be_written_down_is_refused_before_it_is_made(tmp_path: Path) -> None:
    journal = ChangeJournal(tmp_path / "j")
    for wrong in (Change("Not A Kind", {}), Change("x", {"n": float("nan")}), Change("x", {"n": "y" * 70_000})):
        with pytest.raises(ValueError, match=r".+"):
            journal.record(wrong)
    with pytest.raises(ValueError, match="not the id"):
        journal.done("../../etc/passwd")
    assert journal.pending() == []


def test_a_crash_while_an_entry_is_written_leaves_no_entry(tmp_path: Path) -> None:
    put(tmp_path / "j", b'{"version"', "change-00000000000000000001-00000000.new")
    journal = ChangeJournal(tmp_path / "j")
    assert journal.pending() == []
    assert journal.not_believed == []


def test_a_process_is_known_by_its_start_too() -> None:
    require_linux()
    assert HERE is not None
    assert identify_process(dead_process().pid) is None
    assert Change("x", {}, holder=ProcessIdentity(HERE.pid, HERE.started_ticks + 1)).is_abandoned
    assert not Change("x", {}, holder=HERE).is_abandoned
    assert not Change("x", {}).is_abandoned


def test_the_journal_is_where_a_restart_leaves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()
    assert journal_directory({"PLG_CONFIG_DIR": str(tmp_path)}) == tmp_path / "changes"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert journal_directory({"XDG_STATE_HOME": "/srv/state"}) == Path("/srv/state/plg/changes")
    assert journal_directory({"XDG_STATE_HOME": "not/absolute"}) == Path.home() / ".local/state/plg/changes"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert journal_directory({}) == Path("/var/lib/plg/changes")
