"""When the direct way is better, and that a live verdict does not flutter."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.tunnel.direct_gate import DWELL_S, MAX_FLIPS, DirectWay, LiveVerdict, is_direct_better

CLEAN = DirectWay(18.0, 1.0, 10, 0)


@pytest.mark.parametrize(
    ("direct", "boosted_ms", "is_better"),
    [
        (CLEAN, 25.0, True),
        (CLEAN, 14.0, True),
        (CLEAN, 13.0, False),
        (DirectWay(18.0, 1.0, 10, 2), 25.0, False),
        (DirectWay(18.0, 1.0, 10, 2), 38.1, True),
        (DirectWay(18.0, 1.0, 10, 1), 25.0, True),
        (DirectWay(18.0, 9.0, 10, 0), 25.0, False),
        (DirectWay(None), 25.0, False),
        (CLEAN, None, False),
    ],
    ids=[
        "shorter and clean",
        "a gain below 5 ms is not worth it",
        "a gain of 5 ms is",
        "loss is worth 20 ms",
        "but not more",
        "one lost ping is no loss yet",
        "jitter is worth it too",
        "direct not known",
        "boosted not known",
    ],
)
def test_before_the_match(direct: DirectWay, boosted_ms: float | None, is_better: bool) -> None:
    assert is_direct_better(direct, boosted_ms) is is_better


def test_while_connected_two_windows_in_a_row_must_say_so() -> None:
    verdict = LiveVerdict()
    assert not verdict.add_window(0, CLEAN, 30.0)
    assert not verdict.add_window(10, CLEAN, 20.0)
    assert not verdict.add_window(20, CLEAN, 30.0)
    assert verdict.add_window(30, CLEAN, 30.0)
    assert verdict.prefers_direct


def test_a_booster_that_is_a_little_worse_is_kept() -> None:
    verdict = LiveVerdict()
    for window in range(50):
        verdict.add_window(window * 10, CLEAN, 25.0)
    assert not verdict.prefers_direct


def test_a_window_without_figures_breaks_the_row() -> None:
    verdict = LiveVerdict()
    verdict.add_window(0, CLEAN, 30.0)
    verdict.add_window(10, DirectWay(None, None, 10, 10), 30.0)
    assert not verdict.add_window(20, CLEAN, 30.0)


def test_it_turns_back_when_the_booster_is_worth_it_again_but_not_before_two_minutes() -> None:
    verdict = LiveVerdict()
    verdict.add_window(0, CLEAN, 30.0)
    verdict.add_window(10, CLEAN, 30.0)
    turned_at = [at for at in range(20, 400, 10) if verdict.add_window(at, DirectWay(60.0, 1.0, 10, 0), 30.0)]
    assert turned_at == [10 + DWELL_S]
    assert not verdict.prefers_direct


@given(st.lists(st.tuples(st.floats(1, 200), st.floats(1, 200), st.integers(0, 10)), max_size=200))
def test_whatever_is_measured_it_turns_at_most_twice_and_never_within_the_dwell(
    windows: list[tuple[float, float, int]],
) -> None:
    verdict = LiveVerdict()
    turned_at = [
        number * 10
        for number, (direct_ms, boosted_ms, lost) in enumerate(windows)
        if verdict.add_window(number * 10, DirectWay(direct_ms, 1.0, 10, lost), boosted_ms)
    ]
    assert len(turned_at) <= MAX_FLIPS
    assert all(later - earlier >= DWELL_S for earlier, later in itertools.pairwise(turned_at))
