"""The games, from a real server."""

import re
from pathlib import Path

from syrupy.assertion import SnapshotAssertion
from textual.widgets import DataTable, Input, Select

from plg.cli.language import Language
from plg_tui.screens.connect_dialog import ConnectDialog
from support.dashboard_pilot import (
    READABLE,
    contrast,
    dashboard_at,
    picture,
    picture_of,
    screen_colours,
    screen_text,
    until,
)
from support.server_process import ServerProcess


@picture_of
async def test_the_games_found_by_a_russian_word(
    tmp_path: Path,
    size: tuple[int, int],
    language: Language,
    theme: str,
    snapshot: SnapshotAssertion,
    server: ServerProcess,
) -> None:
    app = dashboard_at(tmp_path, language=language, server=server.url)
    app.theme, app.query_text = theme, "доом"
    async with app.run_test(size=size) as pilot:
        await pilot.press("f3")
        await until(lambda: "Doom" in screen_text(app), "the games")
        app.screen.query_one("#query", Input).cursor_blink = False
        await pilot.pause()
        assert picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


async def test_typing_searches_and_the_search_is_still_there_later(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        await until(lambda: bool(re.search(r"\d\d+ games", screen_text(app))), "the whole list")
        await pilot.press(*"openarana")  # a typing error
        await until(
            lambda: "OpenArena" in screen_text(app) and not re.search(r"\d\d\d games", screen_text(app)), "the game"
        )
        await pilot.press("f2", "f3")
        await until(lambda: "OpenArena" in screen_text(app), "the same search")
        assert app.screen.query_one("#query", Input).value == "openarana"


async def test_a_category_narrows_the_list(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        table = app.screen.query_one(DataTable)
        await until(lambda: table.row_count > 20, "the whole list")
        everything = table.row_count
        await pilot.pause(0.1)
        app.screen.query_one("#category", Select).value = "fps"
        await until(lambda: 0 < table.row_count < everything, "one category")
        assert {table.get_row_at(row)[1] for row in range(table.row_count)} == {"fps"}


async def test_a_server_out_of_reach_is_said(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        await until(lambda: "cannot reach the server" in screen_text(app), "the reason")


async def test_options_are_asked_for_the_game_under_the_cursor(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    app.query_text = "openarena"
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        await until(lambda: "OpenArena" in screen_text(app), "the game")
        await pilot.press("ctrl+o")
        await until(lambda: isinstance(app.screen, ConnectDialog), "the dialog")
        assert "Connect OpenArena" in screen_text(app)
