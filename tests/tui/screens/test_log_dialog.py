"""The log of a tunnel in the background."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg.machine.service_log import LOG_NAME
from plg_tui.screens.log_dialog import SHOWN_LINES, LogDialog, log_text
from support.dashboard_pilot import dashboard_at, picture_of, screen_text, settled_picture


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose name is always as long: the screen shows it."""
    made = Path(tempfile.mkdtemp(prefix="plg-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@picture_of
async def test_the_last_lines(
    home: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(home, language=language)
    app.theme = theme
    (app.place.directory / LOG_NAME).write_text("".join(f"plg: remark number {number}\n" for number in range(60)))
    async with app.run_test(size=size) as pilot:
        app.push_screen(LogDialog(app.place))
        await pilot.pause()
        assert (await settled_picture(app)).replace(str(home), "/tmp/plg-12345678") == snapshot


async def test_a_log_cannot_steer_the_terminal_and_only_its_end_is_shown(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    (app.place.directory / LOG_NAME).write_bytes(b"first\n" + b"[red]\x1b[2J\xff\n" * SHOWN_LINES)
    text = log_text(app.place)
    assert "first" not in text
    assert "\x1b" not in text
    async with app.run_test(size=(100, 30)) as pilot:
        app.push_screen(LogDialog(app.place))
        await pilot.pause()
        assert "[red]\\x1b[2J" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, LogDialog)


def test_without_a_log_it_says_so_and_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    place = dashboard_at(tmp_path).place
    assert "no tunnel has run in the background" in log_text(place)
    (place.directory / LOG_NAME).write_bytes(b"")
    assert log_text(place) == "The log is empty."
    (place.directory / LOG_NAME).unlink()
    (place.directory / LOG_NAME).mkdir()
    assert "cannot read" in log_text(place)
