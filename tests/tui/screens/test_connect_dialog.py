"""The options of a connection."""

from pathlib import Path

from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg_tui.connecting import ConnectWish
from plg_tui.screens.connect_dialog import ConnectDialog
from support.dashboard_pilot import dashboard_at, picture_of, settled_picture


@picture_of
async def test_the_options(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        app.push_screen(ConnectDialog("openarena", "OpenArena"))
        await pilot.pause()
        await pilot.press("tab")
        await pilot.pause()
        assert await settled_picture(app) == snapshot


async def test_keys_alone_make_a_wish(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    wishes: list[ConnectWish | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConnectDialog("openarena", "OpenArena"), wishes.append)
        await pilot.press(
            *"127.0.0.5:27960", "tab", "down", "down", "down", "enter", "tab", "tab", "space", "tab", "enter"
        )
        await pilot.pause()
    assert wishes == [ConnectWish("openarena", target="127.0.0.5:27960", capture="proxy", force=True)]


async def test_enter_at_once_is_the_usual_way_and_escape_is_none(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    wishes: list[ConnectWish | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConnectDialog("openarena", "OpenArena"), wishes.append)
        await pilot.press("enter")
        app.push_screen(ConnectDialog("openarena", "OpenArena"), wishes.append)
        await pilot.press("escape")
        await pilot.pause()
    assert wishes == [ConnectWish("openarena", capture="auto"), None]


async def test_the_way_that_is_set_is_chosen_at_first_and_a_mode_can_be_asked_for(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    wishes: list[ConnectWish | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConnectDialog("openarena", "OpenArena", capture="tun"), wishes.append)
        await pilot.press("tab", "tab", "right", "enter", "tab", "tab", "enter")
        await pilot.pause()
    assert wishes == [ConnectWish("openarena", capture="tun", mode="redundant")]
