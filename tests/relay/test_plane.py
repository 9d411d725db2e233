"""Counters of several processes as one."""

from plg_relay.plane import PlaneStatus


def test_counters_add_up_lag_is_the_worst_and_draining_is_any() -> None:
    one = PlaneStatus(sessions=1, packets_up=10, drops={"forged": 1}, loop_lag_ms=5.0, draining=True)
    two = PlaneStatus(sessions=2, packets_up=20, drops={"forged": 2, "stale": 3}, loop_lag_ms=2.0)
    total = one.plus(two)
    assert (total.sessions, total.packets_up, total.loop_lag_ms, total.draining) == (3, 30, 5.0, True)
    assert total.drops == {"forged": 3, "stale": 3}


def test_a_session_is_carried_as_its_exit_and_as_its_transit() -> None:
    assert PlaneStatus(sessions=2, transits=3).carried == 5


def test_what_remains_of_an_ended_process_are_its_counters() -> None:
    left = PlaneStatus(sessions=4, flows=5, transits=6, packets_up=10, loop_lag_ms=9.0, draining=True).without_gauges()
    assert (left.sessions, left.flows, left.transits, left.packets_up) == (0, 0, 0, 10)
    assert (left.loop_lag_ms, left.draining) == (0.0, False)
