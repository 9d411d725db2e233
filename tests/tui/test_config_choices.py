"""Settings of config.toml in the dashboard, in a real file."""

import re
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg_tui.config_choices import ConfigChoices, read_budget
from support.dashboard_pilot import dashboard_at


def choices_at(home: Path, mode_variable: str = "") -> ConfigChoices:
    return ConfigChoices(dashboard_at(home, PLG_MODE=mode_variable).invocation)


def test_a_choice_is_kept_beside_what_stands_there_and_taken_out_again(tmp_path: Path) -> None:
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('# mine\nserver = "https://plg.example.org"\n')
    choices = choices_at(tmp_path)
    choices.keep("mode", "adaptive")
    choices.keep("max_overhead", 1.5)
    assert (choices.value("mode"), choices.value("max_overhead")) == ("adaptive", "1.5")
    assert file.read_text().startswith('# mine\nserver = "https://plg.example.org"\n')
    choices.keep("mode", None)
    choices.keep("max_overhead", None)
    assert choices.value("mode") == ""
    assert file.read_text().strip() == '# mine\nserver = "https://plg.example.org"'


def test_a_change_by_a_command_is_seen_at_once(tmp_path: Path) -> None:
    choices, other = choices_at(tmp_path), choices_at(tmp_path)
    assert choices.value("capture") == ""
    other.keep("capture", "proxy")
    assert choices.value("capture") == "proxy"


def test_a_value_that_is_not_allowed_changes_nothing(tmp_path: Path) -> None:
    choices = choices_at(tmp_path)
    choices.keep("max_overhead", 2.0)
    with pytest.raises(CliError):
        choices.keep("max_overhead", 99.0)
    assert choices.value("max_overhead") == "2"


def test_a_variable_that_goes_before_is_named(tmp_path: Path) -> None:
    choices = choices_at(tmp_path, "off")
    assert choices.value("mode") == "off"
    assert choices.variable("mode") == "PLG_MODE"
    assert choices.variable("capture") is None


def test_hooks_are_listed_without_their_secrets(tmp_path: Path) -> None:
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text(
        '[hooks]\non_connect = ["/usr/bin/notify-send", "s3cret"]\non_disconnect = "https://hooks.example.org/s3cret"\n'
    )
    shown = dict(choices_at(tmp_path).hooks())
    assert shown["on_connect"] == "/usr/bin/notify-send"
    assert "s3cret" not in str(shown)
    assert "hooks.example.org" in str(shown["on_disconnect"])
    assert shown["on_degraded"] is None


def test_a_budget_is_read_as_people_write_it() -> None:
    assert [read_budget(text) for text in ("", "  ", "2", "1.5", "1,5")] == [None, None, 2.0, 1.5, 1.5]


@pytest.mark.parametrize("text", ["x", "nan", "inf", "-inf", "1.5x"])
def test_what_is_no_number_is_no_budget(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        read_budget(text)
