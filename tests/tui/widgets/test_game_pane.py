"""The game under the cursor, from a real server."""

from pathlib import Path

import pytest

from plg_tui.connecting import ConnectWish
from plg_tui.screens.connect_dialog import ConnectDialog
from plg_tui.widgets.game_pane import GamePane
from plg_tui.widgets.plain_table import PlainTable
from support.dashboard_pilot import dashboard_at, screen_text, until
from support.server_process import ServerProcess


async def test_it_follows_the_cursor_and_says_what_the_profile_knows(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    app.query_text = "openarena"
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f3")
        await until(lambda: "27960" in screen_text(app), "the ports")
        assert "Programs, Linux: openarena" in screen_text(app)
        await pilot.press(*["backspace"] * 9, *"xonotic")
        await until(lambda: "26000" in screen_text(app), "the other game's ports")


async def test_without_a_game_there_is_no_pane(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    app.query_text = "qqqqzzzzqqqq"
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        await until(lambda: "0 games" in screen_text(app), "the empty list")
        assert not app.screen.query_one(GamePane).display
        assert app.screen.query_one(PlainTable).row_count == 0


async def test_its_buttons_connect_and_ask_how(
    tmp_path: Path, server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    app.query_text = "openarena"
    wishes: list[ConnectWish | None] = []
    monkeypatch.setattr(app, "connect", wishes.append)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f3")
        await until(lambda: app.screen.query_one(GamePane).display, "the pane")
        await pilot.pause()
        await pilot.click("#pane #connect")
        await until(lambda: wishes == [ConnectWish("openarena")], "a wish")
        await pilot.click("#pane #options")
        await until(lambda: isinstance(app.screen, ConnectDialog), "the dialog")
