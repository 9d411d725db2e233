"""What is written down to be undone, and what is believed of a journal that is found."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plg.capture.leavings import (
    FILTER_NAME,
    OUR_PRIORITIES,
    OUR_TABLES,
    FoundJournal,
    JournalState,
    Leavings,
    find_journals,
    leavings_from_json,
    network_namespace_id,
    reap,
    reap_journals,
    undo,
    write_journal,
)
from plg.capture.linux_links import BpfFilter
from plg.capture.policy_routing import Rule
from plg.capture.tun_routes import PRIORITY_FIRST, PRIORITY_LAST, TABLE_FIRST
from plg.machine.change_journal import ProcessIdentity, identify_process, this_boot
from support.requirements import require_linux, require_root

EVERYTHING = Leavings(
    filters=(BpfFilter(2, 0xFFFFFFF3, 30001, 1, 77, "tc_divert_egres"),),
    clsact=(1, 2),
    rules=(Rule(2, 5100, 0x504C4700, (1, 5)), Rule(10, 5100, 0x504C4700, None)),
)


@pytest.fixture(autouse=True)
def _linux() -> None:
    require_linux()


def dead_process() -> ProcessIdentity:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    identity = identify_process(ended.pid)
    ended.wait()
    assert identity is not None
    return identity


def journal(path: Path, **changes: Any) -> None:
    """A journal of a run whose processes are both dead, in this namespace."""
    document: dict[str, Any] = {
        "version": 1,
        "boot_id": this_boot(),
        "network_namespace": network_namespace_id(),
        "processes": [dead_process(), dead_process()],
        "leavings": Leavings().to_json(),
    }
    path.write_text(json.dumps(document | changes))


def test_leavings_survive_the_way_through_json() -> None:
    assert leavings_from_json(json.loads(json.dumps(EVERYTHING.to_json()))) == EVERYTHING


@pytest.mark.parametrize("document", [None, [], {}, 5, {"filters": [[1]], "rules": [], "clsact": []}, {"filters": 1, "rules": 2, "clsact": 3}])  # fmt: skip
def test_anything_else_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="not a list of leavings"):
        leavings_from_json(document)


def test_a_process_is_known_by_its_start_too() -> None:
    here = identify_process(os.getpid())
    assert here is not None
    assert here == identify_process(os.getpid())
    assert identify_process(dead_process().pid) is None
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    assert identify_process(zombie.pid) is None
    zombie.wait()


def test_a_journal_of_the_dead_is_acted_on_and_removed(tmp_path: Path) -> None:
    journal(tmp_path / "capture-1.json")
    assert reap_journals(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_another_boot_is_only_removed(tmp_path: Path) -> None:
    journal(tmp_path / "capture-1.json", boot_id="another")
    assert reap_journals(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("changes", [{"network_namespace": 1}, {"processes": "x"}, {"leavings": {}}, {"processes": [None, [-1, "x"]]}])  # fmt: skip
def test_a_journal_of_elsewhere_or_that_makes_no_sense_is_left_alone(tmp_path: Path, changes: dict[str, Any]) -> None:
    journal(tmp_path / "capture-1.json", **changes)
    (tmp_path / "capture-2.json").write_text("{")
    (tmp_path / "capture-3.json").symlink_to(tmp_path / "nowhere")
    assert reap_journals(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_the_journal_of_a_running_capture_is_left_alone(tmp_path: Path) -> None:
    here = identify_process(os.getpid())
    assert here is not None
    write_journal(tmp_path / "capture-1.json", here, EVERYTHING)
    assert reap_journals(tmp_path) == 0
    assert (tmp_path / "capture-1.json").stat().st_mode & 0o777 == 0o600


def test_a_missing_directory_is_an_empty_one(tmp_path: Path) -> None:
    assert reap_journals(tmp_path / "missing") == 0


def test_undoing_what_is_gone_is_no_error() -> None:
    undo(Leavings(filters=(BpfFilter(0x7FFFFFFF, 0xFFFFFFF3, 30001, 1, 77, "x"),), clsact=(0x7FFFFFFF,)))
    undo(Leavings())


def states(directory: Path) -> list[JournalState]:
    return [found.state for found in find_journals(directory)]


def test_what_is_found_is_named_with_its_state(tmp_path: Path) -> None:
    journal(tmp_path / "capture-1.json", leavings=EVERYTHING.to_json())
    journal(tmp_path / "capture-2.json", network_namespace=1)
    (tmp_path / "capture-3.json").write_text("{")
    here = identify_process(os.getpid())
    assert here is not None
    write_journal(tmp_path / "capture-4.json", here, Leavings())
    assert states(tmp_path) == [
        JournalState.ABANDONED, JournalState.ELSEWHERE, JournalState.NOT_BELIEVED, JournalState.RUNNING,
    ]  # fmt: skip
    first = find_journals(tmp_path)[0]
    assert first.leavings == EVERYTHING
    reap(FoundJournal(tmp_path / "capture-1.json", JournalState.ABANDONED, Leavings()))
    assert states(tmp_path) == [JournalState.ELSEWHERE, JournalState.NOT_BELIEVED, JournalState.RUNNING]


@pytest.mark.parametrize(
    "forged",
    [
        Leavings(filters=(BpfFilter(2, 0xFFFFFFF3, 30001, 1, 77, "the firewall's"),)),
        Leavings(rules=(Rule(2, 5099, OUR_TABLES[0], None),)),
        Leavings(rules=(Rule(2, 5100, 254, None),)),
    ],
)
def test_a_journal_that_tells_of_what_is_not_ours_is_not_believed(tmp_path: Path, forged: Leavings) -> None:
    journal(tmp_path / "capture-1.json", leavings=forged.to_json())
    assert states(tmp_path) == [JournalState.NOT_BELIEVED]
    assert reap_journals(tmp_path) == 0
    assert (tmp_path / "capture-1.json").exists()


def test_a_journal_that_others_could_have_written_is_not_believed(tmp_path: Path) -> None:
    journal(tmp_path / "capture-1.json")
    (tmp_path / "capture-1.json").chmod(0o666)
    journal(tmp_path / "capture-2.json")
    os.link(tmp_path / "capture-2.json", tmp_path / "a second name")
    assert states(tmp_path) == [JournalState.NOT_BELIEVED] * 2


def test_what_counts_as_ours_is_what_captures_make() -> None:
    assert (OUR_PRIORITIES[0], OUR_PRIORITIES[-1], OUR_TABLES[0]) == (PRIORITY_FIRST, PRIORITY_LAST, TABLE_FIRST)
    assert "tc_divert_egres:[77]".startswith(FILTER_NAME)


def test_root_believes_the_journals_of_the_user_it_is_asked_about(tmp_path: Path) -> None:
    require_root()
    journal(tmp_path / "capture-1.json")
    os.chown(tmp_path / "capture-1.json", 12345, 12345)
    assert states(tmp_path) == [JournalState.NOT_BELIEVED]
    assert [found.state for found in find_journals(tmp_path, 54321)] == [JournalState.NOT_BELIEVED]
    assert [found.state for found in find_journals(tmp_path, 12345)] == [JournalState.ABANDONED]
