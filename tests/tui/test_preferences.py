"""What the dashboard remembers."""

import stat
from pathlib import Path

import pytest

from plg.cli.language import Language
from plg_tui.graph_drawing import Marks
from plg_tui.preferences import FILE_NAME, Preferences, load_preferences, save_preferences, usual_marks
from plg_tui.themes import LIGHT


def test_choices_come_back(tmp_path: Path) -> None:
    chosen = Preferences(theme=LIGHT, language=Language.RU, marks=Marks.BLOCK)
    assert save_preferences(tmp_path / "new", chosen) is None
    assert load_preferences(tmp_path / "new") == chosen
    assert stat.S_IMODE((tmp_path / "new" / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"theme": 3}', '{"marks": "dots"}', '{"theme": "neon"}', "\x00", "[" * 5000]
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    assert load_preferences(tmp_path) == Preferences()


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    why = save_preferences(tmp_path / "file", Preferences())
    assert why is not None
    assert "file" in why


def test_the_linux_console_has_no_braille(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _setlocale: "utf-8")
    assert usual_marks({"TERM": "xterm-256color"}) is Marks.BRAILLE
    assert usual_marks({"TERM": "linux"}) is Marks.BLOCK


def test_a_locale_without_utf_8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _setlocale: "koi8-r")
    assert usual_marks({"TERM": "xterm"}) is Marks.ASCII
