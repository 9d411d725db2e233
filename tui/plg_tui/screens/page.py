"""What all screens of the dashboard share: the bars, and their app."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from plg_tui.widgets.bars import KeyBar, TopBar

if TYPE_CHECKING:
    from plg_tui.app import Dashboard


class Page(Screen[None]):
    """A screen of the top bar. Screens are made anew whenever they are opened, so a change of language needs nothing else."""

    NAME: ClassVar[str]

    @property
    def dashboard(self) -> "Dashboard":
        return cast("Dashboard", self.app)

    def compose(self) -> ComposeResult:
        yield TopBar(self.NAME)
        yield from self.content()
        yield KeyBar()

    def content(self) -> Iterable[Widget]:
        """What stands between the bars."""
        raise NotImplementedError

    def tunnel_changed(self) -> None:
        """The app has another status; at most ten times a second."""
