"""The graph on a screen."""

from textual.app import App, ComposeResult

from plg_tui.graph_drawing import Marks
from plg_tui.themes import THEMES
from plg_tui.widgets.ping_graph import AXIS_CELLS, PingGraph


class GraphApp(App[None]):
    CSS = "PingGraph { height: 5; }"

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name

    def compose(self) -> ComposeResult:
        yield PingGraph(self._marks)


def lines(app: GraphApp) -> list[str]:
    graph = app.query_one(PingGraph)
    return [graph.render_line(y).text.rstrip() for y in range(5)]


async def test_it_draws_both_lines_over_an_axis() -> None:
    app = GraphApp(Marks.ASCII)
    async with app.run_test(size=(AXIS_CELLS + 8, 5)):
        graph = app.query_one(PingGraph)
        assert graph.point_count == 8
        graph.show([10.0] * 8, [30.0] * 8)
        shown = lines(app)
        assert [line[:AXIS_CELLS] for line in shown] == ["  35 |", "     |", "  20 |", "     |", "   5 |"]
        assert any(line[AXIS_CELLS:] == "--------"[:4] for line in shown)
        assert any(line[AXIS_CELLS:] == "********" for line in shown)


async def test_only_what_changed_is_sent_and_a_new_size_is_drawn_anew() -> None:
    app = GraphApp(Marks.BRAILLE)
    async with app.run_test(size=(40, 5)) as pilot:
        graph = app.query_one(PingGraph)
        graph.show([1.0, 2.0], [])
        before = lines(app)
        graph.show([1.0, 2.0], [])
        assert lines(app) == before
        await pilot.resize_terminal(60, 5)
        graph.show([1.0, 2.0], [])
        assert graph.render_line(4).cell_length == 60
        assert graph.render_line(99).text.strip() == ""
