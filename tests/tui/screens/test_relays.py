"""The relays: as pictures, live beside relays on loopback, and what its keys do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from rich.text import Text
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import DataTable

from plg.api.errors import ServerUnreachable, UnreachableReason
from plg.cli.language import Language
from plg_tui.app import Dashboard
from plg_tui.connecting import ConnectWish
from plg_tui.graph_drawing import Marks
from plg_tui.relay_watch import WatchState
from plg_tui.screens.dialogs import Question
from plg_tui.screens.game_dialog import GameDialog
from plg_tui.screens.relays import RelaysScreen
from support.dashboard_pilot import (
    READABLE,
    contrast,
    dashboard_at,
    picture_of,
    screen_colours,
    screen_lines,
    screen_text,
    settled_picture,
    until,
)
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.relay_scene import fill
from support.talking_tunnel import STATUS


@asynccontextmanager
async def relays_at(
    app: Dashboard, size: tuple[int, int] = (100, 30), *, for_game: bool = True, filled: bool = True
) -> AsyncIterator[tuple[RelaysScreen, Pilot[bool]]]:
    """The screen with relays made by hand; nothing is measured."""
    app.marks = Marks.BRAILLE
    app.chosen_game = "openarena" if for_game else None
    async with app.run_test(size=size) as pilot:
        await pilot.press("f4")
        await pilot.pause()
        app.feed.close()
        screen = app.screen
        assert isinstance(screen, RelaysScreen)
        app.workers.cancel_node(screen)
        if filled:
            fill(screen.watching.board, for_game=for_game)
            told(screen, WatchState(listed=True, signed_in=True))
            await pilot.pause()
        yield screen, pilot


def told(screen: RelaysScreen, state: WatchState) -> None:
    screen.watching.state = state
    screen.show()


def names(screen: RelaysScreen) -> list[str]:
    table = screen.query_one(DataTable)
    return [str(table.get_row_at(row)[0])[2:] for row in range(table.row_count)]


@picture_of
async def test_the_relays_to_a_game(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with relays_at(app, size):
        assert await settled_picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


@picture_of
async def test_the_relays_before_a_game_is_chosen(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with relays_at(app, size, for_game=False) as (screen, pilot):
        told(screen, WatchState(listed=True, signed_in=False))
        await pilot.pause()
        assert await settled_picture(app) == snapshot


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (WatchState(), "Asking the server for its relays"),
        (WatchState(listed=True, signed_in=True), "No relay is up.\n An operator starts one with: plg relay run"),
        (
            WatchState(trouble=ServerUnreachable("https://plg.example.org", UnreachableReason.REFUSED)),
            "cannot reach the server",
        ),
    ],
)
async def test_where_there_is_no_relay_the_reason_and_the_next_step_are_said(
    tmp_path: Path, state: WatchState, said: str
) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app, filled=False) as (screen, pilot):
        told(screen, state)
        await pilot.pause()
        assert said in "\n".join(line.replace("  ", " ") for line in screen_lines(app))
        assert not screen.query_one(DataTable).display


async def test_without_a_login_the_list_stands_there_and_l_logs_in(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (screen, pilot):
        told(screen, WatchState(listed=True, signed_in=False))
        await pilot.pause()
        assert "Pings are measured once you are logged in: press l." in screen_text(app)
        await pilot.press("l")
        await until(lambda: "Log in at" in screen_text(app), "the form")


async def test_keys_sort_by_each_column_and_turn_the_order_round(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (screen, pilot):
        assert names(screen)[:2] == ["Frankfurt 1", "Amsterdam 1"]
        await pilot.press("s")
        assert names(screen)[0] == "Amsterdam 1"
        assert "▲Relay" in screen_text(app)
        await pilot.press("r")
        assert names(screen)[-1] == "Amsterdam 1"
        assert "▼Relay" in screen_text(app)
        await pilot.press("s", "s")
        assert names(screen)[0] == "Москва 1"  # by ping


async def test_a_click_on_a_title_sorts_too(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (screen, pilot):
        table = screen.query_one(DataTable)
        column = screen_lines(app)[table.region.y].index("Load")
        for first in ("Singapore 1", "Москва 1"):
            await pilot.click(DataTable, offset=(column - table.region.x + 1, 0))
            await pilot.pause()
            assert names(screen)[0] == first


async def test_the_cursor_stays_on_its_relay_when_the_order_changes(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (_screen, pilot):
        await pilot.press("down")
        await pilot.pause()
        assert "● Amsterdam 1   Amsterdam, NL" in screen_text(app)
        await pilot.press("s", "r", "s", "s")
        await pilot.pause()
        assert "● Amsterdam 1   Amsterdam, NL" in screen_text(app)


async def test_what_is_written_in_a_relays_name_is_no_markup(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (screen, pilot):
        board = screen.watching.board
        board.list_nodes([msgspec.structs.replace(board.nodes[0], name="[red]x[/]")])
        screen.show()
        await pilot.pause()
        assert "[red]x[/]" in screen_text(app)
        assert isinstance(screen.query_one(DataTable).get_row_at(0)[0], Text)


async def test_enter_connects_through_the_relay_under_the_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes: list[ConnectWish] = []

    done = asyncio.Event()

    async def connected(_invocation: object, _address: object, wish: ConnectWish) -> None:
        wishes.append(wish)
        await done.wait()

    monkeypatch.setattr("plg_tui.app.connect_detached", connected)
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (_screen, pilot):
        await pilot.press("down", "enter")
        await until(lambda: wishes != [], "the wish")
        assert ["Connecting openarena" in note.message for note in app._notifications] == [True]
        done.set()
        await until(lambda: list(app._notifications) == [], "the end of it")
    assert wishes == [ConnectWish("openarena", node="ams1")]
    assert "--node=ams1" in wishes[0].words()


async def test_a_running_tunnel_is_asked_about_first(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app) as (_screen, pilot):
        app.take_status(STATUS)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Question), "the question")
        await until(lambda: "End it and connect" in screen_text(app), "its words")
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, RelaysScreen), "back")


async def test_without_a_game_enter_asks_for_one(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app, for_game=False) as (_screen, pilot):
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, GameDialog), "the question")


async def test_the_carried_game_is_the_one_that_is_shown(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with relays_at(app, for_game=False) as (screen, pilot):
        app.take_status(STATUS)
        await pilot.pause()
        assert screen.watching.game == "lab-game"
        assert "to lab-game" in screen_text(app)


async def test_pings_of_real_relays_appear_and_rest_under_a_dialog(tmp_path: Path) -> None:
    relay = LoopbackRelay().open()
    nodes = await LoopbackServer({"fra1": relay}).nodes()
    script = Script({"GET /v1/nodes": [json_answer(msgspec.json.encode(nodes))]})
    with serving(script.app()) as url:
        app = dashboard_at(tmp_path, server=url, PLG_TOKEN="abc")
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.press("f4")
            await until(lambda: "1 relay, 1 answer" in screen_text(app), "a ping")
            screen = app.screen
            assert isinstance(screen, RelaysScreen)
            await pilot.press("g")
            await until(lambda: isinstance(app.screen, GameDialog), "a dialog")
            await until(lambda: not screen.watching.visible.is_set(), "rest")
            await pilot.press("escape")
            await until(screen.watching.visible.is_set, "the next rounds")
    relay.close()
