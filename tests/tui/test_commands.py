"""The command palette."""

from pathlib import Path

import pytest
from textual.command import CommandList, CommandPalette

from plg.cli.language import Language, spoken
from plg_tui.app import Dashboard
from plg_tui.commands import DashboardCommands
from plg_tui.screens.help import HelpScreen
from support.dashboard_pilot import dashboard_at, screen_text, until
from support.talking_tunnel import STATUS


def chosen(app: Dashboard) -> bool:
    """The palette puts its cursor on the first hit a moment after it shows it."""
    return isinstance(app.screen, CommandPalette) and app.screen.query_one(CommandList).highlighted is not None


async def test_it_opens_a_screen_by_a_part_of_its_name(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", *"help")
        await until(lambda: chosen(app), "the cursor on the hit")
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, HelpScreen), "the help screen")


async def test_it_changes_the_language(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", *"language")
        await until(lambda: chosen(app), "the cursor on the hit")
        await pilot.press("down", "enter")
        await until(lambda: spoken() is Language.RU, "Russian")


async def test_disconnect_is_offered_only_while_a_tunnel_runs(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test():
        provider = DashboardCommands(app.screen)
        assert "Disconnect" not in [hit.text async for hit in provider.discover()]
        app.feed.close()
        app.take_status(STATUS)
        assert "Disconnect" in [hit.text async for hit in provider.discover()]
        assert [hit.text async for hit in provider.search("theme")] == ["Change the theme"]


@pytest.mark.parametrize(
    ("language", "said"), [(Language.EN, "No command is called that"), (Language.RU, "Такой команды нет")]
)
async def test_nothing_found_is_said_in_the_language_in_use(tmp_path: Path, language: Language, said: str) -> None:
    app = dashboard_at(tmp_path, language=language)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", *"xyzzy")
        await until(lambda: said in screen_text(app), "the sentence")
        await pilot.pause(0.7)
        assert "No matches found" not in screen_text(app)
        await pilot.press("down", "enter")
        await until(lambda: not isinstance(app.screen, CommandPalette), "back")


async def test_the_relays_are_in_it(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test():
        provider = DashboardCommands(app.screen)
        assert "Open: Relays" in [hit.text async for hit in provider.discover()]
