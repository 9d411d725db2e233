"""A few cells that show how a value went lately: for rows of a table, where a graph has no room. Pure."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from plg_tui.graph_drawing import Marks

_STEPS: Final = {Marks.BRAILLE: "▁▂▃▄▅▆▇", Marks.BLOCK: "▁▂▃▄▅▆▇", Marks.ASCII: "_.-=^"}
_LOST: Final = {Marks.BRAILLE: "×", Marks.BLOCK: "×", Marks.ASCII: "x"}
LEAST_SPAN_MS: Final = 4.0
"""Implementation. Values closer together than this stand on one line: noise must not look like a mountain."""


def strip(values: Sequence[float | None], width: int, marks: Marks) -> str:
    """The newest `width` values, newest last; None is a cross (nothing came back). Shorter lists stand at the right."""
    shown = list(values)[-width:] if width > 0 else []
    known = [value for value in shown if value is not None]
    low = min(known, default=0.0)
    span = max(max(known, default=0.0) - low, LEAST_SPAN_MS)
    steps = _STEPS[marks]
    text = "".join(
        _LOST[marks] if value is None else steps[min(len(steps) - 1, int((value - low) / span * len(steps)))]
        for value in shown
    )
    return text.rjust(width)


class StripHistory:
    """Many values a second, kept as one a second: the worst. Seconds are those of a clock that only goes forward."""

    def __init__(self, kept_s: int) -> None:
        self._kept: deque[tuple[int, float | None]] = deque(maxlen=kept_s)

    def take(self, at_s: float, value: float | None) -> None:
        second = int(at_s)
        if not self._kept or self._kept[-1][0] != second:
            self._kept.append((second, value))
            return
        before = self._kept[-1][1]
        worst = before if value is None else value if before is None else max(before, value)
        self._kept[-1] = (second, worst)

    def values(self) -> list[float | None]:
        """Oldest first."""
        return [value for _second, value in self._kept]
