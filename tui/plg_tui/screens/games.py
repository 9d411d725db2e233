"""The games: found while typing, connected by Enter."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import DataTable, Input, Select

from plg.api.errors import ApiError
from plg.cli.api_failures import explain_api_error
from plg.cli.game_view import transport_word
from plg.cli.language import N_, _, ngettext
from plg.cli.output import safe_text
from plg.contract.games import GamePage, GameSummary
from plg_tui.connecting import ConnectWish
from plg_tui.screens.connect_dialog import ConnectDialog
from plg_tui.screens.page import Page
from plg_tui.widgets.plain_text import PlainText

PAUSE_S: Final = 0.12
"""Implementation. So long nothing is typed before the server is asked: between two keys of a quick typist."""


class GamesScreen(Page):
    NAME = "games"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "to_table", show=False),
        Binding("escape", "to_search", N_("Search"), show=False),
        Binding("slash", "to_search", N_("Search"), show=False),
        Binding("ctrl+o", "options", N_("Connect with options")),
        Binding("f8", "app.disconnect", N_("Disconnect")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._games: dict[str, GameSummary] = {}

    def content(self) -> Iterable[Widget]:
        with Horizontal(id="search"):
            yield Input(self.dashboard.query_text, placeholder=_("Search a game"), id="query", compact=True)
            yield Select[str]([], prompt=_("All categories"), id="category", compact=True)
        yield PlainText(id="state", classes="bar")
        yield DataTable[str](id="games", cursor_type="row", zebra_stripes=False)

    def on_mount(self) -> None:
        table = self._table()
        for title in (_("Game"), _("Category"), _("Badge"), _("Transport")):
            table.add_column(title)
        self.query_one("#query").focus()
        self._search(0.0)

    def _table(self) -> "DataTable[str]":
        return self.query_one("#games", DataTable)

    @on(Input.Changed, "#query")
    def _typed(self, event: Input.Changed) -> None:
        self.dashboard.query_text = event.value
        self._search(PAUSE_S)

    @on(Select.Changed, "#category")
    def _category_chosen(self) -> None:
        self._search(0.0)

    @work(exclusive=True, group="search")
    async def _search(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        chosen = self.query_one("#category", Select).value
        category = chosen if isinstance(chosen, str) else None
        try:
            found = await self.dashboard.desk.games(self.dashboard.query_text, category)
        except ApiError as error:
            told = explain_api_error(error)
            self._say(f"{told.message}. {told.next_step or ''}")
            return
        self._show(found)
        if category is None and not self.dashboard.query_text.strip():
            self._offer_categories(found)

    def _show(self, found: GamePage) -> None:
        table = self._table()
        table.clear()
        self._games = {game.slug: game for game in found.games}
        for game in found.games:
            table.add_row(
                safe_text(game.name),
                safe_text(game.category),
                f"★ {safe_text(game.badge)}" if game.badge else "",
                transport_word(game.transport),
                key=game.slug,
            )
        count = found.total
        self._say(ngettext("{n} game", "{n} games", count).format(n=count) + "   " + _("Enter connects"))

    def _offer_categories(self, found: GamePage) -> None:
        known = sorted({game.category for game in found.games})
        self.query_one("#category", Select).set_options([(safe_text(name), name) for name in known])

    def _say(self, text: str) -> None:
        self.query_one("#state", PlainText).show(text)

    def _chosen(self) -> str | None:
        table = self._table()
        if not self._games or not table.is_valid_coordinate(table.cursor_coordinate):
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    @on(Input.Submitted, "#query")
    @on(DataTable.RowSelected)
    def _enter(self) -> None:
        slug = self._chosen()
        if slug is not None:
            self.dashboard.connect(ConnectWish(slug))

    def action_options(self) -> None:
        """Ask for a game server and the way of capture, then connect."""
        slug = self._chosen()
        if slug is not None:
            self.app.push_screen(ConnectDialog(slug, self._games[slug].name), self.dashboard.connect)

    def action_to_table(self) -> None:
        self._table().focus()

    def action_to_search(self) -> None:
        self.query_one("#query").focus()
