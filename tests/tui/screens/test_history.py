"""What was played, and what it gave."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Select, TabbedContent

from plg.cli.language import Language
from plg_tui.graph_drawing import Marks
from plg_tui.screens.games import GamesScreen
from plg_tui.screens.history import PAGE_SESSIONS, TABS
from plg_tui.screens.sign_in import SignInDialog
from plg_tui.widgets.plain_table import PlainTable
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
from support.played_sessions import PLAYED, SUMMARIES, FullDesk, record
from support.server_process import ServerProcess
from support.time_zone import time_zone

SHOWN = {"sessions": "2026-01-13", "benchmarks": "55/40/5", "mine": "+4.5 (+2.5"}
"""Something that stands in each list."""


@picture_of
@pytest.mark.parametrize("tab", TABS)
async def test_the_history(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, tab: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme, app.marks, app.desk = theme, Marks.BRAILLE, FullDesk(app.desk)
    with time_zone("UTC"):
        async with app.run_test(size=size) as pilot:
            await pilot.press("f6")
            await until(lambda: "openarena" in screen_text(app), "the sessions")
            await pilot.press(*["b"] * TABS.index(tab))
            await until(lambda: SHOWN[tab] in screen_text(app), "the tab")
            await pilot.pause(0.1)
            assert await settled_picture(app) == snapshot
            assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


@picture_of
async def test_nobody_logged_in(
    tmp_path: Path,
    size: tuple[int, int],
    language: Language,
    theme: str,
    snapshot: SnapshotAssertion,
    server: ServerProcess,
) -> None:
    app = dashboard_at(tmp_path, language=language, server=server.url)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        await pilot.press("f6")
        await until(lambda: app.screen.query_one("#sessions-state #act").display, "the next step")
        await pilot.pause()
        assert await settled_picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}
        await pilot.click("#sessions-state #act")
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")


async def test_an_account_without_sessions_is_led_to_the_games(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    await app.desk.register("fresh@example.org", "correct horse of the history")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f6")
        await until(lambda: "Nothing has been played yet" in screen_text(app), "the empty state")
        await pilot.press("b")
        await until(lambda: "plg bench GAME --send" in screen_text(app), "the empty benchmarks")
        await pilot.press("b")
        await until(lambda: "kept, for 90 days" in screen_text(app), "the empty list of one's own")
        await pilot.press("b")
        await until(lambda: "Show the games" in screen_text(app), "the next step")
        await pilot.click("#sessions-state #act")
        await until(lambda: isinstance(app.screen, GamesScreen), "the games")


async def test_who_has_logged_in_need_not_ask_again(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f6")
        await until(lambda: "nobody is logged in" in screen_text(app), "the reason")
        app.action_log_in()
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")
        await app.desk.register("late@example.org", "correct horse of the history")
        await pilot.press("escape")
        await until(lambda: "Nothing has been played yet" in screen_text(app), "the account's sessions")


async def test_a_server_out_of_reach_is_said_and_can_be_asked_again(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    full, app.desk = app.desk, dashboard_at(tmp_path, PLG_TOKEN="x").desk
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f6")
        await until(lambda: "cannot reach the server" in screen_text(app), "the reason")
        app.desk = full
        await pilot.press("r")
        await until(lambda: "openarena" in screen_text(app), "the sessions")


async def test_a_game_narrows_both_lists_and_the_totals(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f6")
        await until(lambda: "8 sessions" in screen_text(app), "the sessions")
        app.screen.query_one("#game", Select).value = "doom"
        await until(lambda: "1 session," in screen_text(app), "one game's")
        assert app.screen.query_one("#session-table", PlainTable).row_count == 1
        assert app.screen.query_one("#benchmark-table", PlainTable).row_count == 0
        app.screen.query_one("#game", Select).value = "xonotic"
        await until(lambda: "0 sessions," in screen_text(app), "none")
        assert app.screen.query_one("#benchmark-table", PlainTable).row_count == 1
        assert "no ping to draw" in screen_text(app)


async def test_older_sessions_are_a_key_away_and_there_is_an_end(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    many = [replace(record(number % 19, 30.0, 50.0), session_id=f"s{number}") for number in range(PAGE_SESSIONS + 3)]
    app.desk = FullDesk(app.desk, many)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f6")
        await until(lambda: f"(1 to {PAGE_SESSIONS} of {len(many)})" in screen_text(app), "the newest")
        await pilot.press("n", "o", "o")
        await until(lambda: f"(201 to 203 of {len(many)})" in screen_text(app), "the oldest")
        assert app.screen.query_one("#session-table", PlainTable).row_count == 3
        await pilot.press("n")
        await until(lambda: f"(1 to {PAGE_SESSIONS} of {len(many)})" in screen_text(app), "the newest again")


async def test_in_a_wider_terminal_more_columns_appear(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f6")
        await until(lambda: "8 sessions" in screen_text(app), "the sessions")
        assert "Frankfurt 1" not in screen_text(app)
        await pilot.resize_terminal(120, 40)
        await until(lambda: "Frankfurt 1" in screen_text(app), "the relay")


async def test_what_a_server_calls_things_cannot_steer_the_terminal(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk, [replace(PLAYED[0], game="[red]\x1b[2J", node_name="[@click=app.quit]x")])
    app.desk.summaries = replace(SUMMARIES, summaries=[replace(SUMMARIES.summaries[0], game="[/]")])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f6")
        await until(lambda: "\\x1b[2J" in screen_text(app), "the game's name")
        assert "\x1b" not in screen_text(app)
        await pilot.press("b")
        await until(lambda: "[/]" in screen_text(app), "the benchmarks")
        assert app.screen.query_one(TabbedContent).active == "benchmarks"
