"""When a relay that died starts again."""

from plg_relay.keeper_restarts import LONGEST_PAUSE_S, RestartPolicy


def test_a_relay_that_served_starts_again_at_once_each_time() -> None:
    policy = RestartPolicy(10)
    assert [policy.died(now_s, 5.0) for now_s in (0.0, 10.0, 20.0, 30.0)] == [0.0] * 4


def test_a_relay_that_dies_early_waits_longer_each_time_up_to_a_limit() -> None:
    policy = RestartPolicy(100)
    pauses = [policy.died(float(at_s), 0.0) for at_s in range(12)]
    assert pauses[:5] == [0.0, 0.1, 0.2, 0.4, 0.8]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_one_life_that_lasted_forgives_the_early_deaths_before_it() -> None:
    policy = RestartPolicy(100)
    for at_s in range(5):
        policy.died(float(at_s), 0.0)
    assert policy.died(10.0, 5.0) == 0.0
    assert policy.died(10.5, 0.5) == 0.0
    assert policy.died(10.7, 0.1) == 0.1


def test_more_deaths_than_allowed_within_a_minute_are_the_end() -> None:
    policy = RestartPolicy(3)
    assert [policy.died(at_s, 2.0) for at_s in (0.0, 10.0, 20.0)] == [0.0] * 3
    assert policy.died(59.0, 2.0) is None
    assert policy.deaths == 4


def test_deaths_of_more_than_a_minute_ago_do_not_count() -> None:
    policy = RestartPolicy(3)
    for at_s in (0.0, 10.0, 20.0):
        policy.died(at_s, 2.0)
    assert policy.died(60.5, 2.0) == 0.0


def test_without_restarts_the_first_death_is_the_end() -> None:
    assert RestartPolicy(0).died(0.0, 100.0) is None
