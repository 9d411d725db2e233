"""Which game?"""

from pathlib import Path

from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from plg.cli.language import Language
from plg_tui.screens.game_dialog import GameDialog
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
from support.server_process import ServerProcess


@picture_of
async def test_the_question(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        app.push_screen(GameDialog(app.desk))
        await pilot.pause()
        app.screen.query_one(Input).cursor_blink = False
        await pilot.pause()
        assert await settled_picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


async def test_the_game_that_is_meant_is_shown_and_taken(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    taken: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(GameDialog(app.desk), taken.append)
        await pilot.press(*"xyzzyx")
        await until(lambda: "no game is called that" in screen_text(app), "nothing")
        await pilot.press(*["backspace"] * 6, *"openarana")
        await until(lambda: "→ OpenArena" in screen_text(app), "the game")
        await pilot.press("enter")
        await until(lambda: taken == ["openarena"], "the answer")


async def test_a_server_out_of_reach_is_said(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(GameDialog(app.desk))
        await pilot.press("x", "enter")
        await until(lambda: "cannot reach the server" in screen_text(app), "the reason")
        assert isinstance(app.screen, GameDialog)
