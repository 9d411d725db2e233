"""The longest time between arrivals."""

from plg.lab.gap_clock import GapClock


def test_a_gap_counts_in_the_interval_in_which_it_ends() -> None:
    clock = GapClock()
    clock.arrived(1_000)
    assert [clock.longest_ms, clock.recent_ms] == [None, None]
    clock.arrived(31_000)
    clock.forget_recent()
    clock.arrived(51_000)
    assert [clock.longest_ms, clock.recent_ms] == [30.0, 20.0]
