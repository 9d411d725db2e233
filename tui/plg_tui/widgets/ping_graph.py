"""The live graph: a line through PLG and a dashed one straight to the game, drawn through Textual's line API.

One pass over plain lists and a few segments a row: five to ten times cheaper than a plot widget.
"""

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from plg_tui.graph_drawing import DOTS, Line, Marks, Points, Scale, draw, scale_of

AXIS_CELLS: Final = 6
"""Implementation. "1234 " and the axis itself."""


class PingGraph(Widget, can_focus=False):
    """Shows what `show` gave it last."""

    COMPONENT_CLASSES = {"graph--boosted", "graph--direct", "graph--axis"}  # noqa: RUF012 - Textual's own way
    DEFAULT_CSS = """
    PingGraph { height: 1fr; min-height: 3; }
    PingGraph .graph--boosted { color: $boosted; text-style: bold; }
    PingGraph .graph--direct { color: $direct; }
    PingGraph .graph--axis { color: $foreground; }
    """

    class SizeChanged(Message):
        """There is room for another number of points: `show` them."""

    def __init__(self, marks: Marks, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._marks = marks
        self._rows: list[Strip] = []

    @property
    def point_count(self) -> int:
        """How many points of each line have room."""
        return max(1, (self.size.width - AXIS_CELLS) * DOTS[self._marks][0])

    def on_resize(self) -> None:
        self.post_message(self.SizeChanged())

    def show(self, boosted: Points, direct: Points) -> None:
        """Draws these points, newest last; only what differs from before is sent to the terminal."""
        width, height = self.size.width - AXIS_CELLS, self.size.height
        if width < 1 or height < 1:
            return
        scale = scale_of(boosted, direct)
        styles = {
            Line.NONE: None,
            Line.BOOSTED: self._style("graph--boosted"),
            Line.DIRECT: self._style("graph--direct"),
        }
        axis = self._style("graph--axis")
        rows = []
        runs = draw(boosted, direct, width=width, height=height, marks=self._marks, scale=scale)
        for number, row in enumerate(runs):
            segments = [Segment(self._axis(number, height, scale), axis)]
            segments += [Segment(run.text, styles[run.line]) for run in row]
            rows.append(Strip(segments, width + AXIS_CELLS))
        changed = [number for number, row in enumerate(rows) if number >= len(self._rows) or row != self._rows[number]]
        self._rows = rows
        if changed:
            self.refresh(*(Region(0, number, self.size.width, 1) for number in changed))

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        return self._rows[y].apply_style(base).adjust_cell_length(self.size.width, base)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        return container.height

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _axis(self, row: int, height: int, scale: Scale) -> str:
        rule = "|" if self._marks is Marks.ASCII else "│"
        middle = (height - 1) // 2
        if row not in {0, height - 1} and (row != middle or height < 5):
            return f"{'':{AXIS_CELLS - 1}}{rule}"
        value = scale.high_ms - (scale.high_ms - scale.low_ms) * row / max(1, height - 1)
        return f"{value:>{AXIS_CELLS - 2}.0f} {rule}"
