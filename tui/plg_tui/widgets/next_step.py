"""What stands where nothing can be shown yet: why, and what to do about it, with a button that does it."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Button

from plg_tui.widgets.plain_text import PlainText


class NextStep(Vertical):
    """Hidden until `say`."""

    DEFAULT_CSS = """
    NextStep { height: auto; padding: 1 2; display: none; }
    NextStep PlainText { max-width: 90; }
    NextStep Button { margin-top: 1; }
    """

    class Taken(Message):
        """The button was pressed."""

        def __init__(self, step: str) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._step = ""

    def compose(self) -> ComposeResult:
        yield PlainText(id="why")
        yield Button("", id="act", compact=True, variant="primary")

    def say(self, why: str, step: str = "", label: str = "") -> None:
        """`step` comes back in Taken when the button `label` is pressed; without a label there is no button."""
        self._step = step
        self.query_one("#why", PlainText).show(why)
        button = self.query_one("#act", Button)
        button.label = label
        button.display = bool(label)
        self.display = True

    def hide(self) -> None:
        self.display = False

    @on(Button.Pressed, "#act")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Taken(self._step))
