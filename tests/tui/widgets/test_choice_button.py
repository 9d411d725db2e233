"""Marks that are not colour alone."""

from textual.app import App, ComposeResult

from plg_tui.widgets.choice_button import ChoiceBox, ChoiceButton


class MarksApp(App[None]):
    def compose(self) -> ComposeResult:
        yield ChoiceButton("one", True, id="one")
        yield ChoiceButton("two", id="two")
        yield ChoiceBox("three", True, id="three")
        yield ChoiceBox("four", id="four")


async def test_only_what_is_chosen_has_a_mark() -> None:
    app = MarksApp()
    async with app.run_test():
        inner = {name: app.query_one(f"#{name}", ChoiceButton).BUTTON_INNER for name in ("one", "two")}
        inner |= {name: app.query_one(f"#{name}", ChoiceBox).BUTTON_INNER for name in ("three", "four")}
    assert inner == {"one": "●", "two": " ", "three": "X", "four": " "}
