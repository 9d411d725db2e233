import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.errors import ProtocolMisuse
from plg.protocol.redundancy import (
    CLEAN_FIRST_S,
    CLEAN_MAX_S,
    FLOW_START_S,
    UP_SPACING_S,
    ByteBudget,
    Ladder,
    Level,
    Losses,
    Redundancy,
    RedundancyMode,
)

CLEAN = Losses(0.0, 0.0, 1.0)
BAD = Losses(2.0, 2.0, 1.0, 5)


def feed(ladder: Ladder, losses: Losses, began_s: float, seconds: float) -> float:
    now = began_s
    while now < began_s + seconds:
        ladder.report(losses, now)
        now += 0.25
    return now


def level_of(ladder: Ladder) -> Level:
    return ladder.level


@pytest.mark.parametrize("overhead", [0.99, 0.0, -1.0, float("nan"), float("inf"), 8.1])
def test_a_byte_bound_below_one_copy_or_beyond_eight_is_refused(overhead: float) -> None:
    with pytest.raises(ProtocolMisuse):
        Redundancy(RedundancyMode.REDUNDANT, overhead)


def test_off_never_sends_twice_whatever_is_lost() -> None:
    ladder = Ladder(RedundancyMode.OFF)
    ladder.flow_started(0.0)
    feed(ladder, BAD, 0.0, 60)
    assert ladder.level is Level.SINGLE


def test_redundant_sends_twice_from_the_start_and_always() -> None:
    ladder = Ladder(RedundancyMode.REDUNDANT)
    assert level_of(ladder) is Level.DUAL
    feed(ladder, CLEAN, 0.0, 600)
    assert level_of(ladder) is Level.DUAL


def test_redundant_staggers_when_the_paths_lose_together_and_only_then() -> None:
    ladder = Ladder(RedundancyMode.REDUNDANT)
    feed(ladder, Losses(5.0, 2.0, 1.0, 2), 0.0, 60)
    assert level_of(ladder) is Level.DUAL
    now = feed(ladder, Losses(5.0, 2.0, 1.0, 9), 60.0, 3)
    assert level_of(ladder) is Level.STAGGERED
    now = feed(ladder, Losses(5.0, 0.1, 1.0), now, 120)  # whole again because of it
    assert level_of(ladder) is Level.STAGGERED
    feed(ladder, CLEAN, now, CLEAN_FIRST_S + 1)
    assert level_of(ladder) is Level.DUAL


def test_adaptive_sends_twice_in_the_first_seconds_of_a_flow_and_then_once() -> None:
    ladder = Ladder(RedundancyMode.ADAPTIVE)
    ladder.flow_started(5.0)
    now = feed(ladder, CLEAN, 5.0, FLOW_START_S - 0.5)
    assert level_of(ladder) is Level.DUAL
    feed(ladder, CLEAN, now, 1.0)
    assert level_of(ladder) is Level.SINGLE


def test_adaptive_climbs_a_rung_at_a_time_while_packets_are_lost() -> None:
    ladder = Ladder(RedundancyMode.ADAPTIVE)
    seen = []
    now = 100.0
    for _ in range(5):
        ladder.report(BAD, now)
        seen.append(ladder.level)
        now += UP_SPACING_S
    assert seen == [Level.REPEAT, Level.DUAL, Level.STAGGERED, Level.STAGGERED_REPEAT, Level.STAGGERED_REPEAT]


def test_jitter_asks_for_a_second_path_at_once() -> None:
    ladder = Ladder(RedundancyMode.ADAPTIVE)
    ladder.report(Losses(0.0, 0.0, 9.0), 100.0)
    assert ladder.level is Level.DUAL


def test_adaptive_stays_up_while_a_path_still_loses_although_nothing_is_missing() -> None:
    ladder = Ladder(RedundancyMode.ADAPTIVE)
    now = feed(ladder, BAD, 100.0, 5)
    level = ladder.level
    feed(ladder, Losses(2.0, 0.0, 1.0), now, 300)
    assert ladder.level is level


def test_each_relapse_doubles_the_wait_up_to_five_minutes() -> None:
    ladder = Ladder(RedundancyMode.ADAPTIVE)
    now = 100.0
    waits = []
    for _ in range(6):
        now += UP_SPACING_S
        ladder.report(BAD, now)
        top = ladder.level
        began = now
        while ladder.level is top:
            now += 0.25
            ladder.report(CLEAN, now)
        waits.append(now - began)
    assert waits[0] == pytest.approx(CLEAN_FIRST_S, abs=0.6)
    assert waits[1] == pytest.approx(2 * CLEAN_FIRST_S, abs=0.6)
    assert waits[-1] == pytest.approx(CLEAN_MAX_S, abs=0.6)


@given(
    st.floats(1.0, 4.0),
    st.lists(st.tuples(st.integers(31, 1400), st.integers(0, 7)), min_size=1, max_size=300),
)
def test_copies_never_cost_more_than_the_bound(max_overhead: float, packets: list[tuple[int, int]]) -> None:
    budget = ByteBudget(max_overhead)
    for length, copies in packets:
        budget.first(length)
        for _ in range(copies):
            budget.take(length)
        assert budget.first_bytes + budget.copy_bytes <= max_overhead * budget.first_bytes + 1e-6
    assert budget.ratio <= max_overhead + 1e-9


def test_a_bound_of_two_pays_for_every_second_copy() -> None:
    budget = ByteBudget(2.0)
    for _ in range(100):
        budget.first(131)
        assert budget.take(131)
    assert budget.ratio == 2.0


def test_a_quiet_while_does_not_save_up_for_a_flood() -> None:
    budget = ByteBudget(3.0)
    for _ in range(1000):
        budget.first(100)
    taken = 0
    while budget.take(100):
        taken += 1
    assert taken <= 16
