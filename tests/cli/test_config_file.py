"""Changing config.toml: what a person wrote stays, and a damaged file is left alone."""

import os
import threading
import tomllib
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.config_file import edited, set_value, unset_value
from plg.cli.config_keys import Value
from plg.cli.exit_codes import ExitCode

WRITTEN = """\
# mine
server = "http://a.example"   # the club's
lang = "ru"

# what happens
[hooks]
on_connect = [ "notify-send", "up" ]  # loud
on_disconnect = "https://hooks.example/x"

[launch]
cs2 = ["steam", "steam://rungameid/730"]
"""


def test_a_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "plg"
    assert set_value(home, "mode", "adaptive") is True
    assert set_value(home, "mode", "adaptive") is False
    file = home / "config.toml"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ('mode = "adaptive"\n', 0o600)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("server", "https://b.example", 'server = "https://b.example"   # the club\'s\n'),
        ("mode", "off", 'lang = "ru"\nmode = "off"\n\n# what happens\n[hooks]\n'),
        ("max_overhead", 1.5, "max_overhead = 1.5\n"),
        ("hooks.on_connect", ["true"], 'on_connect = ["true"]  # loud\n'),
        ("hooks.on_degraded", "http://127.0.0.1:1/x", 'on_degraded = "http://127.0.0.1:1/x"\n'),
        ("launch.openarena", ["openarena", "+connect", "x y"], 'openarena = ["openarena", "+connect", "x y"]\n'),
        ("watch.enabled", True, "\n[watch]\nenabled = true\n"),
    ],
)
def test_one_setting_changes_and_everything_else_stays_as_it_was_written(
    tmp_path: Path, key: str, value: Value, line: str
) -> None:
    (tmp_path / "config.toml").write_text(WRITTEN)
    set_value(tmp_path, key, value)
    after = (tmp_path / "config.toml").read_text()
    assert line in after
    old = [row for row in WRITTEN.splitlines() if row and row.split(" = ")[0] != key.rpartition(".")[2]]
    assert [row for row in after.splitlines() if row in old] == old


def test_what_was_set_can_be_taken_back(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(WRITTEN)
    changes: dict[str, Value] = {"mode": "off", "watch.enabled": True, "launch.doom": ["doom"]}
    for key, value in changes.items():
        set_value(tmp_path, key, value)
        assert unset_value(tmp_path, key) is True
    assert tomllib.loads((tmp_path / "config.toml").read_text()) == tomllib.loads(WRITTEN)
    assert unset_value(tmp_path, "mode") is False
    assert unset_value(tmp_path / "nowhere", "mode") is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a remark",
        'server = "http://a"',
        'server = "http://a"\r\n[keys]\r\nquit = "q"\r\n',
        'hooks.on_connect = ["a"]\nhooks.on_disconnect = ["b"]\n',
        'hooks = { on_connect = ["a"] }\n',
        '"lang" = "en"\n[ launch ]\n"cs2" = [\n  "a", # one\n  "b",\n]\n',
        'server = """\nmode = "off" #"""\n[hooks]\n',
        '[launch]\nlang = ["x"]\n[keys]\nmode = "m"\n',
    ],
)
@pytest.mark.parametrize("path", [("mode",), ("hooks", "on_degraded"), ("launch", "cs2"), ("lang",)])
def test_however_the_file_is_written_only_the_meant_setting_is_another(text: str, path: tuple[str, ...]) -> None:
    after = edited(text, path, ["x"])
    wanted = tomllib.loads(text)
    holder = wanted.setdefault(path[0], {}) if len(path) == 2 else wanted
    holder[path[-1]] = ["x"]
    assert tomllib.loads(after) == wanted
    assert ("\r\n" in text) == ("\r\n" in after)


@pytest.mark.parametrize("damaged", ['server = "http://a\n', "sever = 1\n", b"lang = '\xff'\n", "mode = 7\n"])
def test_a_damaged_file_is_named_with_its_line_and_never_overwritten(tmp_path: Path, damaged: str | bytes) -> None:
    before = damaged if isinstance(damaged, bytes) else damaged.encode()
    (tmp_path / "config.toml").write_bytes(before)
    with pytest.raises(CliError, match=r"config\.toml, line 1: ") as caught:
        set_value(tmp_path, "capture", "proxy")
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION
    assert (tmp_path / "config.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mode", "fast"), ("mode", 1), ("lang", "fr"), ("max_overhead", 0.5), ("max_overhead", float("nan")), ("max_overhead", True),
        ("server", "ftp://x"), ("hooks.on_connect", "rm -rf"), ("hooks.on_connect", []), ("hooks.on_connect", [""]), ("launch.cs2", "steam"),
        ("theme", "a b"), ("launch.cs2", ["a\0b"]),
    ],
)  # fmt: skip
def test_a_value_that_is_not_allowed_is_refused_and_nothing_is_written(tmp_path: Path, key: str, value: Value) -> None:
    with pytest.raises(CliError) as caught:
        set_value(tmp_path, key, value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_value_of_the_setting_itself_can_be_mended(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('mode = 7\nlang = "ru"\n')
    set_value(tmp_path, "mode", "off")
    assert (tmp_path / "config.toml").read_text() == 'mode = "off"\nlang = "ru"\n'
    (tmp_path / "config.toml").write_text('hooks = "x"\n')
    with pytest.raises(CliError, match="line 1"):
        set_value(tmp_path, "hooks.on_connect", ["x"])


def test_an_unknown_setting_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        set_value(tmp_path, "hooks.on_conect", ["x"])
    assert caught.value.nearest[0] == "hooks.on_connect"
    with pytest.raises(CliError):
        unset_value(tmp_path, "hooks")


def test_an_older_word_means_the_same_setting(tmp_path: Path) -> None:
    set_value(tmp_path, "language", "ru")
    set_value(tmp_path, "redundancy", "off")
    assert tomllib.loads((tmp_path / "config.toml").read_text()) == {"lang": "ru", "mode": "off"}


def test_a_directory_that_takes_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CliError, match="file") as caught:
        set_value(tmp_path / "file", "mode", "off")
    assert caught.value.code == "config_not_written"


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [
        threading.Thread(target=set_value, args=(tmp_path, f"launch.game{number}", [str(number)]))
        for number in range(6)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(tomllib.loads((tmp_path / "config.toml").read_text())["launch"]) == 6


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "plg.toml"
    kept.parent.mkdir()
    kept.write_text('lang = "ru"\n')
    (tmp_path / "config.toml").symlink_to(kept)
    set_value(tmp_path, "mode", "off")
    assert (tmp_path / "config.toml").is_symlink()
    assert kept.read_text() == 'lang = "ru"\nmode = "off"\n'
