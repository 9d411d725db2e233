"""What a day of play was: fair to give back only when every session that counts was measured, plausible, and no better than direct."""

from dataclasses import replace

import pytest

from plg_server.services.fair_days import DayVerdict, PlayedSession, best_gain_ms, judge_day

DULL = PlayedSession(
    seconds=1800.0,
    is_measured=True,
    own_leg_ms=12.0,
    total_ms=40.0,
    direct_ms=38.0,
    predicted_ms=36.0,
    packets=100_000,
    saved=0,
)
"""Half an hour in which direct would have been quicker."""


def test_a_day_whose_sessions_all_measured_no_gain_is_fair() -> None:
    assert judge_day([DULL, replace(DULL, direct_ms=40.9)]) is DayVerdict.FAIR
    assert best_gain_ms([DULL, replace(DULL, direct_ms=40.5)]) == 0.5


@pytest.mark.parametrize(
    "gain",
    [
        {"direct_ms": 41.0},
        {"direct_ms": 41.0, "seconds": 5.0},
        {"saved": 100},
        {"saved": 1, "packets": 0, "seconds": 0.0},
    ],
)
def test_one_session_with_a_gain_is_a_gain_however_short(gain: dict[str, float]) -> None:
    assert judge_day([DULL, DULL, replace(DULL, **gain)]) is DayVerdict.GAIN  # type: ignore[arg-type] # fields of two types


@pytest.mark.parametrize(
    "lack", [{"is_measured": False}, {"direct_ms": None}, {"total_ms": None}, {"own_leg_ms": None}, {"packets": 0}]
)
def test_what_was_not_measured_is_unknown_and_not_nothing(lack: dict[str, float | None]) -> None:
    assert judge_day([DULL, replace(DULL, **lack)]) is DayVerdict.UNMEASURED  # type: ignore[arg-type] # fields of two types


@pytest.mark.parametrize("lie", [{"total_ms": 6.0, "direct_ms": 5.0}, {"total_ms": 75.0}, {"direct_ms": 0.0}])
def test_figures_that_cannot_be_give_nothing_back(lie: dict[str, float]) -> None:
    assert judge_day([replace(DULL, **lie)]) is DayVerdict.IMPLAUSIBLE  # type: ignore[arg-type] # fields of two types


def test_short_sessions_do_not_count_and_a_day_needs_ten_minutes() -> None:
    short = replace(DULL, seconds=119.0, is_measured=False)
    assert judge_day([DULL, *[short] * 20]) is DayVerdict.FAIR
    assert judge_day([replace(DULL, seconds=599.0)]) is DayVerdict.TOO_SHORT
    assert judge_day([replace(DULL, seconds=300.0)] * 2) is DayVerdict.FAIR
    assert judge_day([]) is DayVerdict.TOO_SHORT
