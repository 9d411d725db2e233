"""The bar with the screens at the top, and the bar with the keys at the bottom, both in the language in use and never wider than the screen."""

from typing import Final

from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from plg.cli.language import N_, _

SCREENS = (
    ("session", "F2", N_("Session")),
    ("games", "F3", N_("Games")),
    ("relays", "F4", N_("Relays")),
    ("settings", "F5", N_("Settings")),
    ("history", "F6", N_("History")),
    ("subscription", "F7", N_("Plan")),
    ("help", "F1", N_("Help")),
)
"""Name, key and title of each screen, in the order of the bar."""

PALETTE: Final = "app.command_palette"
_KEY_NAMES: Final = {"space": N_("Space"), "enter": N_("Enter")}
"""Keys whose name is a word."""


class TopBar(Static):
    """Every screen with its key; a click opens it. The open one stands in brackets, for eyes that see no colour."""

    DEFAULT_CSS = "TopBar { dock: top; height: 1; background: $panel; color: $text; }"

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        """As much as there is room for: with the name, without it, at last the keys alone."""
        forms = (self._content(named=True), self._content(named=False), self._content(named=False, short=True))
        self.update(next((form for form in forms if form.cell_length <= self.size.width), forms[-1]))

    def _content(self, *, named: bool, short: bool = False) -> Content:
        parts = [Content.styled(" PLG ", "bold $primary")] if named else []
        own_keys = self._own_keys()
        for name, usual, title in SCREENS:
            key = own_keys.get(f"open_screen('{name}')", usual)
            words = key if short and name != self._current else f"{key} {_(title)}"
            text = f"[{words}]" if name == self._current else f" {words} "
            style = "bold" if name == self._current else ""
            parts.append(Content(text).stylize(f"{style} @click=app.open_screen('{name}')".strip()))
        return Content("").join(parts)

    def _own_keys(self) -> dict[str, str]:
        """What the player's own keys make of it, by action."""
        found: dict[str, str] = {}
        for active in self.screen.active_bindings.values():
            found.setdefault(active.binding.action, self.app.get_key_display(active.binding).upper())
        return found


class KeyBar(Static):
    """The keys that work here; a click is as good as the key. What has no room is left out from the end, the palette never."""

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; background: $panel; color: $foreground; }"

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def on_resize(self) -> None:
        self._draw()

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self._draw()

    def _draw(self) -> None:
        shown, palette = [], Content("")
        actions = set()
        for active in self.screen.active_bindings.values():
            action = active.binding.action
            if action.removeprefix("app.") == PALETTE.removeprefix("app."):
                palette = self._key(active)
            elif active.binding.show and active.enabled and action not in actions:
                actions.add(action)
                shown.append(self._key(active))
        room = self.size.width - palette.cell_length
        left = Content("")
        for part in shown:
            if left.cell_length + part.cell_length > room:
                break
            left += part
        self.update(left + Content(" " * max(0, room - left.cell_length)) + palette)

    def _key(self, active: ActiveBinding) -> Content:
        binding = active.binding
        name = self.app.get_key_display(binding)
        key = Content.styled(f" {_(_KEY_NAMES.get(name, '')) or name}", "bold $primary")
        return (key + Content(f" {_(binding.description)} ")).stylize(f"@click=app.simulate_key('{binding.key}')")
