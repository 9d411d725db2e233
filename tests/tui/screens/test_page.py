"""What all screens share."""

from pathlib import Path

from plg_tui.app import PAGES
from plg_tui.screens.dialogs import leave_question
from plg_tui.widgets.bars import SCREENS
from support.dashboard_pilot import dashboard_at


def test_every_screen_of_the_bar_exists_and_the_other_way_round() -> None:
    assert {name for name, _key, _title in SCREENS} == set(PAGES)


async def test_the_key_of_each_screen_opens_it(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        for name, key, _title in SCREENS:
            await pilot.press(key.lower())
            await pilot.pause()
            assert type(app.page) is PAGES[name]
            assert len(app.screen_stack) == 2


async def test_under_a_dialog_no_other_screen_opens(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        app.push_screen(leave_question())
        await pilot.press("f5")
        await pilot.pause()
        assert type(app.page) is PAGES["session"]


async def test_a_screen_knows_that_it_was_left_so_that_a_late_answer_is_not_shown(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("f3")
        await pilot.pause()
        first = app.page
        assert first is not None
        assert not first.was_left()
        app.push_screen(leave_question())
        await pilot.pause()
        assert not first.was_left()  # a dialog above it
        app.pop_screen()
        await pilot.press("f2")
        await pilot.pause()
        assert first.was_left()
