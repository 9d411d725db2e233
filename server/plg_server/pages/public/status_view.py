"""What the status page's template draws: strips of days as paths, percentages that are never rounded up, incidents in a language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from plg.contract.incidents import Incident
from plg.contract.status_page import StatusDay

DayKind = Literal["whole", "some", "little", "unknown"]

WHOLE_PERCENT = 99.9
"""Less than a minute and a half of a day: no match was lost for it."""

SOME_PERCENT = 98.0
"""Half an hour of a day."""

BAR_WIDTH = 4
GAP = 1
STRIP_HEIGHT = 32
HEIGHTS: Mapping[DayKind, int] = {"whole": 32, "some": 22, "little": 12, "unknown": 3}
"""The kinds differ in height too: colour alone tells nothing to who cannot see it."""

NAMED_DAYS = 14
"""Days in the text beside a strip, newest first; more are counted."""


@dataclass(frozen=True)
class Strip:
    """One row of days. `paths` are in units of `width` times STRIP_HEIGHT; `faults` are days below WHOLE_PERCENT, newest first."""

    paths: Mapping[DayKind, str]
    width: int
    percent: str | None
    faults: Sequence[tuple[str, str]]
    more_faults: int
    looked_days: int


@dataclass(frozen=True)
class Told:
    """A text in the visitor's language, or in the one that there is: then `lang` names it."""

    text: str
    lang: str | None


def strip(days: Sequence[StatusDay], availability_percent: float | None) -> Strip:
    """The days as one path for each kind: ninety rectangles would make the page five times as long."""
    paths: dict[DayKind, list[str]] = {}
    for number, day in enumerate(days):
        kind = kind_of(day.availability_percent)
        height = HEIGHTS[kind]
        bar = f"M{number * (BAR_WIDTH + GAP)} {STRIP_HEIGHT - height}h{BAR_WIDTH}v{height}h-{BAR_WIDTH}z"
        paths.setdefault(kind, []).append(bar)
    faults = [
        (day.day, percent(day.availability_percent))
        for day in reversed(days)
        if day.availability_percent is not None and day.availability_percent < WHOLE_PERCENT
    ]
    return Strip(
        paths={kind: "".join(bars) for kind, bars in paths.items()},
        width=len(days) * (BAR_WIDTH + GAP) - GAP,
        percent=None if availability_percent is None else percent(availability_percent),
        faults=faults[:NAMED_DAYS],
        more_faults=max(0, len(faults) - NAMED_DAYS),
        looked_days=sum(day.availability_percent is not None for day in days),
    )


def kind_of(availability_percent: float | None) -> DayKind:
    """How a day is drawn."""
    if availability_percent is None:
        return "unknown"
    if availability_percent >= WHOLE_PERCENT:
        return "whole"
    return "some" if availability_percent >= SOME_PERCENT else "little"


def percent(value: float) -> str:
    """Two digits, cut and not rounded: 99.999 is not 100."""
    cut = int(value * 100 + 1e-6)
    return "100" if cut >= 10_000 else f"{cut // 100}.{cut % 100:02}"


def told(text: str, text_ru: str, language: str) -> Told:
    """What an operator wrote, for a reader of this language."""
    if language == "ru":
        return Told(text_ru, None) if text_ru else Told(text, "en")
    return Told(text, None)


def open_and_past(incidents: Sequence[Incident], now: str) -> tuple[Sequence[Incident], Sequence[Incident]]:
    """Those that go on, newest first, before those that are planned, soonest first; and those that are over."""
    running = [incident for incident in incidents if incident.ended_at is None and incident.started_at <= now]
    planned = [incident for incident in incidents if incident.ended_at is None and incident.started_at > now]
    planned.sort(key=lambda incident: incident.started_at)
    return [*running, *planned], [incident for incident in incidents if incident.ended_at is not None]
