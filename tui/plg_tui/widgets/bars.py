"""The bar with the screens at the top, and the bar with the keys at the bottom, both in the language in use."""

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Footer, Static
from textual.widgets._footer import FooterKey

from plg.cli.language import N_, _

SCREENS = (
    ("session", "F2", N_("Session")),
    ("games", "F3", N_("Games")),
    ("settings", "F5", N_("Settings")),
    ("history", "F6", N_("History")),
    ("subscription", "F7", N_("Plan")),
    ("help", "F1", N_("Help")),
)
"""Name, key and title of each screen, in the order of the bar."""


class TopBar(Static):
    """Every screen with its key; a click opens it. The open one stands in brackets, for eyes that see no colour."""

    DEFAULT_CSS = "TopBar { dock: top; height: 1; background: $panel; color: $text; }"

    def __init__(self, current: str) -> None:
        parts = [Content.styled(" PLG ", "bold $primary")]
        for name, key, title in SCREENS:
            text = f"[{key} {_(title)}]" if name == current else f" {key} {_(title)} "
            style = "bold" if name == current else ""
            parts.append(Content(text).stylize(f"{style} @click=app.open_screen('{name}')".strip()))
        super().__init__(Content("").join(parts))


class KeyBar(Footer):
    """The keys that work here."""

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            if isinstance(widget, FooterKey):
                widget.description = _(widget.description)
                widget.tooltip = None
            yield widget
