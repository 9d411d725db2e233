"""The imitation of a bad line keeps what it promises, in fake time."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.lab.impairment import BurstLoss, ImpairedDirection, Impairment, Schedule

PERCENT = st.floats(0, 100)


def run(
    impairment: Impairment, packets: int, *, spacing_s: float = 1 / 64, seed: int = 7, size: int = 100
) -> tuple[ImpairedDirection, list[tuple[float, tuple[float, ...]]]]:
    """Deliveries of a steady stream: a list of (sent at, delivery times)."""
    line = ImpairedDirection(impairment, seed)
    return line, [(n * spacing_s, line.deliveries(size, n * spacing_s)) for n in range(packets)]


def impairments() -> st.SearchStrategy[Impairment]:
    return st.builds(
        lambda delay, jitter_share, **rest: Impairment(delay_ms=delay, jitter_ms=delay * jitter_share, **rest),
        st.floats(0, 500),
        st.floats(0, 1),
        loss_percent=PERCENT,
        burst_loss=st.none() | st.builds(BurstLoss, enter_percent=PERCENT, leave_percent=PERCENT),
        reorder_percent=PERCENT,
        reorder_ms=st.floats(0, 100),
        duplicate_percent=PERCENT,
        rate_kbit_s=st.none() | st.floats(1, 10_000),
        blackhole=st.booleans(),
    )


@given(impairments(), st.integers(0, 2**32))
def test_a_packet_comes_out_at_most_twice_never_before_it_went_in_and_every_one_is_accounted_for(
    rule: Impairment, seed: int
) -> None:
    line, passed = run(rule, 50, seed=seed)
    for sent_s, due in passed:
        assert len(due) <= 2
        assert all(due_s >= sent_s - 1e-9 for due_s in due)
    counts = line.counts
    assert counts.offered == 50
    assert counts.lost + counts.queue_dropped + counts.delivered == counts.offered
    assert sum(len(due) for _, due in passed) == counts.delivered + counts.duplicated


@given(impairments(), st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_line(rule: Impairment, seed: int) -> None:
    assert run(rule, 40, seed=seed)[1] == run(rule, 40, seed=seed)[1]


@given(impairments(), st.integers(0, 2**32))
def test_only_reordered_packets_are_overtaken(rule: Impairment, seed: int) -> None:
    line = ImpairedDirection(rule, seed)
    in_order: list[float] = []
    for n in range(60):
        reordered_before = line.counts.reordered
        due = line.deliveries(80, n / 100)
        if due and line.counts.reordered == reordered_before:
            in_order.append(due[0])
    assert in_order == sorted(in_order)


def test_a_perfect_line_delivers_at_once() -> None:
    _, passed = run(Impairment(), 10)
    assert all(due == (sent_s,) for sent_s, due in passed)


@pytest.mark.parametrize("percent", [1.0, 2.0, 20.0])
def test_random_loss_is_within_three_sigma_of_what_was_asked(percent: float) -> None:
    packets = 20_000
    line, _ = run(Impairment(loss_percent=percent), packets)
    sigma = math.sqrt(packets * percent / 100 * (1 - percent / 100))
    assert abs(line.counts.lost - packets * percent / 100) < 3 * sigma


def test_loss_strikes_the_same_packets_whatever_else_is_switched_on() -> None:
    _, plain = run(Impairment(loss_percent=10), 500)
    _, busy = run(Impairment(loss_percent=10, delay_ms=30, jitter_ms=10, duplicate_percent=50, reorder_percent=20), 500)
    assert [bool(due) for _, due in plain] == [bool(due) for _, due in busy]


def test_burst_loss_comes_in_runs_of_the_asked_mean_length() -> None:
    line, passed = run(Impairment(burst_loss=BurstLoss(enter_percent=1, leave_percent=20)), 50_000)
    lost = "".join("." if due else "x" for _, due in passed)
    runs = [len(part) for part in lost.split(".") if part]
    # The chain stays in the bad state 1 / 0.2 = 5 packets, and is there 1 / 21 of the time.
    assert sum(runs) / len(runs) == pytest.approx(5, rel=0.15)
    assert line.counts.lost / 50_000 == pytest.approx(1 / 21, rel=0.2)


def test_jitter_spreads_evenly_round_the_delay() -> None:
    _, passed = run(Impairment(delay_ms=45, jitter_ms=6), 20_000, spacing_s=0.05)
    delays_ms = [(due[0] - sent_s) * 1000 for sent_s, due in passed]
    assert min(delays_ms) == pytest.approx(39, abs=0.1)
    assert max(delays_ms) == pytest.approx(51, abs=0.1)
    assert sum(delays_ms) / len(delays_ms) == pytest.approx(45, abs=0.2)


def test_jitter_does_not_raise_the_mean_delay_at_a_games_packet_rate() -> None:
    _, passed = run(Impairment(delay_ms=45, jitter_ms=6), 20_000, spacing_s=1 / 128)
    delays_ms = [(due[0] - sent_s) * 1000 for sent_s, due in passed]
    assert sum(delays_ms) / len(delays_ms) == pytest.approx(45, abs=1)


def test_a_narrow_line_spaces_packets_out_and_drops_what_its_queue_cannot_hold() -> None:
    # 100 bytes are 800 bits: 80 kbit/s carries 100 packets a second; 200 are offered.
    line, passed = run(Impairment(rate_kbit_s=80, queue_ms=100), 1000, spacing_s=1 / 200)
    out = [due[0] for _, due in passed if due]
    assert min(later - sooner for sooner, later in pairwise(out)) == pytest.approx(0.010)
    assert line.counts.queue_dropped == pytest.approx(490, abs=15)
    assert max(due[0] - sent_s for sent_s, due in passed if due) <= 0.111


def test_a_blackhole_swallows_everything_until_it_is_lifted() -> None:
    line = ImpairedDirection(Impairment(blackhole=True), seed=1)
    assert line.deliveries(100, 0.0) == ()
    line.impairment = Impairment()
    assert line.deliveries(100, 1.0) == (1.0,)


def test_duplicates_and_reordering_happen_as_often_as_asked() -> None:
    line, _ = run(Impairment(duplicate_percent=10, reorder_percent=5, reorder_ms=30), 20_000)
    assert line.counts.duplicated == pytest.approx(2000, rel=0.1)
    assert line.counts.reordered == pytest.approx(1000, rel=0.15)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"delay_ms": -1}, "delay_ms must be from 0 to 60000"),
        ({"loss_percent": 101}, "loss_percent must be from 0 to 100"),
        ({"delay_ms": 5, "jitter_ms": 6}, "jitter_ms .6. must not exceed delay_ms"),
        ({"rate_kbit_s": 0}, "rate_kbit_s must be above 0"),
        ({"speed": 3}, "unknown impairment 'speed'"),
        ({"burst_loss": 5}, "burst_loss must be an object"),
        ({"burst_loss": {"enter_percent": 200, "leave_percent": 1}}, "enter_percent must be from 0 to 100"),
        ({"burst_loss": {"enter": 1}}, "not an impairment"),
        ({"delay_ms": "much"}, "not an impairment"),
    ],
)
def test_a_senseless_value_is_refused_by_name(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Impairment.from_mapping(values)


@given(impairments())
def test_an_impairment_survives_the_way_through_plain_values(rule: Impairment) -> None:
    assert Impairment.from_mapping(rule.to_mapping()) == rule


@given(st.lists(st.integers(0, 20)))
def test_a_schedule_gives_back_by_time_and_then_by_arrival(times: list[int]) -> None:
    schedule: Schedule[tuple[int, int]] = Schedule()
    for arrival, due in enumerate(times):
        schedule.add(due, (due, arrival))
    assert schedule.next_due_s() == (min(times) if times else None)
    taken = [item for now in range(21) for item in schedule.take_due(now)]
    assert taken == sorted((due, arrival) for arrival, due in enumerate(times))
    assert schedule.next_due_s() is None


def test_a_full_schedule_counts_what_it_drops() -> None:
    schedule: Schedule[str] = Schedule(limit=2)
    for name in "abc":
        schedule.add(1.0, name)
    assert schedule.overflowed == 1
    assert schedule.take_due(2.0) == ["a", "b"]
