"""The session: what the running tunnel does, live; or that none runs."""

from collections.abc import Iterable
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from plg.cli.language import N_, _
from plg.cli.output import Column, aligned_table
from plg.contract.cli_output import StatusDocument
from plg_tui import session_words as words
from plg_tui.graph_drawing import Marks
from plg_tui.live_history import WINDOWS_S, is_whole_way
from plg_tui.live_strip import strip
from plg_tui.route_map import MOST_LANES, route_map, way_name
from plg_tui.screens.page import Page
from plg_tui.widgets.ping_graph import PingGraph
from plg_tui.widgets.plain_text import PlainText

TEXT_EVERY_S: Final = 0.5
"""Implementation. Numbers that change faster cannot be read, and a row of text costs more than the graph."""
COST_EVERY_S: Final = 2.0
STRIP: Final = 10
"""Implementation. Cells, and so seconds, of a way's live strip."""
LEAST_LANE: Final = (0, 1, 3, 5)
"""Implementation. Way, state, RTT and loss, where even the narrow lane is too wide."""
NARROW_NAME: Final = 17
"""Implementation. A way's number and name, that all columns have room in 80 cells."""


class Box(Vertical):
    """A part of the screen; it has a frame and its title where there is room."""

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes="box")
        self.border_title = title


class SessionScreen(Page):
    NAME = "session"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "app.disconnect", N_("Disconnect"), id="disconnect"),
        Binding("space", "freeze", N_("Freeze"), id="freeze"),
        Binding("plus,equals_sign", "window(-1)", N_("Closer"), key_display="+", id="closer"),
        Binding("minus", "window(1)", N_("Wider"), key_display="-", id="wider"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._frozen = False
        self._text_at_s = float("-inf")
        self._graph_at_s = float("-inf")
        self._cost_at_s = float("-inf")
        self._cost = words.Overhead(None, None)

    def content(self) -> Iterable[Widget]:
        yield PlainText(id="nothing")
        with Vertical(id="live"):
            yield PlainText(id="heading")
            yield PlainText(id="verdict")
            yield PlainText(id="remarks")
            with Box(_("Ping"), id="ping-box"):
                yield PlainText(id="legend")
                yield PingGraph(self.dashboard.marks, id="graph")
            with Box(_("Route"), id="route-box"):
                yield PlainText(id="hops")
            with Box(_("Ways"), id="ways-box"):
                yield PlainText(id="lanes")
            with Box(_("Packets"), id="packets-box"):
                yield PlainText(id="figures")

    def on_mount(self) -> None:
        self.tunnel_changed()

    @on(PingGraph.SizeChanged)
    def _redraw(self) -> None:
        self._text_at_s = self._graph_at_s = float("-inf")
        self.tunnel_changed()

    def tunnel_changed(self) -> None:
        status = self.dashboard.status
        self.query_one("#live").display = status is not None
        nothing = self.query_one("#nothing", PlainText)
        if status is None:
            nothing.show(self._nothing())
            return
        nothing.show("")
        if self._frozen:
            return
        now_s = self.dashboard.clock()
        window_s = WINDOWS_S[self.dashboard.window]
        graph = self.query_one(PingGraph)
        if now_s - self._graph_at_s >= window_s / graph.point_count / 2:
            self._graph_at_s = now_s
            graph.show(*self.dashboard.history.points(window_s, graph.point_count, now_s))
        if now_s - self._text_at_s >= TEXT_EVERY_S:
            self._text_at_s = now_s
            self._show_words(status, now_s, window_s)

    def _show_words(self, status: StatusDocument, now_s: float, window_s: float) -> None:
        if now_s - self._cost_at_s >= COST_EVERY_S:
            self._cost_at_s = now_s
            self._cost = self.dashboard.cost.ask(status.pid)
        self._text("heading", words.heading(status))
        self._text("verdict", words.verdict(status))
        self._text("remarks", "\n".join(words.remarks(status)))
        self._text("legend", self._legend(status, now_s, window_s))
        # The size of the graph is that of the text beside it, with or without frames.
        self._text("hops", "\n".join(route_map(status, self.query_one(PingGraph).size.width, self.dashboard.marks)))
        self._text("lanes", self._lanes(status))
        figures = (words.bought(status.redundancy), words.traffic(status), words.overhead_text(self._cost))
        self._text("figures", "\n".join(figures))

    def _legend(self, status: StatusDocument, now_s: float, window_s: float) -> str:
        boosted, direct = self.dashboard.history.figures(window_s, now_s)
        solid, dashed = ("***", "- -") if self.dashboard.marks is Marks.ASCII else ("━━━", "╍╍╍")
        name = _("through PLG") if is_whole_way(status) else _("to the relay")
        window = _("last {n} s").format(n=f"{window_s:.0f}")
        names = [name, _("direct")]
        long = max(map(len, names))
        lines = (
            f"{solid} {words.legend(names[0].ljust(long), boosted)}",
            f"{dashed} {words.legend(names[1].ljust(long), direct)}   {window}"
            + (f"   {_('frozen')}" if self._frozen else ""),
        )
        return "\n".join(lines)

    def _lanes(self, status: StatusDocument) -> str:
        if not status.paths:
            return ""
        room = self.query_one(PingGraph).size.width
        table = ""
        for wide, only in ((True, ()), (False, ()), (False, LEAST_LANE)):
            table = self._lane_table(status, wide=wide, only=only)
            if max(map(cell_len, table.splitlines())) <= room:
                break
        return table

    def _lane_table(self, status: StatusDocument, *, wide: bool, only: tuple[int, ...] = ()) -> str:
        rows = []
        for path in status.paths[:MOST_LANES]:
            name = way_name(path)
            name = name if wide or len(name) <= NARROW_NAME - 2 else f"{name[: NARROW_NAME - 3]}…"
            lately = strip(self.dashboard.history.lane(path.path), STRIP, self.dashboard.marks)
            rows.append(words.lane(path, name, lately, wide=wide))
        titles = words.lane_titles(wide=wide)
        shown = only or range(len(titles))
        columns = [Column(titles[place], right=place >= 3) for place in shown]
        return aligned_table(columns, [[row[place] for place in shown] for row in rows]).rstrip("\n")

    def _nothing(self) -> str:
        if self.dashboard.trouble is not None:
            return _("The running tunnel does not answer: {why}").format(why=self.dashboard.trouble)
        return "\n".join(
            (
                _("No tunnel is running."),
                "",
                _("F3 shows the games; Enter there connects one."),
                _("One that plg connect GAME starts in a terminal appears here by itself."),
            )
        )

    def _text(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", PlainText).show(text)

    def action_freeze(self) -> None:
        """The picture stands still; the history goes on."""
        self._frozen = not self._frozen
        status = self.dashboard.status
        if self._frozen and status is not None:
            self._text("legend", self._legend(status, self.dashboard.clock(), WINDOWS_S[self.dashboard.window]))
        else:
            self._redraw()

    def action_window(self, step: int) -> None:
        """A closer or a wider look at the past."""
        self.dashboard.window = min(len(WINDOWS_S) - 1, max(0, self.dashboard.window + step))
        self._redraw()
