"""Where to pay: the link, the amount and the code; the payment itself is between the person and the provider."""

import os
import sys
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button

from plg.cli.language import _
from plg.contract.billing import Checkout
from plg_tui.plan_words import checkout_lines
from plg_tui.screens.dialogs import Dialog
from plg_tui.widgets.plain_text import PlainText


def is_web_link(link: str) -> bool:
    """Whether a browser may be sent there: a server could name anything."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and link.isprintable()


def has_browser(environ: Mapping[str, str], *, in_browser: bool) -> bool:
    """Whether a window can be opened for this person. Not by root, whose browser it would be; not where a text browser would draw here."""
    if in_browser or sys.platform == "win32":
        return True
    if os.geteuid() == 0:
        return False
    return sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


class PayDialog(Dialog[bool]):
    """Gives nothing back: whether it was paid, the server says."""

    def __init__(self, checkout: Checkout, *, can_open: bool) -> None:
        super().__init__()
        self._checkout = checkout
        self._can_open = can_open and is_web_link(checkout.link)

    def content(self) -> Iterable[Widget]:
        yield PlainText(_("Pay"), classes="title")
        yield PlainText("\n".join(checkout_lines(self._checkout)), id="how")
        with Horizontal():
            if self._can_open:
                yield Button(_("Open the link"), id="open", compact=True, variant="primary")
            yield Button(_("Copy the link"), id="copy", compact=True)
            yield Button(_("Back"), id="back", compact=True)

    @on(Button.Pressed, "#open")
    def _open(self) -> None:
        self.app.open_url(self._checkout.link)

    @on(Button.Pressed, "#copy")
    def _copy(self) -> None:
        self.app.copy_to_clipboard(self._checkout.link)

    @on(Button.Pressed, "#back")
    def _back(self) -> None:
        self.dismiss(None)
