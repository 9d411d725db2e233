"""The relays: how far each is at this moment, what it would be worth for a game, and why. Enter connects through one."""

from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.coordinate import Coordinate
from textual.css.query import NoMatches
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import DataTable

from plg.api.errors import ApiError
from plg.cli.api_failures import explain_api_error
from plg.cli.language import N_, _
from plg.cli.output import safe_text
from plg.tunnel.capture_plan import GameNotCarried
from plg_tui import relay_words as words
from plg_tui.connecting import ConnectWish
from plg_tui.relay_board import RelayBoard, RelayLine, SortBy
from plg_tui.relay_watch import RelayWatch, WatchState
from plg_tui.screens.game_dialog import GameDialog
from plg_tui.screens.page import WIDE_COLUMNS, Page
from plg_tui.widgets.plain_text import PlainText


class RelaysScreen(Page):
    NAME = "relays"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "connect", N_("Connect"), show=False),
        Binding("g", "choose_game", N_("Game"), id="choose_game"),
        Binding("s", "sort", N_("Sort"), id="sort"),
        Binding("r", "reverse", N_("Reverse"), id="reverse"),
        Binding("m", "measure", N_("Measure now"), id="measure"),
        Binding("l", "app.log_in", N_("Log in"), id="log_in"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sort_by = SortBy.BEST
        self._reverse = False
        self._lines: list[RelayLine] = []
        self._shown: tuple[object, ...] = ()

    def content(self) -> Iterable[Widget]:
        yield PlainText(id="relays-state")
        yield PlainText(id="relays-verdict")
        yield PlainText(id="relays-note")
        yield DataTable[Text](id="relays", cursor_type="row", zebra_stripes=False)
        with VerticalScroll(id="about"):
            yield PlainText(id="about-relay")

    def on_mount(self) -> None:
        board = RelayBoard()
        app = self.dashboard
        directory = app.invocation.settings.directory
        self.watching = RelayWatch(board, app.desk.signed, directory, app.clock, self._measured)
        self.watching.game = self._game()
        self._table().focus()
        self.show()
        self.watching.visible.set()
        self._measure()

    @work(exclusive=True, group="relays")
    async def _measure(self) -> None:
        await self.watching.run()

    def on_screen_suspend(self) -> None:
        """Something lies over it: nothing is measured that nobody sees."""
        self.watching.visible.clear()

    def on_screen_resume(self) -> None:
        if self.is_mounted and self._lines:
            self.watching.look_again()  # somebody may have logged in meanwhile
        if self.is_mounted:
            self.watching.visible.set()

    def tunnel_changed(self) -> None:
        if self._game() != self.watching.game:
            self.watching.choose_game(self._game())
            self.show()

    def _game(self) -> str | None:
        """The game that was chosen here or connected last, else the one that is carried."""
        status = self.dashboard.status
        return self.dashboard.chosen_game or (status.game if status is not None else None)

    def _table(self) -> "DataTable[Text]":
        return self.query_one("#relays", DataTable)

    # --- what is shown ---------------------------------------------------------------------------------------------------

    def _measured(self) -> None:
        with suppress(NoMatches):  # a screen that is just closing has lost its parts
            self.show()

    def show(self) -> None:
        """The newest of everything."""
        watch = self.watching
        self._lines = watch.board.lines(self._sort_by, reverse=self._reverse)
        note = self._note(watch.state)
        self.query_one("#relays-note", PlainText).show(note)
        self._table().display = bool(self._lines)
        self.query_one("#about").display = bool(self._lines)
        self.query_one("#relays-state", PlainText).show(self._state() if self._lines else "")
        found = watch.board.found
        self.query_one("#relays-verdict", PlainText).show(words.verdict(found) if found is not None else "")
        self._fill()
        self._about()

    def _state(self) -> str:
        parts = [words.count(self._lines)]
        game = self.watching.game
        if game is None:
            parts.append(_("g chooses a game: then the whole way to it is shown"))
        elif self.watching.board.found is None and self.watching.state.game_trouble is None:
            parts.append(_("to {game}, measuring its ways …").format(game=safe_text(game)))
        else:
            parts.append(_("to {game}").format(game=safe_text(game)))
        if game is not None:
            parts.append(_("Enter connects"))
        return "   ".join(parts)

    def _note(self, state: WatchState) -> str:
        """What stands in the way, each with the next step."""
        if isinstance(state.trouble, ApiError):
            told = explain_api_error(state.trouble)
            text = f"✕ {told.message}\n{told.next_step or ''}".rstrip()
            return text + "\n" + _("It is tried again every few seconds; m tries at once.")
        if not state.listed:
            return _("◌ Asking the server for its relays …")
        if not self._lines:
            return _("No relay is up.") + "\n" + _("An operator starts one with: plg relay run")
        if state.signed_in is False:
            return _("Pings are measured once you are logged in: press l.")
        if isinstance(state.game_trouble, GameNotCarried):
            text = _("PLG does not carry {game}; g chooses another game.")
            return text.format(game=safe_text(state.game_trouble.game))
        if isinstance(state.game_trouble, ApiError):
            return explain_api_error(state.game_trouble).message + "   " + _("g chooses another game.")
        return ""

    def _fill(self) -> None:
        """The table anew where its shape has changed, else only the cells that have."""
        table = self._table()
        columns = words.columns(wide=self.size.width >= WIDE_COLUMNS, for_game=self.watching.game is not None)
        rows = [words.cells(line, columns, self.dashboard.marks) for line in self._lines]
        titles = [words.titled(column, self._sort_by, reverse=self._reverse) for column in columns]
        shape = (tuple(titles), tuple(line.node.id for line in self._lines))
        if shape != self._shown:
            self._shown = shape
            under_cursor = self._under_cursor()
            table.clear(columns=True)
            for column, title in zip(columns, titles, strict=True):
                table.add_column(Text(title), width=column.width, key=column.sort_by or column.title)
            for line, row in zip(self._lines, rows, strict=True):
                table.add_row(*(Text(safe_text(cell)) for cell in row), key=line.node.id)
            place = next((n for n, line in enumerate(self._lines) if line.node.id == under_cursor), 0)
            table.move_cursor(row=place, animate=False)
            return
        for place, row in enumerate(rows):
            for number, text in enumerate(row):
                where = Coordinate(place, number)
                if table.get_cell_at(where).plain != text:
                    table.update_cell_at(where, Text(safe_text(text)))

    def _under_cursor(self) -> str | None:
        table = self._table()
        if not table.row_count or not table.is_valid_coordinate(table.cursor_coordinate):
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    @on(DataTable.RowHighlighted)
    def _about(self) -> None:
        node_id = self._under_cursor()
        line = next((line for line in self._lines if line.node.id == node_id), None)
        found = self.watching.board.found
        text = "\n".join(words.about(line, found)) if line is not None else ""
        self.query_one("#about-relay", PlainText).show(text)

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        if self._table().columns:
            self.show()

    # --- keys ------------------------------------------------------------------------------------------------------------

    @on(DataTable.HeaderSelected)
    def _header(self, event: DataTable.HeaderSelected) -> None:
        value = event.column_key.value
        if value not in set(SortBy):
            return
        chosen = SortBy(value)
        self._reverse = not self._reverse if chosen is self._sort_by else False
        self._sort_by = chosen
        self.show()

    def action_sort(self) -> None:
        """By the next column; after the last one as at first, best first."""
        columns = words.columns(wide=self.size.width >= WIDE_COLUMNS, for_game=self.watching.game is not None)
        orders = [SortBy.BEST, *(column.sort_by for column in columns if column.sort_by is not None)]
        self._sort_by = (
            orders[(orders.index(self._sort_by) + 1) % len(orders)] if self._sort_by in orders else orders[0]
        )
        self._reverse = False
        self.show()

    def action_reverse(self) -> None:
        self._reverse = not self._reverse
        self.show()

    def action_measure(self) -> None:
        self.watching.look_again()

    def action_choose_game(self) -> None:
        self.app.push_screen(GameDialog(self.dashboard.desk), self._game_chosen)

    def _game_chosen(self, slug: str | None) -> None:
        if slug is not None:
            self.dashboard.chosen_game = slug
            self.watching.choose_game(slug)
            self.show()

    @on(DataTable.RowSelected)
    def _row_selected(self) -> None:
        self._connect()

    def action_connect(self) -> None:
        self._connect()

    def _connect(self) -> None:
        """Through the relay under the cursor; asks for the game first where none is chosen."""
        node_id = self._under_cursor()
        line = next((line for line in self._lines if line.node.id == node_id), None)
        if line is None:
            return
        if self.watching.game is None:
            self.app.push_screen(GameDialog(self.dashboard.desk), lambda slug: self._connect_game(slug, line))
            return
        self._connect_game(self.watching.game, line)

    def _connect_game(self, slug: str | None, line: RelayLine) -> None:
        if slug is not None:
            self.dashboard.connect_anew(ConnectWish(slug, node=line.node.id), safe_text(line.node.name))
