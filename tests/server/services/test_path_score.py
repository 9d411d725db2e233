"""One scale for everything that makes a way worse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.path_score import (
    MAX_JITTER_PENALTY_MS,
    MAX_LOSS_PENALTY_MS,
    UNKNOWN,
    Figure,
    jitter_penalty_ms,
    load_penalty_ms,
    loss_penalty_ms,
    loss_percent,
)


def test_wavering_costs_twice_the_distance_from_median_to_p95() -> None:
    assert jitter_penalty_ms(Figure(20.0, p95_ms=25.0)) == 10.0
    assert jitter_penalty_ms(Figure(20.0), Figure(5.0, p95_ms=5.0)) == 0.0
    assert jitter_penalty_ms(Figure(20.0, p95_ms=23.0), None, Figure(5.0, p95_ms=9.0)) == pytest.approx(10.0)
    assert jitter_penalty_ms(Figure(20.0, p95_ms=900.0)) == MAX_JITTER_PENALTY_MS


def test_a_percentile_below_the_median_or_without_one_is_no_bonus() -> None:
    assert Figure(20.0, p95_ms=10.0).spread_ms == 0.0
    assert (Figure(None, p95_ms=10.0).spread_ms, UNKNOWN.spread_ms) == (0.0, 0.0)


def test_each_percent_of_loss_costs_10_ms_up_to_100() -> None:
    assert loss_penalty_ms(Figure(1.0, 2.0), Figure(1.0, 1.0)) == 30.0
    assert loss_penalty_ms(Figure(1.0, 80.0), Figure(1.0, 80.0)) == MAX_LOSS_PENALTY_MS
    assert loss_percent(Figure(1.0, 80.0), Figure(1.0, 80.0)) == 100.0


def test_load_costs_from_80_percent() -> None:
    assert [load_penalty_ms(load) for load in (0, 80, 85, 100)] == [0, 0, 5, 20]


@given(st.floats(0, 500), st.floats(0, 500), st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))
def test_no_penalty_falls_when_its_figure_rises(
    spread_ms: float, more_ms: float, loss: float, more_loss: float, load: float
) -> None:
    before, after = Figure(10.0, p95_ms=10.0 + spread_ms), Figure(10.0, p95_ms=10.0 + spread_ms + more_ms)
    assert jitter_penalty_ms(after) >= jitter_penalty_ms(before)
    assert loss_penalty_ms(Figure(1.0, loss), Figure(1.0, more_loss)) >= loss_penalty_ms(Figure(1.0, loss))
    assert load_penalty_ms(min(100.0, load + 1)) >= load_penalty_ms(load)
