"""The bars above and below."""

from pathlib import Path

import pytest
from textual.command import CommandPalette

from plg.cli.language import Language, _
from support.dashboard_pilot import dashboard_at, screen_lines, until


async def test_the_open_screen_stands_in_brackets_and_a_click_opens_another(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "[F2 Session]" in screen_lines(app)[0]
        place = screen_lines(app)[0].index("F5 Settings")
        await pilot.click(offset=(place + 2, 0))
        await pilot.pause()
        assert "[F5 Settings]" in screen_lines(app)[0]


async def test_the_bars_speak_russian_and_fit_80_columns(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, language=Language.RU)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        lines = screen_lines(app)
        assert "[F2 Сеанс]" in lines[0]
        assert "F1 Справка" in lines[0]
        assert "q Выход" in lines[-1]
        assert "^p Команды" in lines[-1]


async def test_a_click_on_a_key_below_is_as_good_as_the_key(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        place = screen_lines(app)[-1].index("^p Commands")
        await pilot.click(offset=(place + 3, 23))
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette")


@pytest.mark.parametrize("language", list(Language))
async def test_no_bar_is_wider_than_the_screen_and_no_word_in_it_is_cut(tmp_path: Path, language: Language) -> None:
    app = dashboard_at(tmp_path, language=language)
    async with app.run_test(size=(140, 24)) as pilot:
        for key in ("f2", "f4"):
            await pilot.press(key)
            for width in (60, 72, 80, 140):
                await pilot.resize_terminal(width, 24)
                await pilot.pause()
                top, keys = screen_lines(app)[0], screen_lines(app)[-1]
                assert sum(f"F{number}" in top for number in range(1, 8)) == 7
                assert top.count("[") == top.count("]") == 1
                assert keys.endswith(f"^p {_('Commands')}")


async def test_with_little_room_the_other_screens_are_keys_alone(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        assert screen_lines(app)[0].startswith("[F2 Session] F3  F4  F5  F6  F7  F1")
        await pilot.resize_terminal(120, 24)
        await pilot.pause()
        assert screen_lines(app)[0].startswith(" PLG [F2 Session] F3 Games ")
