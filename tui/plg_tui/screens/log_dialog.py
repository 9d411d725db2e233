"""The last lines of the log of a tunnel in the background."""

from collections.abc import Iterable
from typing import Final

from textual import on
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Button

from plg.cli.language import _
from plg.cli.output import safe_text
from plg.machine.service_log import LOG_NAME, last_lines, open_log
from plg.tunnel.runtime_place import RuntimePlace
from plg_tui.screens.dialogs import Dialog
from plg_tui.widgets.plain_text import PlainText

SHOWN_LINES: Final = 200
"""Implementation. More is what `plg logs` is for."""


def log_text(place: RuntimePlace) -> str:
    """The last lines, or why there are none."""
    try:
        stream = open_log(place.directory)
        if stream is None:
            return _("there is no log: no tunnel has run in the background yet")
        with stream:
            lines = last_lines(stream, SHOWN_LINES)
    except OSError as error:
        path = safe_text(str(place.directory / LOG_NAME))
        return _("cannot read {path}: {why}").format(path=path, why=error.strerror or error)
    return "\n".join(safe_text(line.decode(errors="replace")) for line in lines) or _("The log is empty.")


class LogDialog(Dialog[None]):
    """Opens at the end."""

    CSS = """
    LogDialog > Vertical { width: 95%; height: 90%; }
    LogDialog VerticalScroll { height: 1fr; }
    """

    def __init__(self, place: RuntimePlace) -> None:
        super().__init__()
        self._place = place

    def content(self) -> Iterable[Widget]:
        yield PlainText(safe_text(str(self._place.directory / LOG_NAME)), classes="title")
        with VerticalScroll():
            yield PlainText(log_text(self._place), id="lines")
        yield Button(_("Back"), id="back", compact=True)

    def on_mount(self) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.focus()
        # Not one scroll after the next drawing: the height of the text may be known later than that.
        scroll.anchor()

    @on(Button.Pressed)
    def _back(self) -> None:
        self.dismiss(None)
