"""What stands where nothing can be shown yet."""

from textual.app import App, ComposeResult
from textual.widgets import Button

from plg_tui.widgets.next_step import NextStep


class OneStep(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    def compose(self) -> ComposeResult:
        yield NextStep()

    def on_next_step_taken(self, message: NextStep.Taken) -> None:
        self.taken.append(message.step)


async def test_it_takes_no_room_until_it_says_something() -> None:
    app = OneStep()
    async with app.run_test():
        step = app.query_one(NextStep)
        seen = [step.display]
        step.say("Nothing yet")
        seen.append(step.display)
        step.hide()
        assert [*seen, step.display] == [False, True, False]


async def test_its_button_gives_the_step_s_name_and_is_there_only_with_a_label() -> None:
    app = OneStep()
    async with app.run_test() as pilot:
        step = app.query_one(NextStep)
        step.say("Nobody is logged in", "login", "Log in")
        await pilot.pause()
        await pilot.click(Button)
        await pilot.pause()
        assert app.taken == ["login"]
        step.say("Asking")
        assert not step.query_one(Button).display
