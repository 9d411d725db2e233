"""The games: found while typing, those of this machine first, connected by Enter; the one under the cursor explained beside them."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.widget import Widget
from textual.widgets import DataTable, Input, Select

from plg.api.errors import ApiError
from plg.cli.api_failures import explain_api_error
from plg.cli.cli_error import CliError
from plg.cli.game_view import transport_word
from plg.cli.language import N_, _, ngettext
from plg.contract.games import GamePage, GameSummary
from plg_tui.config_choices import ConfigChoices
from plg_tui.connecting import ConnectWish
from plg_tui.favourites import FavouritesNotKept, load_favourites, toggle_favourite
from plg_tui.game_order import Known, list_badges, mark, ordered
from plg_tui.local_games import LocalGames, look_around
from plg_tui.screens.connect_dialog import ConnectDialog
from plg_tui.screens.page import Page
from plg_tui.widgets.game_pane import GamePane
from plg_tui.widgets.plain_table import PlainTable, plain_options
from plg_tui.widgets.plain_text import PlainText

if TYPE_CHECKING:
    from plg.contract.sessions import SessionRecord

PAUSE_S: Final = 0.12
"""Implementation. So long nothing is typed before the server is asked: between two keys of a quick typist."""
LOOK_EVERY_S: Final = 4.0
"""Implementation. A game that was just started moves to the top before its menu is there; a look at 270 games costs 20 ms of a thread."""
RECENT_SESSIONS: Final = 50
"""Implementation. Enough to know what was played lately, in one answer."""


class GamesScreen(Page):
    NAME = "games"
    SCOPED_CSS = False  # the classes of the width stand on the screen itself
    CSS = """
    GamesScreen #body { height: 1fr; layout: horizontal; }
    GamesScreen #games { width: 1fr; }
    GamesScreen #pane { width: 46; }
    GamesScreen.-narrow #body { layout: vertical; }
    GamesScreen.-narrow #pane { width: 100%; height: 9; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "to_table", show=False),
        Binding("escape", "to_search", N_("Search"), show=False),
        Binding("slash", "to_search", N_("Search"), show=False),
        Binding("f", "favourite", N_("Favourite"), id="favourite"),
        Binding("ctrl+o", "options", N_("Connect with options"), id="options"),
        Binding("f8", "app.disconnect", N_("Disconnect")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._found: Sequence[GameSummary] = ()
        self._shown: dict[str, GameSummary] = {}
        self._known = Known()
        self._last: dict[str, SessionRecord] = {}
        self._looked = False

    def content(self) -> Iterable[Widget]:
        with Horizontal(id="search"):
            yield Input(self.dashboard.query_text, placeholder=_("Search a game"), id="query", compact=True)
            yield Select[str]([], prompt=_("All categories"), id="category", compact=True)
        yield PlainText(id="state", classes="bar")
        with Container(id="body"):
            yield PlainTable(id="games")
            yield GamePane(id="pane")

    def on_mount(self) -> None:
        self._table().add_titles(("", _("Game"), _("Transport"), _("Category"), _("Badge")))
        self._known = Known(favourites=load_favourites(self.dashboard.preferences_file.parent))
        self.query_one("#query").focus()
        self._search(0.0)
        self._ask_history()
        self.set_interval(LOOK_EVERY_S, self._look)

    def _table(self) -> PlainTable:
        return self.query_one("#games", PlainTable)

    # --- what the server knows -------------------------------------------------------------------------------------------

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
        if self.was_left():
            return
        chosen = self.query_one("#category", Select).value
        category = chosen if isinstance(chosen, str) else None
        try:
            found = await self.dashboard.desk.games(self.dashboard.query_text, category)
        except ApiError as error:
            told = explain_api_error(error)
            if not self.was_left():
                self._say(f"{told.message}. {told.next_step or ''}")
            return
        if self.was_left():
            return
        self._take(found)
        if category is None and not self.dashboard.query_text.strip():
            self._offer_categories(found)
        self._look()

    @work(exclusive=True, group="history")
    async def _ask_history(self) -> None:
        """What was played lately; without a login, or without the server, nothing was."""
        try:
            page = await self.dashboard.desk.sessions(limit=RECENT_SESSIONS)
        except (ApiError, CliError):
            return
        if self.was_left():
            return
        for record in page.sessions:
            self._last.setdefault(record.game, record)
        self._learn(recent=tuple(self._last))

    # --- what this machine and this person know --------------------------------------------------------------------------

    def _look(self) -> None:
        if self.is_current and self._found:
            self._look_around(tuple(self._found))

    @work(exclusive=True, group="look")
    async def _look_around(self, games: Sequence[GameSummary]) -> None:
        local = await asyncio.to_thread(look_around, games)
        if self.was_left():
            return
        if local != self._known.local:
            self._learn(local=local)
            if not self._looked and not self._table().has_focus:
                self._table().move_cursor(row=0)  # the game that runs, before anybody has chosen another one
        self._looked = True

    def _learn(
        self,
        *,
        local: LocalGames | None = None,
        favourites: frozenset[str] | None = None,
        recent: Sequence[str] | None = None,
    ) -> None:
        known = self._known
        self._known = Known(
            known.local if local is None else local,
            known.favourites if favourites is None else favourites,
            known.recent if recent is None else recent,
        )
        self._fill(keep=self._chosen())
        self._explain()

    def action_favourite(self) -> None:
        """Mark the game under the cursor, or take its mark away."""
        slug = self._chosen()
        if slug is None:
            return
        try:
            marked = toggle_favourite(self.dashboard.preferences_file.parent, slug)
        except FavouritesNotKept as error:
            text = _("The choice could not be kept: {why}").format(why=error.why)
            self.notify(text, severity="warning", markup=False)
            return
        self._learn(favourites=marked)

    # --- the list --------------------------------------------------------------------------------------------------------

    def _take(self, found: GamePage) -> None:
        self._found = found.games
        self._fill(keep=None)
        count = ngettext("{n} game", "{n} games", found.total).format(n=found.total)
        hint = _("Enter connects") if found.games else _("A server that has no profile: plg connect GAME --target")
        self._say(f"{count}   {hint}")
        self._explain()

    def _fill(self, *, keep: str | None) -> None:
        """Lists the games anew, with the cursor on the game `keep`, or on the first one."""
        table = self._table()
        self._shown = {game.slug: game for game in ordered(self._found, self._known)}
        with self.app.batch_update(), self.prevent(DataTable.RowHighlighted):
            table.clear()
            for game in self._shown.values():
                word = mark(game.slug, self._known)
                cells = (word, game.name, transport_word(game.transport), game.category, list_badges(game))
                table.add_plain_row(cells, key=game.slug)
            if keep is not None and keep in self._shown:
                table.move_cursor(row=table.get_row_index(keep))

    def _offer_categories(self, found: GamePage) -> None:
        known = sorted({game.category for game in found.games})
        self.query_one("#category", Select).set_options(plain_options(known))

    def _say(self, text: str) -> None:
        self.query_one("#state", PlainText).show(text)

    def _chosen(self) -> str | None:
        table = self._table()
        if not self._shown or not table.is_valid_coordinate(table.cursor_coordinate):
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    @on(DataTable.RowHighlighted)
    def _explain(self) -> None:
        slug = self._chosen()
        pane = self.query_one(GamePane)
        if slug is None:
            pane.clear()
        else:
            pane.explain(self._shown[slug], self._known, self._last.get(slug))

    # --- intents ---------------------------------------------------------------------------------------------------------

    @on(Input.Submitted, "#query")
    @on(DataTable.RowSelected)
    @on(GamePane.Connect)
    def _enter(self) -> None:
        slug = self._chosen()
        if slug is not None:
            self.dashboard.connect(ConnectWish(slug))

    @on(GamePane.Options)
    def action_options(self) -> None:
        """Ask for a game server, the way of capture and the mode, then connect."""
        slug = self._chosen()
        if slug is not None:
            dialog = ConnectDialog(slug, self._shown[slug].name, capture=self._capture_setting())
            self.app.push_screen(dialog, self.dashboard.connect)

    def _capture_setting(self) -> str:
        """The way that config.toml or the environment sets; a damaged file is told when it is connected."""
        try:
            return ConfigChoices(self.dashboard.invocation).value("capture")
        except CliError:
            return ""

    def action_to_table(self) -> None:
        self._table().focus()

    def action_to_search(self) -> None:
        self.query_one("#query").focus()
