"""A line that does again what a recorded path did, and says when it has to guess."""

import pytest

from plg.lab.simulation.trace_line import KNOWN_FOR_S, Point, TraceLine

POINTS = [Point(0.0, 0.020), Point(0.1, None), Point(0.2, 0.050)]


def test_a_packet_meets_the_fate_of_the_recorded_one_nearest_in_time() -> None:
    line = TraceLine(POINTS, 0.0, 10.0, 1)
    assert line.deliveries(100, 10.01) == (10.03,)
    assert line.deliveries(100, 10.06) == ()
    assert line.deliveries(100, 10.14) == ()
    assert line.deliveries(100, 10.3) == pytest.approx((10.35,))
    assert line.guessed == 0


def test_where_nothing_was_recorded_near_it_does_the_usual_and_counts_it() -> None:
    line = TraceLine(POINTS, 0.0, 0.0, 1)
    fates = [line.deliveries(100, 0.2 + KNOWN_FOR_S + 0.01 + number) for number in range(3000)]
    assert line.guessed == line.asked == 3000
    assert sum(not fate for fate in fates) == pytest.approx(1000, rel=0.1)


def test_a_path_of_which_nothing_is_known_has_the_delay_it_is_given() -> None:
    assert TraceLine([], 0.02, 0.0, 1).deliveries(100, 5.0) == (5.02,)
