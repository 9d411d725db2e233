"""The command palette: everything the dashboard does, by name, in the language in use."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from plg.cli.language import _
from plg_tui.widgets.bars import SCREENS

if TYPE_CHECKING:
    from plg_tui.app import Dashboard


def _nothing() -> None:
    """Chosen: the palette closes."""


class DashboardCommands(Provider):
    """Found by any part of their names."""

    async def discover(self) -> Hits:
        for name, act in self._commands():
            yield DiscoveryHit(name, act)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        found = [(score, name, act) for name, act in self._commands() if (score := matcher.match(name)) > 0]
        for score, name, act in found:
            yield Hit(score, matcher.highlight(name), act)
        if not found:
            # The palette's own words for this are English only.
            yield Hit(1.0, _("No command is called that"), _nothing)

    def _commands(self) -> list[tuple[str, Callable[[], object]]]:
        app = cast("Dashboard", self.app)

        def opening(name: str) -> Callable[[], object]:
            return lambda: app.action_open_screen(name)

        found: list[tuple[str, Callable[[], object]]] = [
            (_("Open: {screen}").format(screen=_(title)), opening(name)) for name, _key, title in SCREENS
        ]
        found += [
            (_("Change the theme"), app.action_other_theme),
            (_("Change the language"), app.action_other_language),
        ]
        found.append((_("Log in"), app.action_log_in))
        if app.status is not None:
            found.append((_("Disconnect"), app.action_disconnect))
        found.append((_("Leave the dashboard"), app.action_leave))
        return found
