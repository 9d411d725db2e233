"""Small questions over a screen. Each gives back what was chosen; Esc means "as it was"."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from plg.cli.language import N_, _
from plg_tui.widgets.plain_text import PlainText

Result = TypeVar("Result")

OPENING_S: Final = 2.0
"""Implementation. A dialog opens in some milliseconds; one that takes longer gets its keys as they come."""


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A box in the middle; keys of the screen below rest meanwhile.

    Keys that come quicker than it draws itself (a quick typist, a password keeper) wait for it, and those that move the focus move it
    before the next key is looked at: what is typed after them never lands in the field before.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_unchanged", N_("Back"), show=False),
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._has_focus = asyncio.Event()

    def on_mount(self) -> None:
        self.watch(self, "focused", self._focus_moved)

    def _focus_moved(self, focused: Widget | None) -> None:
        if focused is not None:
            self._has_focus.set()

    async def opened(self) -> None:
        """Until the first field has the focus."""
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING_S):
                await self._has_focus.wait()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield from self.content()

    def content(self) -> Iterable[Widget]:
        raise NotImplementedError

    def action_dismiss_unchanged(self) -> None:
        self.dismiss(None)


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: its id is the answer."""

    id: str
    label: str


class Question(Dialog[str]):
    """A sentence and a few answers; the first one has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, text: str, *choices: Choice) -> None:
        super().__init__()
        self._text = text
        self._choices = choices

    def content(self) -> Iterable[Widget]:
        yield PlainText(self._text, classes="title")
        with Horizontal():
            for choice in self._choices:
                yield Button(choice.label, id=choice.id, compact=True, variant="primary")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)


def leave_question() -> Question:
    """Asked when the dashboard is left while a tunnel runs: "keep", "end", or None to stay."""
    return Question(
        _("A tunnel is running. Is it to go on without the dashboard?"),
        Choice("keep", _("Let it go on")),
        Choice("end", _("Disconnect")),
        Choice("stay", _("Stay here")),
    )


def match_question() -> Question:
    """Asked when a match is live: "wait", "now", or None to stay connected."""
    return Question(
        _("A match is live: leaving now would break it."),
        Choice("wait", _("When it is over")),
        Choice("now", _("Now")),
        Choice("stay", _("Stay connected")),
    )


def change_question(name: str) -> Question:
    """Asked when a relay is chosen while a tunnel runs: "change", or None to leave everything as it is."""
    return Question(
        _("A tunnel is running. End it and connect through {name}?").format(name=name),
        Choice("change", _("Connect anew")),
        Choice("stay", _("Stay connected")),
    )
