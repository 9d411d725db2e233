"""What the status page draws."""

import re

import pytest

from plg.contract.incidents import Incident
from plg.contract.status_page import StatusDay
from plg_server.pages.public.status_view import (
    NAMED_DAYS,
    STRIP_HEIGHT,
    Told,
    kind_of,
    open_and_past,
    percent,
    strip,
    told,
)


def days(*shares: float | None) -> list[StatusDay]:
    return [StatusDay(day=f"2026-03-{number:02}", availability_percent=one) for number, one in enumerate(shares, 1)]


def incident(name: str, started_at: str, ended_at: str | None = None) -> Incident:
    return Incident(
        id=name,
        title=name,
        severity="minor",
        started_at=started_at,
        ended_at=ended_at,
        node_id=None,
        relay=None,
        updates=[],
    )


def test_each_day_is_one_bar_whose_height_says_what_its_colour_says() -> None:
    shown = strip(days(100.0, 99.95, 98.0, 12.0, None), 90.0)
    assert {kind: path.count("M") for kind, path in shown.paths.items()} == {
        "whole": 2,
        "some": 1,
        "little": 1,
        "unknown": 1,
    }
    assert shown.paths["whole"] == f"M0 0h4v{STRIP_HEIGHT}h-4zM5 0h4v{STRIP_HEIGHT}h-4z"
    heights = [int(re.findall(r"v(\d+)", shown.paths[kind])[0]) for kind in ("whole", "some", "little", "unknown")]
    assert heights == sorted(set(heights), reverse=True)
    assert (shown.width, shown.percent, shown.looked_days) == (24, "90.00", 4)


def test_the_text_names_the_newest_days_with_a_fault_and_counts_the_others() -> None:
    shown = strip(days(*[50.0] * (NAMED_DAYS + 3), 100.0), 51.0)
    assert shown.faults[0] == (f"2026-03-{NAMED_DAYS + 3}", "50.00")
    assert (len(shown.faults), shown.more_faults) == (NAMED_DAYS, 3)
    nothing = strip(days(None, None), None)
    assert (nothing.percent, nothing.faults, nothing.looked_days) == (None, [], 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(100.0, "100"), (99.999, "99.99"), (99.9, "99.90"), (0.0, "0.00"), (0.29, "0.29"), (7.0, "7.00")],
)
def test_a_percentage_is_cut_and_never_rounded_up(value: float, text: str) -> None:
    assert percent(value) == text


def test_the_kinds_of_days() -> None:
    assert [kind_of(one) for one in (100.0, 99.9, 99.899, 98.0, 97.9, 0.0, None)] == [
        "whole", "whole", "some", "some", "little", "little", "unknown",
    ]  # fmt: skip


def test_a_text_in_one_language_only_says_which() -> None:
    assert told("Slow", "Медленно", "ru") == Told("Медленно", None)
    assert told("Slow", "", "ru") == Told("Slow", "en")
    assert told("Slow", "Медленно", "en") == Told("Slow", None)


def test_what_goes_on_stands_before_what_is_planned_and_the_soonest_plan_first() -> None:
    rows = [
        incident("later", "2026-05-01T00:00:00Z"),
        incident("soon", "2026-04-01T00:00:00Z"),
        incident("runs", "2026-03-01T00:00:00Z"),
        incident("over", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"),
    ]
    running, past = open_and_past(rows, "2026-03-15T00:00:00Z")
    assert ([one.id for one in running], [one.id for one in past]) == (["runs", "soon", "later"], ["over"])
