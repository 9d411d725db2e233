"""The bars above and below."""

from pathlib import Path

from plg.cli.language import Language
from support.dashboard_pilot import dashboard_at, screen_lines


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
