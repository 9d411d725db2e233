"""What config.toml sets, and what is wrong with it."""

from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.config_reading import Setting, bad_setting, read_config
from plg.cli.exit_codes import ExitCode


def written(home: Path, toml: str | bytes) -> dict[str, Setting]:
    (home / "config.toml").write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return read_config(home / "config.toml")


def test_settings_come_by_name_with_their_place(tmp_path: Path) -> None:
    found = written(tmp_path, 'mode = "off"\n\n[launch]\ncs2 = ["a", "b"]\n')
    assert {name: (one.value, one.source) for name, one in found.items()} == {
        "mode": ("off", f"{tmp_path / 'config.toml'}, line 1"),
        "launch.cs2": (["a", "b"], f"{tmp_path / 'config.toml'}, line 4"),
    }
    assert found["launch.cs2"].text == '["a", "b"]'
    assert read_config(tmp_path / "nothing.toml") == {}


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    assert written(tmp_path, b'\xef\xbb\xbfmode = "off"\n')["mode"].value == "off"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('lang = "ru"\nserver = \n', "line 2: Invalid value"),
        ('lang = "ru"\n\nserver = "http://x', "line 3: "),
        ('\nserver = "http://a\nb"\n', "line 2: "),
        ("lang = 7\n", "line 1: 'lang' must be a text"),
        ('\nlang = "fr"\n', "line 2: 'fr' is no lang"),
        ('# hello\nsever = "http://x"\n', "line 2: unknown setting 'sever'"),
        ("\n\n[server]\nurl = 1\n", "line 3: 'server' must be a text"),
        (b"lang = 'ru'\nserver = '\xff'\n", "line 2: not UTF-8"),
        ("x" * 100_001, "larger than"),
    ],
)
def test_a_damaged_file_is_named_with_the_line(tmp_path: Path, toml: str | bytes, said: str) -> None:
    with pytest.raises(CliError) as caught:
        written(tmp_path, toml)
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION
    assert str(tmp_path / "config.toml") in caught.value.message
    assert said in caught.value.message
    assert caught.value.next_step


def test_an_unknown_setting_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        written(tmp_path, 'sever = "http://x"\n')
    assert caught.value.nearest == ("server",)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(CliError, match=r"config\.toml"):
        read_config(tmp_path / "config.toml")


def test_a_value_from_a_file_is_a_configuration_error() -> None:
    error = bad_setting("lang", Setting("fr", "config.toml, line 1"), "en, ru")
    assert (error.exit_code, error.message) == (ExitCode.BAD_CONFIGURATION, "config.toml, line 1: 'fr' is no lang")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            'mode = "off"\n\n[hooks]\non_connect = ["a"]\non_conect = ["a"]\n',
            "line 5: unknown setting 'hooks.on_conect'",
        ),
        ('[launch]\ncs2 = ["a"]\ndoom = "x"\n', "line 3: 'launch.doom' must be a list"),
        ('launch.cs2 = ["a"]\nhooks.on_connect = "ftp://x"\n', "line 2: 'ftp://x' is no hooks.on_connect"),
        ('\nhooks = "x"\n', "line 2: 'hooks' must be a table"),
        ('\nlanguage = "ru"\n', "line 2: unknown setting 'language'"),
        ("max_overhead = 0\n", "line 1: '0' is no max_overhead"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(CliError, match=r"config\.toml") as caught:
        written(tmp_path, toml)
    assert said in caught.value.message
