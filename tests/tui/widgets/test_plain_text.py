"""Text that stays text."""

from textual.app import App, ComposeResult

from plg_tui.widgets.plain_text import PlainText


class TextApp(App[None]):
    def compose(self) -> ComposeResult:
        yield PlainText("begin")


async def test_markup_from_outside_is_shown_and_not_obeyed() -> None:
    app = TextApp()
    async with app.run_test(size=(40, 3)) as pilot:
        text = app.query_one(PlainText)
        text.show("[bold]a name[/] [@click=app.quit]x[/]")
        await pilot.pause()
        assert text.shown == "[bold]a name[/] [@click=app.quit]x[/]"
        assert "[bold]a name[/]" in text.render_line(0).text


async def test_an_empty_text_takes_no_room() -> None:
    app = TextApp()
    async with app.run_test():
        text = app.query_one(PlainText)
        text.show("")
        assert not text.display
        text.show("again")
        assert text.display
