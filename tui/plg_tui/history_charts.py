"""Sessions and benchmarks as points and bars. Pure: the widgets only colour what comes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from plg.contract.benchmarks import OwnBenchmark
from plg.contract.sessions import SessionRecord
from plg_tui.graph_drawing import Marks

SAME_MS: Final = 1.0
"""Implementation. As `plg bench`: a difference below it is none that a person could notice."""

STEPS_MS: Final = (40.0, 10.0, SAME_MS, -SAME_MS)
"""Implementation. Lower ends of the groups of gain, best first; what is below the last one is worse."""

_FULL: Final = {Marks.BRAILLE: "█", Marks.BLOCK: "█", Marks.ASCII: "#"}
_SHARES: Final = {Marks.BRAILLE: "█▒░", Marks.BLOCK: "█▒░", Marks.ASCII: "+.-"}


@dataclass(frozen=True, slots=True)
class Lines:
    """Ping by session or benchmark, the oldest first, in milliseconds; None where it was not measured."""

    boosted: list[float | None]
    direct: list[float | None]

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for value in (*self.boosted, *self.direct))


def gain_ms(record: SessionRecord) -> float | None:
    """How much lower the measured ping was than the direct one at the same time; None where either is not known."""
    if record.measured_total_ms is None or record.direct_ms is None:
        return None
    return record.direct_ms - record.measured_total_ms


def ping_lines(newest_first: Sequence[SessionRecord]) -> Lines:
    """Only sessions of which at least one ping is known."""
    known = [
        record
        for record in reversed(newest_first)
        if record.measured_total_ms is not None or record.direct_ms is not None
    ]
    return Lines([record.measured_total_ms for record in known], [record.direct_ms for record in known])


def report_lines(newest_first: Sequence[OwnBenchmark]) -> Lines:
    """Both ways' medians of own benchmarks."""
    reports = list(reversed(newest_first))
    return Lines([report.boosted.rtt_ms_p50 for report in reports], [report.direct.rtt_ms_p50 for report in reports])


def stretched(points: Sequence[float | None], count: int) -> list[float | None]:
    """`count` points: each is drawn as a step of equal width; of more points than room the newest stay."""
    newest = points[-count:]
    if not newest:
        return []
    return [newest[place * len(newest) // count] for place in range(count)]


def gain_groups(records: Iterable[SessionRecord]) -> list[int]:
    """How many sessions lie in each group of STEPS_MS, then how many are worse."""
    counts = [0] * (len(STEPS_MS) + 1)
    for record in records:
        gain = gain_ms(record)
        if gain is not None:
            counts[next((place for place, low in enumerate(STEPS_MS) if gain >= low), len(STEPS_MS))] += 1
    return counts


def bar(count: int, most: int, width: int, marks: Marks) -> str:
    """A bar as long as its share of `most`; never empty for what is not zero."""
    if count <= 0 or most <= 0:
        return ""
    return _FULL[marks] * max(1, round(width * min(count, most) / most))


def shares_bar(percents: Sequence[float], width: int, marks: Marks) -> str:
    """Improved, no difference and worse in one bar of exactly `width` cells; "" when nothing is there to share."""
    total = sum(max(0.0, percent) for percent in percents)
    if total <= 0:
        return ""
    text, reached = "", 0.0
    for sign, percent in zip(_SHARES[marks], percents, strict=True):
        reached += max(0.0, percent)
        text += sign * (round(width * reached / total) - len(text))
    return text
