"""Nice values and I/O priorities of a real process with threads."""

import os

import psutil
import pytest

from plg.machine.boost.linux_threads import GAME_IONICE, GAME_NICE, ionice_setting, nice_setting, process_of
from plg.machine.boost.setting import Outcome, SettingGone, SettingRefused
from plg.machine.change_journal import ProcessIdentity
from support.boosted_process import THREADS, boosted_process
from support.requirements import require_linux, require_root


def test_every_thread_gets_the_value_and_every_thread_gets_its_own_back() -> None:
    require_root()
    with boosted_process() as game:
        odd = game.threads()[-1]
        os.setpriority(os.PRIO_PROCESS, odd, 3)
        before = game.nice_values()
        setting = nice_setting(game.identity)
        was = setting.read()
        setting.write(GAME_NICE)
        assert game.nice_values() == [-5] * THREADS
        assert setting.holds(GAME_NICE)
        assert setting.restore(was, GAME_NICE) is Outcome.RESTORED
        assert game.nice_values() == before
        assert setting.restore(was, GAME_NICE) is Outcome.AS_BEFORE


def test_a_thread_that_began_later_goes_back_to_what_the_first_one_had() -> None:
    require_root()
    with boosted_process() as game:
        setting = nice_setting(game.identity)
        was = setting.read()
        setting.write(GAME_NICE)
        game.more()
        assert game.nice_values() == [-5] * (THREADS + 1)
        assert setting.restore(was, GAME_NICE) is Outcome.RESTORED
        assert len(set(game.nice_values())) == 1
        assert game.nice_values()[0] != -5


def test_a_thread_that_somebody_else_has_set_since_is_left() -> None:
    require_root()
    with boosted_process() as game:
        setting = nice_setting(game.identity)
        was = setting.read()
        setting.write(GAME_NICE)
        os.setpriority(os.PRIO_PROCESS, game.threads()[1], 7)
        assert setting.restore(was, GAME_NICE) is Outcome.LEFT
        assert game.nice_values()[1] == 7
        assert -5 not in game.nice_values()


def test_disks_first_needs_no_rights_and_comes_back_exactly() -> None:
    require_linux()
    with boosted_process() as game:
        psutil.Process(game.pid).ionice(psutil.IOPRIO_CLASS_BE, 6)
        before = game.ionice_values()
        setting = ionice_setting(game.identity)
        was = setting.read()
        setting.write(GAME_IONICE)
        assert game.ionice_values() == [(2, 0)] * THREADS
        assert setting.restore(was, GAME_IONICE) is Outcome.RESTORED
        assert game.ionice_values() == before
        assert before[0] == (2, 6)


def test_a_process_that_has_ended_is_gone_also_when_another_one_has_its_number() -> None:
    require_linux()
    with boosted_process() as game:
        other = nice_setting(ProcessIdentity(game.pid, game.identity.started_ticks + 1))
        with pytest.raises(SettingGone):
            other.write("19")
        setting = nice_setting(game.identity)
        was = setting.read()
        game.end()
        assert setting.restore(was, GAME_NICE) is Outcome.GONE


def test_what_a_damaged_entry_names_is_refused() -> None:
    require_linux()
    for where in ({}, {"pid": "7", "started_ticks": 1}, {"pid": -1, "started_ticks": 1}):
        with pytest.raises(ValueError, match="no process"):
            process_of(where)
    with boosted_process() as game, pytest.raises(SettingRefused):
        nice_setting(game.identity).restore("0", GAME_NICE)
