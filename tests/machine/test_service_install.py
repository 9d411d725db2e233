"""A file of ours in the system: written down first, replaced and removed only while it is as we wrote it."""

from pathlib import Path

import pytest

from plg.machine.change_journal import Change, ChangeJournal, roll_back
from plg.machine.service_install import KIND, ForeignFile, install_file, undo_file, uninstall_file


@pytest.fixture
def journal(tmp_path: Path) -> ChangeJournal:
    return ChangeJournal(tmp_path / "journal")


def test_it_is_written_once_replaced_when_it_differs_and_removed_without_a_trace(
    tmp_path: Path, journal: ChangeJournal
) -> None:
    unit = tmp_path / "plg.service"
    assert install_file(unit, "one", journal)
    assert not install_file(unit, "one", journal)
    assert install_file(unit, "two", journal)
    assert (unit.read_text(), unit.stat().st_mode & 0o777) == ("two", 0o644)
    assert len(journal.pending()) == 1
    assert uninstall_file(unit, journal)
    assert not uninstall_file(unit, journal)
    assert not unit.exists()
    assert journal.pending() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal"]


def test_a_file_that_somebody_else_wrote_is_never_touched(tmp_path: Path, journal: ChangeJournal) -> None:
    unit = tmp_path / "plg.service"
    unit.write_text("theirs")
    with pytest.raises(ForeignFile):
        install_file(unit, "ours", journal)
    with pytest.raises(ForeignFile):
        uninstall_file(unit, journal)
    assert unit.read_text() == "theirs"
    assert journal.pending() == []


def test_a_file_that_was_changed_since_is_left_alone(tmp_path: Path, journal: ChangeJournal) -> None:
    unit = tmp_path / "plg.service"
    install_file(unit, "ours", journal)
    unit.write_text("ours, and something of theirs")
    with pytest.raises(ForeignFile):
        install_file(unit, "ours", journal)
    with pytest.raises(ForeignFile):
        uninstall_file(unit, journal)
    assert len(journal.pending()) == 1


def test_a_link_in_its_place_is_not_followed(tmp_path: Path, journal: ChangeJournal) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "plg.service").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match=r"symbolic|symlink|Too many"):
        install_file(tmp_path / "plg.service", "ours", journal)
    assert (tmp_path / "target").read_text() == "kept"


def test_a_crash_between_the_record_and_the_file_leaves_nothing_to_do(tmp_path: Path, journal: ChangeJournal) -> None:
    unit = tmp_path / "plg.service"
    journal.record(Change(KIND, {"path": str(unit), "sha256": "0" * 64}))
    assert install_file(unit, "ours", journal)
    assert len(journal.pending()) == 1
    assert uninstall_file(unit, journal)


def test_rolling_back_removes_only_what_was_written(tmp_path: Path, journal: ChangeJournal) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for path in (mine, theirs):
        install_file(path, "ours", journal)
    theirs.write_text("theirs now")
    results = roll_back(journal, {KIND: undo_file}, which=lambda _: True)
    assert not mine.exists()
    assert theirs.read_text() == "theirs now"
    assert [result.trouble is None for result in results] == [False, True]
    assert roll_back(journal, {KIND: undo_file}, which=lambda change: change.undo["path"] == str(mine)) == []
