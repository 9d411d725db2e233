"""What was played, and what it gave: sessions with their pings, the groups of gain, and what players and this one measured."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Select, TabbedContent, TabPane

from plg.api.errors import ApiError, NotSignedIn
from plg.cli.cli_error import CliError
from plg.cli.language import N_, _
from plg.contract.sessions import SessionPage, SessionRecord
from plg_tui import history_words as words
from plg_tui.failure_words import failure_words
from plg_tui.history_charts import ping_lines, stretched
from plg_tui.screens.page import WIDE_COLUMNS, Page
from plg_tui.widgets.next_step import NextStep
from plg_tui.widgets.own_benchmarks import OwnBenchmarks
from plg_tui.widgets.ping_graph import PingGraph
from plg_tui.widgets.plain_table import PlainTable, plain_options
from plg_tui.widgets.plain_text import PlainText

if TYPE_CHECKING:
    from plg.contract.benchmarks import BenchmarkSummary

PAGE_SESSIONS: Final = 200
"""Specification (server, GET /v1/sessions): the most that it gives at once."""
TABS: Final = ("sessions", "benchmarks", "mine")
GAIN_CELLS: Final = 40
"""Implementation. The names of the groups in both languages, and a bar that still shows a difference."""


class HistoryScreen(Page):
    NAME = "history"
    SCOPED_CSS = False  # the classes of the width stand on the screen itself
    CSS = """
    HistoryScreen #filter { height: 1; padding: 0 1; }
    HistoryScreen #filter Select { width: 26; }
    HistoryScreen #filter PlainText { width: 1fr; padding-left: 2; }
    HistoryScreen TabbedContent { height: 1fr; }
    HistoryScreen TabPane { padding: 0 1; }
    HistoryScreen Tab { color: $foreground; }
    HistoryScreen SelectCurrent Static#label { color: $foreground; }
    HistoryScreen #charts { height: 12; }
    HistoryScreen.-narrow Select { width: 20; }
    HistoryScreen.-narrow #charts { height: 7; }
    HistoryScreen #lines { width: 1fr; }
    HistoryScreen #gains { width: 40; padding-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "other_tab", N_("Sessions or benchmarks"), id="other_tab"),
        Binding("o", "turn(1)", N_("Older"), id="older"),
        Binding("n", "turn(-1)", N_("Newer"), id="newer"),
        Binding("r", "ask_again", N_("Ask again"), id="ask_again"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._page = SessionPage(sessions=[], total=0, limit=PAGE_SESSIONS, offset=0)
        self._benchmarks: Sequence[BenchmarkSummary] = ()
        self._offset = 0
        self._is_wide = False
        self._signed_out = False

    def content(self) -> Iterable[Widget]:
        with Horizontal(id="filter"):
            yield Select[str]([], prompt=_("All games"), id="game", compact=True)
            yield PlainText(id="totals")
        with TabbedContent(initial="sessions"):
            with TabPane(_("Sessions"), id="sessions"):
                yield NextStep(id="sessions-state")
                with Vertical(id="sessions-body"):
                    with Horizontal(id="charts"):
                        with Vertical(id="lines"):
                            yield PlainText(id="legend")
                            yield PingGraph(self.dashboard.marks, id="pings")
                        yield PlainText(id="gains")
                    yield PlainTable(id="session-table")
            with TabPane(_("Benchmarks"), id="benchmarks"):
                yield NextStep(id="benchmarks-state")
                yield PlainText(id="benchmark-note")
                yield PlainTable(id="benchmark-table")
            with TabPane(_("My benchmarks"), id="mine"):
                yield OwnBenchmarks(self.dashboard, id="own-benchmarks")

    def on_mount(self) -> None:
        self._table("benchmark-table").add_titles(words.benchmark_titles())
        self.action_ask_again()

    def _table(self, name: str) -> PlainTable:
        return self.query_one(f"#{name}", PlainTable)

    def on_screen_resume(self) -> None:
        """After the form: whoever has logged in there need not ask again."""
        if self._signed_out:
            self._signed_out = False
            self.action_ask_again()

    # --- asking ----------------------------------------------------------------------------------------------------------

    def action_ask_again(self) -> None:
        self._ask_sessions()
        self._ask_benchmarks()
        self.query_one(OwnBenchmarks).ask()

    @work(exclusive=True, group="sessions")
    async def _ask_sessions(self) -> None:
        state = self.query_one("#sessions-state", NextStep)
        body = self.query_one("#sessions-body")
        body.display = False
        state.say(_("Asking the server…"))
        try:
            page = await self.dashboard.desk.sessions(limit=PAGE_SESSIONS, offset=self._offset)
        except NotSignedIn:
            self._signed_out = True
            if not self.was_left():
                text = _("Sessions belong to an account, and nobody is logged in.")
                state.say(text, "login", _("Log in"))
            return
        except (ApiError, CliError) as error:
            if not self.was_left():
                state.say(*failure_words(error))
            return
        if self.was_left():
            return
        self._page = page
        if not page.sessions and self._offset == 0:
            text = _("Nothing has been played yet. Choose a game; Enter connects it, and its session appears here.")
            state.say(text, "games", _("Show the games"))
            return
        state.hide()
        body.display = True
        self._offer_games()
        self._show_sessions()

    @work(exclusive=True, group="benchmarks")
    async def _ask_benchmarks(self) -> None:
        state = self.query_one("#benchmarks-state", NextStep)
        table = self._table("benchmark-table")
        table.display = False
        state.say(_("Asking the server…"))
        try:
            found = await self.dashboard.desk.benchmarks()
        except (ApiError, CliError) as error:
            if not self.was_left():
                state.say(*failure_words(error))
            return
        if self.was_left():
            return
        self._benchmarks = found.summaries
        if not found.summaries:
            text = _("Nobody has handed in a benchmark in the last {n} days.\nThis makes one: plg bench GAME --send")
            state.say(text.format(n=found.days))
            return
        state.hide()
        table.display = True
        self._offer_games()
        note = _("What players measured with plg bench in the last {n} days: medians in milliseconds.")
        self.query_one("#benchmark-note", PlainText).show(note.format(n=found.days))
        self._show_benchmarks()

    @on(NextStep.Taken)
    def _taken(self, message: NextStep.Taken) -> None:
        if message.step == "login":
            self.dashboard.action_log_in()
        elif message.step == "games":
            self.dashboard.action_open_screen("games")
        else:
            self.action_ask_again()

    # --- showing ---------------------------------------------------------------------------------------------------------

    @property
    def _game(self) -> str | None:
        chosen = self.query_one("#game", Select).value
        return chosen if isinstance(chosen, str) else None

    def _offer_games(self) -> None:
        found = {record.game for record in self._page.sessions} | {summary.game for summary in self._benchmarks}
        found |= self.query_one(OwnBenchmarks).games
        select, before = self.query_one("#game", Select), self._game
        with self.prevent(Select.Changed):
            select.set_options(plain_options(sorted(found)))
            if before in found:
                select.value = before

    @on(OwnBenchmarks.Loaded)
    def _own_came(self) -> None:
        self._offer_games()
        self.query_one(OwnBenchmarks).show_game(self._game)

    @on(Select.Changed, "#game")
    def _filtered(self) -> None:
        self._show_sessions()
        self._show_benchmarks()
        self.query_one(OwnBenchmarks).show_game(self._game)

    def _sessions(self) -> list[SessionRecord]:
        game = self._game
        return [record for record in self._page.sessions if game in {None, record.game}]

    def _show_sessions(self) -> None:
        shown = self._sessions()
        titles = words.session_titles()
        places = range(len(titles)) if self._is_wide else words.NARROW_SESSION
        rows = map(words.session_row, shown)
        self._table("session-table").fill(
            [titles[place] for place in places], ([row[place] for place in places] for row in rows)
        )
        total = self._page.total if self._game is None else len(shown)
        self.query_one("#totals", PlainText).show(words.totals(shown, total, self._page.offset))
        gains = words.gain_lines(shown, GAIN_CELLS - 2, self.dashboard.marks)
        heading = [_("Sessions by gain")] if gains else []
        self.query_one("#gains", PlainText).show("\n".join([*heading, *gains]))
        self._draw()

    @on(PingGraph.SizeChanged)
    def _resized(self) -> None:
        is_wide = self.size.width >= WIDE_COLUMNS
        if is_wide is not self._is_wide:
            self._is_wide = is_wide
            self._show_sessions()
        else:
            self._draw()

    def _draw(self) -> None:
        graph = self.query_one("#pings", PingGraph)
        lines = ping_lines(self._sessions())
        legend = self.query_one("#legend", PlainText)
        graph.display = not lines.is_empty
        if lines.is_empty:
            legend.show(_("None of these sessions measured the whole way to the game, so there is no ping to draw."))
            return
        legend.show(words.ping_legend(self.dashboard.marks))
        count = graph.point_count
        graph.show(stretched(lines.boosted, count), stretched(lines.direct, count))

    def _show_benchmarks(self) -> None:
        table = self._table("benchmark-table")
        table.clear()
        for summary in self._benchmarks:
            if self._game in {None, summary.game}:
                table.add_plain_row(words.benchmark_row(summary, self.dashboard.marks))

    # --- keys ------------------------------------------------------------------------------------------------------------

    def action_other_tab(self) -> None:
        tabs = self.query_one(TabbedContent)
        tabs.active = TABS[(TABS.index(tabs.active) + 1) % len(TABS)]

    def action_turn(self, step: int) -> None:
        """To older or newer sessions, where there are any."""
        wanted = self._offset + step * PAGE_SESSIONS
        if 0 <= wanted < self._page.total and wanted != self._offset:
            self._offset = wanted
            self._ask_sessions()
