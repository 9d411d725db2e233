"""The private file about exits: what it keeps, for how long, and that damage costs nothing."""

import os
import stat
from pathlib import Path

import pytest

from plg.tunnel.exit_memory import DISTRUST_S, MAX_DISTRUSTED, MAX_GAMES, ExitMemory

NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def test_what_was_remembered_is_there_in_the_next_run_and_only_for_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    memory = ExitMemory(folder, Clock())
    memory.distrust("liar")
    memory.remember("openarena", "fra1")
    again = ExitMemory(folder, Clock())
    assert again.distrusted() == {"liar"}
    assert again.previous("openarena") == "fra1"
    assert again.previous("another") is None
    if os.name == "posix":
        assert stat.S_IMODE((folder / "exits.json").stat().st_mode) == 0o600


def test_distrust_ends_after_a_day(tmp_path: Path) -> None:
    clock = Clock()
    memory = ExitMemory(tmp_path, clock)
    memory.distrust("liar")
    clock.now += DISTRUST_S - 1
    assert memory.distrusted() == {"liar"}
    clock.now += 2
    assert memory.distrusted() == frozenset()


def test_a_clock_that_was_set_back_does_not_make_distrust_last_for_years(tmp_path: Path) -> None:
    clock = Clock()
    memory = ExitMemory(tmp_path, clock)
    memory.distrust("liar")
    clock.now -= 365 * 86400
    assert memory.distrusted() == frozenset()


def test_it_stays_small(tmp_path: Path) -> None:
    clock = Clock()
    memory = ExitMemory(tmp_path, clock)
    for number in range(MAX_DISTRUSTED + 5):
        clock.now += 1
        memory.distrust(f"node-{number}")
    for number in range(MAX_GAMES + 5):
        memory.remember(f"game-{number}", "x")
    again = ExitMemory(tmp_path, clock)
    assert len(again.distrusted()) == MAX_DISTRUSTED
    assert f"node-{MAX_DISTRUSTED + 4}" in again.distrusted()
    assert again.previous("game-0") is None
    assert again.previous(f"game-{MAX_GAMES + 4}") == "x"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"version": 9, "previous": {"openarena": "x"}}',
        b'{"previous": {"openarena": 7}}',
        b'{"distrusted": ["x"]}',
        b"[" * 100_000,
        b'{"previous": {"openarena": "' + b"x" * 70_000 + b'"}}',
    ],
)
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "exits.json").write_bytes(content)
    memory = ExitMemory(tmp_path, Clock())
    assert (memory.distrusted(), memory.previous("openarena")) == (frozenset(), None)
    memory.remember("openarena", "fra1")
    assert ExitMemory(tmp_path, Clock()).previous("openarena") == "fra1"


def test_where_nothing_can_be_written_it_is_remembered_for_the_run(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    memory = ExitMemory(in_the_way, Clock())
    memory.distrust("liar")
    assert memory.distrusted() == {"liar"}
    nowhere = ExitMemory(None, Clock())
    nowhere.remember("openarena", "fra1")
    assert nowhere.previous("openarena") == "fra1"
