"""Changes made, checked, put back; crashes at every point between."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.machine.boost.changes import (
    KINDS,
    ChangedByOthers,
    boost_undoers,
    carry_out,
    pending_changes,
    put_back,
    read_undo,
    show_value,
)
from plg.machine.boost.plan import Machine, Step, make_plan
from plg.machine.boost.setting import Outcome, PlainSetting, SettingGone, SettingRefused, Value
from plg.machine.boost.tweaks import TWEAKS, choose_tweaks
from plg.machine.change_journal import Change, ChangeJournal, identify_process, roll_back, this_boot
from support.boosted_process import THREADS, BoostedProcess, boosted_process
from support.requirements import require_root

KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from plg.machine.boost import changes, linux_threads
from plg.machine.boost.plan import Machine, make_plan
from plg.machine.boost.tweaks import choose_tweaks
from plg.machine.change_journal import ChangeJournal, identify_process

root, pid, when = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
plan = make_plan(choose_tweaks("linux", ("governor", "nice", "ionice")), [identify_process(pid)], Machine(root, "linux"))
if when == "before the second":
    plan.steps[1].setting.write = die
elif when == "half of the threads":
    put, count = plan.steps[1].setting._put, iter([1, 1])
    plan.steps[1].setting._put = lambda thread, value: put(thread, value) if next(count, 0) else die()
elif when == "while handing over":
    record, count = ChangeJournal.record, iter([1, 1, 1, 1])
    ChangeJournal.record = lambda self, change: record(self, change) if next(count, 0) else die()
changes.carry_out(plan.steps, ChangeJournal(root / "changes"), identify_process(pid))
"""


def tree(root: Path) -> Path:
    folder = root / "sys/devices/system/cpu/cpufreq/policy0"
    folder.mkdir(parents=True)
    (folder / "scaling_governor").write_text("schedutil\n")
    (folder / "scaling_available_governors").write_text("performance schedutil\n")
    return folder / "scaling_governor"


def boost(root: Path, game: BoostedProcess) -> tuple[ChangeJournal, Machine, list[str]]:
    machine = Machine(root, "linux")
    plan = make_plan(choose_tweaks("linux", ("governor", "nice", "ionice")), [game.identity], machine)
    journal = ChangeJournal(root / "changes")
    made = carry_out(plan.steps, journal, game.identity)
    return journal, machine, [one.state for one in made]


def test_everything_is_changed_and_comes_back_exactly(tmp_path: Path) -> None:
    require_root()
    governor = tree(tmp_path)
    with boosted_process() as game:
        before = (game.nice_values(), game.ionice_values())
        journal, machine, states = boost(tmp_path, game)
        assert states == ["changed"] * 3
        assert (game.nice_values(), game.ionice_values()) == ([-5] * THREADS, [(2, 0)] * THREADS)
        assert governor.read_text() == "performance\n"
        assert [change.holder for change in pending_changes(journal)] == [game.identity] * 3
        done = put_back(journal, machine)
        assert [one.outcome for one in done] == [Outcome.RESTORED] * 3
        assert [one.change.kind for one in done] == ["boost.ionice", "boost.nice", "boost.governor"]
        assert (game.nice_values(), game.ionice_values(), governor.read_text()) == (*before, "schedutil\n")
        assert pending_changes(journal) == []


@pytest.mark.parametrize("when", ["before the second", "half of the threads", "while handing over"])
def test_killed_in_the_middle_everything_comes_back(tmp_path: Path, when: str) -> None:
    require_root()
    governor = tree(tmp_path)
    with boosted_process() as game:
        before = (game.nice_values(), game.ionice_values())
        done = subprocess.run(
            [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(tmp_path), str(game.pid), when],
            check=False,
            timeout=60,
            capture_output=True,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        journal = ChangeJournal(tmp_path / "changes")
        assert governor.read_text() == "performance\n"
        results = roll_back(journal, boost_undoers(Machine(tmp_path, "linux")))
        assert [result.trouble for result in results if result.trouble] == []
        assert (game.nice_values(), game.ionice_values(), governor.read_text()) == (*before, "schedutil\n")
        # What was handed over already finds nothing to do any more.
        assert {one.outcome for one in put_back(journal, Machine(tmp_path, "linux"))} <= {Outcome.AS_BEFORE}
        assert pending_changes(journal) == []


def test_when_the_game_has_ended_the_governor_is_a_leftover_that_the_next_start_puts_back(tmp_path: Path) -> None:
    require_root()
    governor = tree(tmp_path)
    with boosted_process() as game:
        journal, machine, _ = boost(tmp_path, game)
        assert roll_back(journal, boost_undoers(machine)) == []  # it is wanted while the game runs
        game.end()
        results = roll_back(journal, boost_undoers(machine))
        assert [result.trouble for result in results] == [None] * 3
    assert (governor.read_text(), journal.pending()) == ("schedutil\n", [])


def test_what_somebody_else_changed_meanwhile_is_left_said_and_forgotten(tmp_path: Path) -> None:
    require_root()
    governor = tree(tmp_path)
    with boosted_process() as game:
        journal, machine, _ = boost(tmp_path, game)
        governor.write_text("ondemand\n")
        game.end()
        results = roll_back(journal, boost_undoers(machine))
        assert ["ondemand" in str(result.trouble) for result in results] == [False, False, True]
        (left,) = put_back(journal, machine)
        assert (left.outcome, left.now) == (Outcome.LEFT, "ondemand")
    assert (governor.read_text(), journal.pending()) == ("ondemand\n", [])


class Odd(PlainSetting):
    """A setting that does not do as it is told."""

    kind = "boost.governor"

    def __init__(self, *, refuses: bool = False) -> None:
        self.where = {"policy": "policy9"}
        self.refuses = refuses

    def read(self) -> Value:
        return "old"

    def write(self, value: Value) -> None:
        if self.refuses:
            raise SettingRefused("no right", needs_rights=True)


@pytest.mark.parametrize("refuses", [True, False])
def test_what_is_refused_or_does_not_hold_leaves_no_trace(tmp_path: Path, refuses: bool) -> None:
    journal = ChangeJournal(tmp_path / "changes")
    (made,) = carry_out([Step(TWEAKS[0], Odd(refuses=refuses), "old", "new")], journal, None)
    assert (made.state, made.needs_rights) == ("refused", refuses)
    assert made.why in {"no right", "the value did not hold"}
    assert journal.pending() == []


def test_what_is_so_already_is_not_written_down(tmp_path: Path) -> None:
    journal = ChangeJournal(tmp_path / "changes")
    (made,) = carry_out([Step(TWEAKS[0], Odd(), "same", "same")], journal, None)
    assert (made.state, journal.pending()) == ("unchanged", [])


def test_boosting_twice_and_putting_back_once_gives_the_first_values(tmp_path: Path) -> None:
    require_root()
    tree(tmp_path)
    with boosted_process() as game:
        before = game.nice_values()
        boost(tmp_path, game)
        game.more()
        os.setpriority(os.PRIO_PROCESS, game.threads()[-1], 1)
        journal, machine, _ = boost(tmp_path, game)
        assert game.nice_values() == [-5] * (THREADS + 1)
        put_back(journal, machine)
        assert game.nice_values()[:THREADS] == before


@pytest.mark.parametrize(
    "undo",
    [
        {},
        {"where": {}, "before": "x", "after": "y"},
        {"where": {"policy": "../../x"}, "before": "x", "after": "y"},
        {"where": {"pid": 1}, "before": [], "after": True},
        {"where": {"hive": "HKEY_USERS"}, "before": 1, "after": 2},
    ],
)
def test_an_entry_that_makes_no_sense_changes_nothing_and_stays(tmp_path: Path, undo: dict[str, object]) -> None:
    journal = ChangeJournal(tmp_path / "changes")
    for kind in KINDS:
        if kind != "boost.power_scheme":
            journal.record(Change(kind, undo, this_boot()))
    done = put_back(journal, Machine(tmp_path, "linux"))
    assert {one.outcome for one in done} <= {None, Outcome.GONE}


def test_an_undoer_says_that_a_value_is_not_ours_any_more(tmp_path: Path) -> None:
    tree(tmp_path)
    undo = boost_undoers(Machine(tmp_path, "linux"))["boost.governor"]
    with pytest.raises(ChangedByOthers, match="schedutil"):
        undo({"where": {"policy": "policy0"}, "before": "powersave", "after": "performance"})
    assert undo({"where": {"policy": "policy5"}, "before": "powersave", "after": "performance"}) is Outcome.GONE


def test_values_are_shown_shortly() -> None:
    assert show_value(None) == "-"
    assert show_value({"7": "0", "8": "0"}) == "0"
    assert show_value({"7": "0", "8": "3", "9": "0"}) == "0 (x2), 3 (x1)"
    assert identify_process(os.getpid()) is not None


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["pid", "started_ticks", "policy", "hive", "x"]), inner, max_size=3))  # fmt: skip


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(["where", "before", "after"]), VALUES))
def test_no_entry_makes_reading_fail_in_another_way_than_by_refusing_it(kind: str, undo: dict[str, object]) -> None:
    try:
        read_undo(kind, undo, Machine(Path("/nowhere"), "linux"))
    except (ValueError, SettingGone, ImportError):
        return
