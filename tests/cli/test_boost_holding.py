"""Holding the changes. (With a real game and signals: test_boost.)"""

import signal
from pathlib import Path

import pytest

from plg.cli.boost_holding import hold_until_the_end
from plg.machine.boost.plan import Machine
from plg.machine.change_journal import Change, ChangeJournal
from support.boosted_process import boosted_process
from support.inside import invocation_at
from support.requirements import require_linux


def test_for_a_game_that_has_ended_it_returns_at_once_and_touches_only_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require_linux()
    with boosted_process() as game:
        ended = game.identity
    journal = ChangeJournal(tmp_path / "changes")
    journal.record(Change("boost.nice", {"where": {}}))
    before = signal.getsignal(signal.SIGTERM)
    hold_until_the_end(invocation_at(tmp_path), journal, Machine(), [ended])
    assert len(journal.pending()) == 1
    assert signal.getsignal(signal.SIGTERM) is before
    assert "Ctrl-C" in capsys.readouterr().err
