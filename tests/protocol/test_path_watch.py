import pytest

from plg.protocol.path_watch import BURST_PINGS, BURST_SPACING_S, SUSPECT_MAX_S, SUSPECT_MIN_S, Health, PathWatch

ACTIVE_S = 0.25


def heard_every(watch: PathWatch, gap_s: float, until_s: float) -> float:
    now = 0.0
    while now < until_s:
        now += gap_s
        watch.heard(now)
    return now


def run(watch: PathWatch, now: float, until_s: float) -> list[float]:
    """Look whenever the watch wants to; when it asked for a PING."""
    pings = []
    while (due := watch.next_look_at_s(ACTIVE_S, in_use=True)) is not None and due <= until_s:
        now = max(now, due)
        if watch.look(now, ACTIVE_S, in_use=True):
            pings.append(now)
    return pings


def test_a_busy_path_is_suspect_after_a_quarter_of_a_second_and_a_quiet_one_after_its_own_rhythm() -> None:
    busy, quiet = PathWatch(0.0), PathWatch(0.0)
    heard_every(busy, 1 / 64, 3.0)
    heard_every(quiet, 0.25, 3.0)
    assert busy.silence_limit_s(ACTIVE_S, in_use=True) == SUSPECT_MIN_S
    assert quiet.silence_limit_s(ACTIVE_S, in_use=True) == SUSPECT_MAX_S


def test_three_pings_without_answer_make_it_dead_and_then_nothing_more_is_asked() -> None:
    watch = PathWatch(0.0)
    last = heard_every(watch, 1 / 64, 2.0)
    pings = run(watch, last, last + 5)
    assert len(pings) == BURST_PINGS
    assert pings[1] - pings[0] == pytest.approx(BURST_SPACING_S)
    assert watch.health is Health.DEAD
    assert watch.next_look_at_s(ACTIVE_S, in_use=True) is None


def test_the_verdict_waits_for_two_round_trips() -> None:
    watch = PathWatch(0.0)
    for _ in range(50):
        watch.measured(0.200)
    last = heard_every(watch, 1 / 64, 2.0)
    moments = [SUSPECT_MIN_S + 0.39, SUSPECT_MIN_S + 0.45]
    seen = []
    for moment in moments:
        run(watch, last, last + moment)
        seen.append(watch.health)
    assert seen == [Health.SUSPECT, Health.DEAD]


def test_with_a_round_trip_of_100_ms_it_is_over_within_600_ms() -> None:
    watch = PathWatch(0.0)
    for _ in range(50):
        watch.measured(0.100)
    last = heard_every(watch, 0.25, 5.0)
    run(watch, last, last + 0.65)
    assert watch.health is Health.DEAD


def test_anything_heard_makes_it_alive_again_from_suspicion_and_from_death() -> None:
    for silence_s in (0.3, 3.0):
        watch = PathWatch(0.0)
        last = heard_every(watch, 1 / 64, 2.0)
        run(watch, last, last + silence_s)
        watch.heard(last + silence_s)
        assert watch.health is Health.ALIVE
        assert watch.next_look_at_s(ACTIVE_S, in_use=True) == last + silence_s + SUSPECT_MIN_S


def test_a_path_in_standby_is_given_its_ping_interval_and_more() -> None:
    watch = PathWatch(0.0)
    assert not watch.look(1.3, 1.0, in_use=False)
    assert watch.look(1.5, 1.0, in_use=False)
    assert watch.health is Health.SUSPECT
