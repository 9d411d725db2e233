"""The command palette: everything the dashboard does, by name, in the language in use."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from plg.cli.language import _
from plg_tui.widgets.bars import SCREENS

if TYPE_CHECKING:
    from plg_tui.app import Dashboard


class DashboardCommands(Provider):
    """Found by any part of their names."""

    async def discover(self) -> Hits:
        for name, act in self._commands():
            yield DiscoveryHit(name, act)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, act in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), act)

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
