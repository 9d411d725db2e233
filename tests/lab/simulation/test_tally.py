"""Packets are counted once, by number, with their latencies and gaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.lab.simulation.tally import DirectionTally, percentile


def tally(arrivals: list[float | None], *, spacing_s: float = 0.01) -> DirectionTally:
    """Packets sent every `spacing_s`; each arrives after so many seconds, or never."""
    made = DirectionTally()
    for place, delay_s in enumerate(arrivals):
        number = made.sent(place * spacing_s)
        if delay_s is not None:
            made.arrived(number, place * spacing_s + delay_s)
    return made


def test_loss_latency_and_gaps_come_from_the_numbers() -> None:
    figures = tally([0.02, None, None, 0.03, None, 0.02]).figures()
    assert (figures.sent, figures.delivered, figures.lost, figures.longest_gap) == (6, 3, 3, 2)
    assert figures.gaps == {1: 1, 2: 1}
    assert figures.loss_percent == 50
    assert figures.p50_ms == pytest.approx(20)
    assert figures.p999_ms == pytest.approx(30)
    assert figures.longest_silence_ms == pytest.approx(40)


def test_a_second_arrival_is_a_duplicate_and_an_unknown_number_a_stranger() -> None:
    made = tally([0.02])
    made.arrived(0, 1.0)
    made.arrived(7, 1.0)
    assert (made.duplicates, made.strangers) == (1, 1)
    assert made.figures().p50_ms == pytest.approx(20)


def test_a_stretch_of_time_counts_what_was_sent_in_it() -> None:
    figures = tally([0.02] * 10).figures(0.03, 0.06)
    assert (figures.sent, figures.lost) == (3, 0)


def test_nothing_gives_no_latency() -> None:
    figures = DirectionTally().figures()
    assert (figures.sent, figures.p50_ms, figures.loss_percent, figures.longest_silence_ms) == (0, None, 0.0, 0.0)


@given(st.lists(st.none() | st.floats(0, 2), max_size=60))
def test_sent_is_delivered_plus_lost_and_gaps_add_up(arrivals: list[float | None]) -> None:
    figures = tally(arrivals).figures()
    assert figures.sent == figures.delivered + figures.lost == len(arrivals)
    assert sum(length * count for length, count in figures.gaps.items()) == figures.lost


def test_percentiles_are_by_nearest_rank() -> None:
    ordered = [float(value) for value in range(1000)]
    assert [percentile(ordered, percent) for percent in (0, 50, 99.9, 100)] == [0, 500, 999, 999]
    assert percentile([], 50) is None
