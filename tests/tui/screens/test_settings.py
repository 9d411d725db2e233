"""The settings."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg_tui.graph_drawing import Marks
from plg_tui.preferences import load_preferences
from plg_tui.themes import LIGHT
from support.dashboard_pilot import READABLE, contrast, dashboard_at, picture, picture_of, screen_colours, screen_text


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
    app = dashboard_at(home, language=language)
    app.theme, app.marks = theme, Marks.BRAILLE
    async with app.run_test(size=size) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        shown = picture(app).replace(str(home), "HOME")
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
