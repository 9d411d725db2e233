"""The account's own benchmarks: direct and PLG side by side, report by report, with verdict and interval."""

from typing import TYPE_CHECKING, Final, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from plg.api.errors import ApiError, NotSignedIn
from plg.cli.cli_error import CliError
from plg.cli.language import _
from plg.contract.benchmarks import BenchmarkPage, OwnBenchmark
from plg_tui import history_words as words
from plg_tui.failure_words import failure_words
from plg_tui.history_charts import report_lines, stretched
from plg_tui.widgets.next_step import NextStep
from plg_tui.widgets.ping_graph import PingGraph
from plg_tui.widgets.plain_table import PlainTable
from plg_tui.widgets.plain_text import PlainText

if TYPE_CHECKING:
    from plg_tui.app import Dashboard
    from plg_tui.screens.page import Page

PAGE_REPORTS: Final = 200
"""Specification (server, GET /v1/benchmarks/mine): the most that it gives at once. One a day for half a year."""
WIDE_COLUMNS: Final = 100
"""Implementation. As screens.page: from here on there is room for all columns."""


class OwnBenchmarks(Vertical):
    """Asks when it is told to; `Loaded` says that reports have come."""

    DEFAULT_CSS = """
    OwnBenchmarks { height: 1fr; }
    OwnBenchmarks #own-body { height: 1fr; display: none; }
    OwnBenchmarks #own-pings { height: 35%; min-height: 4; max-height: 11; }
    """

    class Loaded(Message):
        """`games` may be others now."""

    def __init__(self, dashboard: "Dashboard", *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._dashboard = dashboard
        self._found = BenchmarkPage(benchmarks=[], total=0, limit=PAGE_REPORTS, offset=0, kept_days=0)
        self._game: str | None = None
        self._is_wide = False

    def compose(self) -> ComposeResult:
        yield NextStep(id="own-state")
        with Vertical(id="own-body"):
            yield PlainText(id="own-note")
            yield PlainText(words.ping_legend(self._dashboard.marks), id="own-legend")
            yield PingGraph(self._dashboard.marks, id="own-pings")
            yield PlainTable(id="own-table")

    @property
    def games(self) -> set[str]:
        """Of which there are reports."""
        return {report.game for report in self._found.benchmarks}

    @work(exclusive=True, group="own-benchmarks")
    async def ask(self) -> None:
        """Ask the server anew."""
        state, body = self.query_one("#own-state", NextStep), self.query_one("#own-body")
        body.display = False
        state.say(_("Asking the server…"))
        try:
            found = await self._dashboard.desk.own_benchmarks(limit=PAGE_REPORTS)
        except NotSignedIn:
            if not self._was_left():
                text = _("Benchmarks belong to an account, and nobody is logged in.")
                state.say(text, "login", _("Log in"))
            return
        except (ApiError, CliError) as error:
            if not self._was_left():
                state.say(*failure_words(error))
            return
        if self._was_left():
            return
        self._found = found
        if not found.benchmarks:
            text = _(
                "No benchmark of yours is at the server. Only what was handed in is kept, for {n} days;\n"
                "nothing of it stays on this computer. This makes one: plg bench GAME --send"
            )
            state.say(text.format(n=found.kept_days))
            return
        state.hide()
        body.display = True
        self.post_message(self.Loaded())

    def _was_left(self) -> bool:
        return not self.is_attached or cast("Page", self.screen).was_left()

    def show_game(self, game: str | None) -> None:
        """Reports of this game alone; None: of all."""
        self._game = game
        shown = self._shown()
        self.query_one("#own-note", PlainText).show(
            words.own_benchmark_note(shown, self._found.total if game is None else len(shown))
        )
        titles = words.own_benchmark_titles()
        places = range(len(titles)) if self._is_wide else words.NARROW_OWN
        rows = map(words.own_benchmark_row, shown)
        self.query_one("#own-table", PlainTable).fill(
            [titles[place] for place in places], ([row[place] for place in places] for row in rows)
        )
        self._draw()

    def _shown(self) -> list[OwnBenchmark]:
        return [report for report in self._found.benchmarks if self._game in {None, report.game}]

    @on(PingGraph.SizeChanged)
    def _resized(self, message: PingGraph.SizeChanged) -> None:
        message.stop()  # the screen has a graph of its own
        is_wide = self.screen.size.width >= WIDE_COLUMNS
        if is_wide is not self._is_wide:
            self._is_wide = is_wide
            self.show_game(self._game)
        else:
            self._draw()

    def _draw(self) -> None:
        graph, lines = self.query_one("#own-pings", PingGraph), report_lines(self._shown())
        count = graph.point_count
        graph.show(stretched(lines.boosted, count), stretched(lines.direct, count))
