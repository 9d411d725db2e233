"""Two lines in a box of terminal cells: braille, half blocks or ASCII. Pure; the widget only colours what comes out.

The direct line is drawn with gaps, so that the two can be told apart without any colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DIRECT_DASH: Final = 4
"""Implementation. The direct line is drawn for so many points, then left out for as many."""


class Marks(StrEnum):
    """What the lines are made of."""

    BRAILLE = "braille"
    BLOCK = "block"
    ASCII = "ascii"


class Line(StrEnum):
    """Whose cell it is; where the two meet it is the boosted line's."""

    NONE = "none"
    BOOSTED = "boosted"
    DIRECT = "direct"


DOTS: Final = {Marks.BRAILLE: (2, 4), Marks.BLOCK: (1, 2), Marks.ASCII: (1, 1)}
"""Dots in a cell, across and down."""

_BRAILLE: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Specification (Unicode, Braille Patterns): the bit of each dot by column and row."""

_MASKS: Final = tuple(
    tuple(tuple(sum(column[first : last + 1]) for last in range(len(column))) for first in range(len(column)))
    for column in _BRAILLE
)
"""The bits of a column's dots from the first to the last, by column, first and last."""

_BLOCKS: Final = " ▀▄█"

Points = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Scale:
    """What the top and the bottom of the box stand for, in milliseconds."""

    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of one line."""

    text: str
    line: Line


def scale_of(*lines: Points) -> Scale:
    """Round limits around all values, never closer than 4 ms: noise must not look like a mountain."""
    known = [value for line in lines for value in line if value is not None]
    if not known:
        return Scale(0.0, 10.0)
    low, high = min(known), max(known)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 1e9) if high - low <= step * 6)
    bottom = max(0.0, (low - 1) // step * step)
    top = max(bottom + 4.0, ((high + 1) // step + 1) * step)
    return Scale(bottom, top)


def draw(boosted: Points, direct: Points, *, width: int, height: int, marks: Marks, scale: Scale) -> list[list[Run]]:
    """`height` rows of together `width` cells. Lines hold `width` times dots-across points each; older ones are left out."""
    across, down = DOTS[marks]
    count = width * across
    boosted_dots = _dots(boosted[-count:], count, height * down, scale, dash=False)
    direct_dots = _dots(direct[-count:], count, height * down, scale, dash=True)
    mine, other = (_bits(dots, height, across, down) for dots in (boosted_dots, direct_dots))
    return [_runs(mine[row], other[row], width, marks) for row in range(height)]


def _dots(points: Points, count: int, rows: int, scale: Scale, *, dash: bool) -> list[tuple[int, int] | None]:
    """For each column the dots from top to bottom that the line covers; rows count from the top."""
    found: list[tuple[int, int] | None] = [None] * (count - len(points))
    before: int | None = None
    for place, value in enumerate(points):
        if value is None or (dash and place // DIRECT_DASH % 2):
            found.append(None)
            before = None
            continue
        share = (value - scale.low_ms) / (scale.high_ms - scale.low_ms)
        row = rows - 1 - min(rows - 1, max(0, round(share * (rows - 1))))
        # A step is drawn as a wall, or a jump would leave two unconnected lines.
        found.append((row, row) if before is None else (min(row, before), max(row, before)))
        before = row
    return found


def _bits(dots: Sequence[tuple[int, int] | None], height: int, across: int, down: int) -> list[dict[int, int]]:
    """For each row the cells that the line touches, each with the bits of its dots. Only what is drawn is looked at: most cells are empty."""
    rows: list[dict[int, int]] = [{} for _ in range(height)]
    for column, covered in enumerate(dots):
        if covered is None:
            continue
        top, bottom = covered
        cell, step = divmod(column, across)
        for row in range(top // down, bottom // down + 1):
            first = max(top - row * down, 0)
            last = min(bottom - row * down, down - 1)
            rows[row][cell] = rows[row].get(cell, 0) | _MASKS[step][first][last]
    return rows


def _runs(mine: dict[int, int], other: dict[int, int], width: int, marks: Marks) -> list[Run]:
    """One row; where the two meet the cell is the boosted line's."""
    runs: list[Run] = []
    text, line, end = "", Line.NONE, 0
    for cell in sorted(mine.keys() | other.keys()):
        if cell > end:
            if text:
                runs.append(Run(text, line))
            runs.append(Run(" " * (cell - end), Line.NONE))
            text = ""
        own = mine.get(cell, 0)
        whose = Line.BOOSTED if own else Line.DIRECT
        if text and whose is not line:
            runs.append(Run(text, line))
            text = ""
        line, end = whose, cell + 1
        text += _letter(own, other.get(cell, 0), marks)
    if text:
        runs.append(Run(text, line))
    if end < width or not runs:
        runs.append(Run(" " * (width - end), Line.NONE))
    return runs


def _letter(mine: int, other: int, marks: Marks) -> str:
    if marks is Marks.BRAILLE:
        return chr(0x2800 + (mine | other))
    return _BLOCKS[(mine | other) & 3] if marks is Marks.BLOCK else "*" if mine else "-"
