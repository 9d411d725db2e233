"""Games as an operator sees them."""

from pathlib import Path

import pytest

from plg.cli.admin.game_view import refuse_faults, show_change, show_faults, show_games
from plg.cli.cli_error import CliError
from plg.contract.admin_games import (
    AdminGame,
    AdminGamePage,
    ChangedTable,
    GameFault,
    GameFaults,
    GamesChange,
    TableChange,
)
from support.inside import invocation_at

FAULTS = GameFaults(
    faults=[GameFault(source="a.toml", line=3, problem="bad"), GameFault(source="a.toml", line=0, problem="worse")],
    tables=0,
)


def test_a_fault_is_a_line_as_compilers_write_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = invocation_at(tmp_path)
    show_faults(run, FAULTS)
    assert capsys.readouterr().out == "a.toml:3: bad\na.toml: worse\n"
    with pytest.raises(CliError, match="bad") as caught:
        refuse_faults(run, FAULTS)
    assert caught.value.exit_code == 10
    assert "worse" in capsys.readouterr().err
    refuse_faults(run, GameFaults(faults=[], tables=1))


def test_a_change_shows_its_difference_and_whom_it_meets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = TableChange(kind="game", name="pong", change="removed", diff="--- game pong (now)\n-x\n")
    show_change(invocation_at(tmp_path), GamesChange(changes=[change], dry_run=False, version=3, running_sessions=2))
    said = capsys.readouterr()
    assert said.out == "--- game pong (now)\n-x\n"
    assert "1 table is changed" in said.err
    assert "2 running sessions" in said.err


def test_what_was_left_out_is_marked_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    game = AdminGame(
        slug="pong", name="Pong\x1b[2J", category="fps", transport="udp", origin="edited", cidrs=1,
        ports=["1", "2", "3", "4"], icon=None, revision=1, changed_at="2026-01-31T10:00:00Z", changed_by="x", fault="does not fit",
    )  # fmt: skip
    lists = ChangedTable(
        kind="prefixes", name="own", origin="own", changed_at="2026-01-31T10:00:00Z", changed_by="x", fault=None
    )
    page = AdminGamePage(games=[game], lists=[lists], version=1, total=3, limit=1, offset=0)
    show_games(invocation_at(tmp_path), page)
    said = capsys.readouterr()
    assert "edited!" in said.out
    assert "1, 2, 3 ..." in said.out
    assert "\x1b" not in said.out
    assert "prefixes" in said.out
    assert "does not fit" in said.err
    assert "--offset 1" in said.err
