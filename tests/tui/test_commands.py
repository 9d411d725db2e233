"""The command palette."""

from pathlib import Path

from textual.command import CommandPalette

from plg.cli.language import Language, spoken
from plg_tui.screens.help import HelpScreen
from support.dashboard_pilot import dashboard_at, until
from support.talking_tunnel import STATUS


async def test_it_opens_a_screen_by_a_part_of_its_name(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", *"help")
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
        await pilot.pause(0.5)
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, HelpScreen), "the help screen")


async def test_it_changes_the_language(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", *"language")
        await pilot.pause(0.5)
        await pilot.press("down", "enter")
        await until(lambda: spoken() is Language.RU, "Russian")


async def test_disconnect_is_offered_only_while_a_tunnel_runs(tmp_path: Path) -> None:
    from plg_tui.commands import DashboardCommands

    app = dashboard_at(tmp_path)
    async with app.run_test():
        provider = DashboardCommands(app.screen)
        assert "Disconnect" not in [hit.text async for hit in provider.discover()]
        app.feed.close()
        app.take_status(STATUS)
        assert "Disconnect" in [hit.text async for hit in provider.discover()]
        assert [hit.text async for hit in provider.search("theme")] == ["Change the theme"]
