"""What all screens of the dashboard share: the bars, their app, and how little room is too little."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget

from plg.cli.language import _
from plg_tui.widgets.bars import KeyBar, TopBar
from plg_tui.widgets.plain_text import PlainText

if TYPE_CHECKING:
    from plg_tui.app import Dashboard

LEAST_COLUMNS: Final = 60
LEAST_LINES: Final = 16
"""Implementation. Below this a table shows no row and a graph no shape: a sentence instead."""
WIDE_COLUMNS: Final = 100
LOW_LINES: Final = 22
HIGH_LINES: Final = 30
"""Implementation. From here on there is room for all columns, for all parts, and for frames."""


class Page(Screen[None]):
    """A screen of the top bar. Screens are made anew whenever they are opened, so a change of language needs nothing else.

    By its size it has the classes -narrow or -wide, and -tiny, -low or -high.
    """

    NAME: ClassVar[str]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_COLUMNS, "-wide")]  # noqa: RUF012 - Textual's own way
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (LOW_LINES, "-low"), (HIGH_LINES, "-high")]  # noqa: RUF012 - Textual's own way

    @property
    def dashboard(self) -> "Dashboard":
        return cast("Dashboard", self.app)

    def compose(self) -> ComposeResult:
        yield TopBar(self.NAME)
        yield from self.content()
        yield KeyBar()
        yield PlainText(id="too-small")

    def content(self) -> Iterable[Widget]:
        """What stands between the bars."""
        raise NotImplementedError

    def on_resize(self, event: Resize) -> None:
        width, height = event.size
        too_small = width < LEAST_COLUMNS or height < LEAST_LINES
        text = _("Too little room: {width}x{height}, needed are {least_width}x{least_height}. Make the window larger.")
        words = text.format(width=width, height=height, least_width=LEAST_COLUMNS, least_height=LEAST_LINES)
        self.query_one("#too-small", PlainText).show(words if too_small else "")

    def was_left(self) -> bool:
        """Whether it is being closed: an answer that comes now finds its widgets gone, and nobody to show it to."""
        return not (self.is_attached and self.display)

    def tunnel_changed(self) -> None:
        """The app has another status; at most ten times a second."""
