"""Which command starts a game."""

import json
import os
from pathlib import Path

import pytest

from plg.api.game_catalogue import KnownGame, keep_catalogue, make_catalogue
from plg.cli.cli_error import CliError
from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.launching import find_game, launch_when_connected, plan_launch, start
from plg.cli.settings import ServerAddress

NOWHERE = ServerAddress("http://127.0.0.1:9", is_loopback=True, is_encrypted=False)
CS2 = KnownGame(slug="cs2", name="Counter-Strike 2", executables=["cs2"], aliases=["cs 2"], steam_app=730)


def run_at(home: Path, **launch: list[str]) -> Invocation:
    (home / "config.toml").write_text(
        "[launch]\n" + "".join(f"{name} = {json.dumps(argv)}\n" for name, argv in launch.items())
    )
    return Invocation(GlobalFlags(), {**os.environ, "PLG_CONFIG_DIR": str(home)})


def test_a_game_is_found_by_identifier_name_and_alias(tmp_path: Path) -> None:
    keep_catalogue(tmp_path, make_catalogue(NOWHERE.url, [CS2]))
    run = run_at(tmp_path)
    assert [find_game(run, NOWHERE, name) for name in ("cs2", "COUNTER-STRIKE 2", "cs  2")] == [CS2] * 3
    assert find_game(run, NOWHERE, "dota") is None


def test_without_server_and_list_a_saved_command_still_works(tmp_path: Path) -> None:
    run = run_at(tmp_path, mine=["true", "-x"])
    assert find_game(run, NOWHERE, "mine") is None
    assert plan_launch(run, None, "mine", ["a b"]) == ["true", "-x", "a b"]


def test_a_game_that_nobody_knows_how_to_start_is_refused_with_a_way_on(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        launch_when_connected(run_at(tmp_path), NOWHERE, "mine", [], disconnect_on_exit=False, quiet=True)
    assert caught.value.code == "launch_unknown"
    assert "plg config set launch.mine" in (caught.value.next_step or "")


def test_a_program_that_does_not_start_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("")
    with pytest.raises(CliError, match="cannot be started"):
        start(run_at(tmp_path), [str(tmp_path / "broken")], "mine")
