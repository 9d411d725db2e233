"""What may stand next on a command line."""

from pathlib import Path

import pytest

from plg.cli.completion_cache import remember
from plg.cli.completion_words import suggest
from plg.cli.root import COMMANDS
from plg.cli.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    remember(tmp_path, "games", [("openarena", "OpenArena"), ("cs2", "Counter-Strike 2")], is_all=True)
    remember(tmp_path, "nodes", [("frankfurt-1", "Frankfurt")], is_all=True)
    return Settings({"PLG_CONFIG_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("con", ["connect", "config"]),
        ("connect ope", ["openarena"]),
        ("connect openarena ", []),
        ("connect --capture proxy op", ["openarena"]),
        ("connect --capture=proxy op", ["openarena"]),
        ("connect --detach op", ["openarena"]),
        ("--json connect c", ["cs2"]),
        ("--lang ", ["en", "ru"]),
        ("--lang ru connect c", ["cs2"]),
        ("connect cs2 --mode ", ["off", "redundant", "adaptive"]),
        ("connect cs2 --mode=ad", ["--mode=adaptive"]),
        ("connect cs2 --mode = ad", ["adaptive"]),
        ("connect cs2 --mode =", ["off", "redundant", "adaptive"]),
        ("connect cs2 --node f", ["frankfurt-1"]),
        ("nodes --for o", ["openarena"]),
        ("connect --no-s", ["--no-standby"]),
        ("connect -- --n", []),
        ("config s", ["set"]),
        ("config get mo", ["mode"]),
        ("config set launch.c", ["launch.cs2"]),
        ("config set mode a", ["adaptive"]),
        ("config set mode adaptive ", []),
        ("statusline --format w", ["waybar"]),
        ("completion z", ["zsh"]),
        ("help exit", ["exit-codes"]),
        ("schema plg.version", ["plg.version/1"]),
        ("nothing ", []),
        ("config nothing ", []),
        ("version ", []),
    ],
)
def test_the_words_fit_the_place(settings: Settings, line: str, words: list[str]) -> None:
    assert list(suggest(line.split(" "), settings).words) == words


def test_commands_and_options_come_with_what_they_do(settings: Settings) -> None:
    found = suggest([""], settings).words
    assert list(found) == list(COMMANDS)
    assert found["connect"] == "Carry a game's packets through a relay."
    options = suggest(["connect", "--"], settings).words
    assert options["--json"].startswith("Print JSON")
    assert "--detach" in options
    assert all(options.values())


def test_where_a_file_is_meant_the_shell_is_told_so(settings: Settings) -> None:
    assert suggest(["replay", ""], settings).files
    assert suggest(["statusline", "--file", ""], settings).files
    assert not suggest(["connect", ""], settings).files


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_completed(settings: Settings, name: str) -> None:
    assert "--json" in suggest([name, "--js"], settings).words
