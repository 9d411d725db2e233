"""The settings."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg_tui.autostart import FILE_NAME
from plg_tui.graph_drawing import Marks
from plg_tui.preferences import load_preferences
from plg_tui.screens.log_dialog import LogDialog
from plg_tui.themes import LIGHT
from support.dashboard_pilot import (
    READABLE,
    contrast,
    dashboard_at,
    picture_of,
    screen_colours,
    screen_text,
    settled_picture,
    until,
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose name is always as long: the screen shows it, and breaks its lines by that."""
    made = Path(tempfile.mkdtemp(prefix="plg-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@picture_of
async def test_the_settings(
    home: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(home, language=language, HOME=str(home))
    app.theme, app.marks = theme, Marks.BRAILLE
    async with app.run_test(size=size) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        shown = (await settled_picture(app)).replace(str(home), "HOME")
        assert "\n".join(line.rstrip() for line in shown.splitlines()) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


async def test_language_theme_and_marks_change_at_once(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        await pilot.click("#plg-light")
        await pilot.pause()
        assert app.theme == LIGHT
        await pilot.click("#ascii")
        await pilot.pause()
        assert app.marks is Marks.ASCII
        await pilot.click("#ru")
        await pilot.pause()
        assert "Настройки" in screen_text(app)
    kept = load_preferences(tmp_path / "config")
    assert (kept.theme, kept.marks, kept.language) == (LIGHT, Marks.ASCII, Language.RU)


async def test_the_chosen_one_is_marked_by_more_than_colour(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        text = screen_text(app)
        assert "●▌ English" in text
        assert "●▌ Русский" not in text


async def test_how_games_are_connected_is_kept_in_config_toml(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    config = tmp_path / "config" / "config.toml"
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        await pilot.click("#proxy")
        await pilot.click("#mode-adaptive")
        await pilot.click("#max_overhead")
        await pilot.press(*"1,5", "enter")
        await until(lambda: config.exists() and "max_overhead" in config.read_text(), "the file")
        assert set(config.read_text().splitlines()) == {'capture = "proxy"', 'mode = "adaptive"', "max_overhead = 1.5"}
        await pilot.click("#auto")
        await pilot.click("#mode-")
        await until(lambda: config.read_text().strip() == "max_overhead = 1.5", "the built-in values again")


async def test_a_budget_that_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        await pilot.click("#max_overhead")
        await pilot.press(*"99", "enter")
        await until(lambda: "1 ... 4" in screen_text(app), "what is allowed")
        await pilot.press("backspace", "backspace", *"[/]", "enter")
        await until(lambda: "'[/]' is no number" in screen_text(app), "the refusal")
    assert not (tmp_path / "config" / "config.toml").exists()


async def test_a_variable_that_goes_before_is_named(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, PLG_MODE="off")
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        assert "PLG_MODE goes before config.toml" in screen_text(app)
        assert "●▌ one way" in screen_text(app)


async def test_a_damaged_config_is_named_and_the_rest_still_works(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    app = dashboard_at(tmp_path)
    (tmp_path / "config" / "config.toml").write_text("mode = [red]\n")
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        assert "Invalid value" in screen_text(app)
        await pilot.click("#plg-light")
        await pilot.pause()
        assert app.theme == LIGHT


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is Linux's")
async def test_what_starts_at_login_is_written_and_removed(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, HOME=str(tmp_path))
    file = tmp_path / ".config" / "autostart" / FILE_NAME
    async with app.run_test(size=(100, 44)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        await pilot.click("#start-watch")
        await until(file.exists, "the file")
        assert "X-PLG-Start=watch" in file.read_text()
        await pilot.click("#start-off")
        await until(lambda: not file.exists(), "its end")


async def test_the_log_is_opened_from_here(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 44)) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        await pilot.click("#log")
        await until(lambda: isinstance(app.screen, LogDialog), "the dialog")
        assert "no tunnel has run in the background" in screen_text(app)
