"""Tables and lists of names that come from servers."""

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Select

from plg_tui.widgets.plain_table import PlainTable, plain_options

ODD = ["[/]", "[red]x", "[@click=app.quit]x[/]", "[[", "\x1b[2J", "\u202etxt.exe"]


class OneTable(App[None]):
    def compose(self) -> ComposeResult:
        yield Select[str]([], id="names")
        yield PlainTable(id="table")


@pytest.mark.parametrize("name", ODD)
async def test_a_name_is_shown_as_it_is_and_never_read_as_markup(name: str) -> None:
    app = OneTable()
    async with app.run_test() as pilot:
        table = app.query_one(PlainTable)
        table.add_titles(["Name", name])
        table.add_plain_row([name, "2"], key=name)
        select = app.query_one(Select)
        select.set_options(plain_options([name]))
        select.value = name
        select.expanded = True
        await pilot.pause()
        shown = name.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
        assert table.row_texts(0) == [shown, "2"]
        lines = ["".join(part.text for part in strip) for strip in app.screen._compositor.render_strips()]
        assert sum(shown in line for line in lines) >= 2


async def test_a_table_that_is_filled_anew_is_as_wide_as_its_cells_at_the_first_drawing() -> None:
    app = OneTable()
    async with app.run_test() as pilot:
        table = app.query_one(PlainTable)
        table.fill(["A"], [["1"]])
        await pilot.pause()
        table.fill(["A", "Игра"], [["a long name", "[b]"], ["2", "\x1b"]])
        # Before Textual has had a turn to measure anything.
        line = "".join(part.text for part in table.render_line(1))
        assert line.split() == ["a", "long", "name", "[b]"]
        assert table.row_texts(1) == ["2", "\\x1b"]
