"""Two lines in a box of terminal cells: braille, half blocks or ASCII. Pure; the widget only colours what comes out.

The direct line is drawn with gaps, so that the two can be told apart without any colour.
"""

from collections.abc import Iterator, Sequence
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
    return [_runs(_cells(boosted_dots, direct_dots, row, width, marks)) for row in range(height)]


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


def _cells(
    boosted: Sequence[tuple[int, int] | None],
    direct: Sequence[tuple[int, int] | None],
    row: int,
    width: int,
    marks: Marks,
) -> Iterator[tuple[str, Line]]:
    across, down = DOTS[marks]
    for cell in range(width):
        mine = _pattern(boosted, cell * across, across, row * down, down)
        other = _pattern(direct, cell * across, across, row * down, down)
        line = Line.BOOSTED if mine else Line.DIRECT if other else Line.NONE
        if marks is Marks.BRAILLE:
            yield (chr(0x2800 + (mine | other)) if mine | other else " "), line
        elif marks is Marks.BLOCK:
            yield _BLOCKS[(mine | other) & 3], line
        else:
            yield ("*" if mine else "-" if other else " "), line


def _pattern(dots: Sequence[tuple[int, int] | None], column: int, across: int, top: int, down: int) -> int:
    bits = 0
    for step in range(across):
        covered = dots[column + step]
        if covered is None or covered[1] < top or covered[0] >= top + down:
            continue
        for inner in range(max(covered[0], top) - top, min(covered[1], top + down - 1) - top + 1):
            bits |= _BRAILLE[step][inner]
    return bits


def _runs(cells: Iterator[tuple[str, Line]]) -> list[Run]:
    runs: list[Run] = []
    text, line = "", Line.NONE
    for letter, whose in cells:
        if whose is not line and text:
            runs.append(Run(text, line))
            text = ""
        text, line = text + letter, whose
    runs.append(Run(text, line))
    return runs
