"""Games of this machine: a real process under a game's name, and a library as Steam writes it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from plg_tui.local_games import look_around
from support.listed_games import listed_game
from support.requirements import require_binary


def test_a_process_under_a_name_of_the_profile_runs_the_game(tmp_path: Path) -> None:
    program = tmp_path / "plgtestgame"
    shutil.copy(require_binary("sleep"), program)
    listed = [listed_game("mine", executables=[program.name]), listed_game("other", executables=["nothing-like-it"])]
    assert look_around(listed).running == frozenset()
    with subprocess.Popen([program, "60"]) as process:
        try:
            assert look_around(listed).running == {"mine"}
        finally:
            process.kill()


def test_an_app_in_a_steam_library_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    listed = [listed_game("mine", steam_appid=730), listed_game("other", steam_appid=731), listed_game("no-app")]
    assert look_around(listed).installed == frozenset()
    library = tmp_path / ".local/share/Steam/steamapps"
    (library / "common" / "The Game").mkdir(parents=True)
    (library / "appmanifest_730.acf").write_text('"AppState"\n{\n\t"appid"\t\t"730"\n\t"installdir"\t\t"The Game"\n}\n')
    assert look_around(listed).installed == {"mine"}
