"""The games, from a real server."""

import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input, Select

from plg.cli.language import Language
from plg_tui.app import Dashboard
from plg_tui.favourites import load_favourites, toggle_favourite
from plg_tui.local_games import LocalGames
from plg_tui.screens.connect_dialog import ConnectDialog
from plg_tui.widgets.plain_table import PlainTable
from plg_tui.widgets.plain_text import PlainText
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
from support.played_sessions import FullDesk, record
from support.server_process import ServerProcess
from support.time_zone import time_zone


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> list[LocalGames]:
    """What the screen finds on this machine: the last of these. Its own look is tested elsewhere."""
    found = [LocalGames()]
    monkeypatch.setattr("plg_tui.screens.games.look_around", lambda _games: found[-1])
    return found


@picture_of
async def test_the_games_found_by_a_russian_word(
    tmp_path: Path,
    size: tuple[int, int],
    language: Language,
    theme: str,
    snapshot: SnapshotAssertion,
    server: ServerProcess,
    machine: list[LocalGames],
) -> None:
    toggle_favourite(tmp_path / "config", "chocolate-doom")
    machine.append(LocalGames(running=frozenset({"freedm"})))
    app = dashboard_at(tmp_path, language=language, server=server.url)
    app.theme, app.query_text = theme, "доом"
    app.desk = FullDesk(app.desk, [record(0, 29.4, 52.0, game="freedm")])
    with time_zone("UTC"):
        await keep_picture(app, size, snapshot)


async def keep_picture(app: Dashboard, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with app.run_test(size=size) as pilot:
        await pilot.press("f3")
        await until(lambda: "Doom" in screen_text(app), "the games")
        await until(lambda: "▶" in screen_text(app), "the running game")
        await pilot.press("down")
        await until(lambda: "FreeDM" in app.screen.query_one("#title", PlainText).shown, "the first game")
        await until(lambda: "• " in screen_text(app) and "29 " in screen_text(app), "its facts")
        app.screen.query_one("#query", Input).cursor_blink = False
        await pilot.pause()
        assert await settled_picture(app) == snapshot
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
        table = app.screen.query_one(PlainTable)
        await until(lambda: table.row_count > 20, "the whole list")
        everything = table.row_count
        await pilot.pause(0.1)
        app.screen.query_one("#category", Select).value = "fps"
        await until(lambda: 0 < table.row_count < everything, "one category")
        assert {table.row_texts(row)[3] for row in range(table.row_count)} == {"fps"}


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


def first_games(app: Dashboard, count: int) -> list[tuple[str, str]]:
    table = app.screen.query_one(PlainTable)
    rows = [table.row_texts(row) for row in range(min(count, table.row_count))]
    return [(row[0], row[1]) for row in rows]


async def test_games_of_this_machine_and_of_this_person_come_first(
    tmp_path: Path, server: ServerProcess, machine: list[LocalGames]
) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    app.desk = FullDesk(app.desk, [record(0, 29.4, 52.0, game="xonotic"), record(1, None, None, game="openarena")])
    machine.append(LocalGames(running=frozenset({"xonotic"}), installed=frozenset({"armagetronad"})))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f3")
        await until(lambda: ("  ▶ running", "Xonotic") in first_games(app, 1), "the running game")
        await until(lambda: ("  recent", "OpenArena") in first_games(app, 3), "the game played lately")
        machine.append(LocalGames())
        app.screen._look()  # type: ignore[attr-defined]  # what the clock does every few seconds
        await until(lambda: first_games(app, 1) == [("  recent", "Xonotic")], "the game that has ended")


async def test_f_marks_the_game_under_the_cursor_and_the_cursor_stays_on_it(
    tmp_path: Path, server: ServerProcess
) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        table = app.screen.query_one(PlainTable)
        await until(lambda: table.row_count > 20, "the whole list")
        await pilot.press("down", "down", "down", "down")
        name = table.row_texts(table.cursor_row)[1]
        await pilot.press("f")
        await pilot.pause()
        assert first_games(app, 1) == [("★", name)]
        assert table.row_texts(table.cursor_row)[1] == name
        assert len(load_favourites(tmp_path / "config")) == 1
        await pilot.press("f")
        await pilot.pause()
        assert first_games(app, 1) != [("★", name)]
        assert load_favourites(tmp_path / "config") == frozenset()


async def test_a_mark_that_cannot_be_kept_is_said(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    (tmp_path / "config").write_text("a file where the folder should be")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        table = app.screen.query_one(PlainTable)
        await until(lambda: table.row_count > 20, "the whole list")
        await pilot.press("down", "f")
        await until(lambda: any("could not be kept" in note.message for note in app._notifications), "a warning")
        assert first_games(app, 1)[0][0] == ""


async def test_an_f_that_is_typed_into_the_search_marks_nothing(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        await until(lambda: app.screen.query_one(PlainTable).row_count > 20, "the whole list")
        await pilot.press("f")
        await pilot.pause()
        assert app.query_text == "f"
        assert load_favourites(tmp_path / "config") == frozenset()
