"""Holding the changes. (With a real game and signals: test_boost.)"""

import os
import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

from plg.cli.boost_holding import held, wait_for_the_end
from plg.machine.boost.linux_threads import GAME_IONICE, ionice_setting
from plg.machine.boost.plan import Machine
from plg.machine.change_journal import Change, ChangeJournal, identify_process
from support.boosted_process import boosted_process
from support.inside import invocation_at
from support.requirements import require_linux


def test_for_a_game_that_has_ended_nothing_is_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_linux()
    with boosted_process() as game:
        ended = game.identity
    wait_for_the_end(invocation_at(tmp_path), Machine(), [ended])
    assert "Ctrl-C" in capsys.readouterr().err


@pytest.mark.parametrize("end", ["well", "Ctrl-C", "the signal", "a failure"])
def test_however_it_ends_what_this_process_holds_is_put_back_and_nothing_else(tmp_path: Path, end: str) -> None:
    require_linux()
    journal = ChangeJournal(tmp_path / "changes")
    with boosted_process() as game:
        setting = ionice_setting(game.identity)
        undo = {"where": dict(setting.where), "before": setting.read(), "after": GAME_IONICE}
        others = journal.record(Change("boost.ionice", undo))
        before, handler = game.ionice_values(), signal.getsignal(signal.SIGTERM)
        with (
            pytest.raises(ZeroDivisionError) if end == "a failure" else nullcontext(),
            held(invocation_at(tmp_path), journal, Machine()),
        ):
            journal.record(Change("boost.ionice", undo, holder=identify_process(os.getpid())))
            setting.write(GAME_IONICE)
            match end:
                case "Ctrl-C":
                    raise KeyboardInterrupt
                case "the signal":
                    os.kill(os.getpid(), signal.SIGTERM)
                case "a failure":
                    raise ZeroDivisionError
        assert game.ionice_values() == before
    assert signal.getsignal(signal.SIGTERM) is handler
    assert [change.change_id for change in journal.pending()] == [others]
