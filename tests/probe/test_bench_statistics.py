"""What an interleaved experiment may say, and how often it may be wrong."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.probe.bench_statistics import (
    MINIMUM_BLOCKS,
    BenchResult,
    Block,
    Difference,
    Pair,
    Verdict,
    Way,
    arm_figures,
    compare,
    pair_blocks,
    plan_order,
    student_t,
    trimmed_mean,
    verdict_of,
)

EXPERIMENTS = 300
RESAMPLES = 300
"""Fewer than in production: the ends of the interval are a little rougher, and 300 experiments take two seconds."""


def block(way: Way, *rtts_ms: float, lost: int = 0) -> Block:
    return Block(way, rtts_ms, len(rtts_ms) + lost)


def even_pairs(count: int, direct_ms: float, boosted_ms: float) -> list[Pair]:
    return [
        Pair(block(Way.DIRECT, *[direct_ms + place] * 5), block(Way.BOOSTED, *[boosted_ms + place] * 5))
        for place in range(count)
    ]


def experiment(
    draw: Random, *, pairs: int, shift_ms: float, spread_ms: float = 0.7, lost_boosted: float = 0.01
) -> BenchResult:
    """A line as lines are: slow drift over the evening, noise between blocks, spikes, lost answers."""
    blocks = []
    drift_ms = 0.0
    for way in plan_order(pairs, draw.randrange(1 << 30)):
        drift_ms = 0.8 * drift_ms + draw.gauss(0, 1.5)
        base_ms = 40 + drift_ms + draw.gauss(0, spread_ms) + (shift_ms if way is Way.BOOSTED else 0)
        lost = lost_boosted if way is Way.BOOSTED else 0.01
        answered = [
            base_ms + abs(draw.gauss(0, 1)) + (draw.expovariate(1 / 15) if draw.random() < 0.1 else 0)
            for _ in range(8)
            if draw.random() >= lost
        ]
        blocks.append(Block(way, tuple(answered), 8))
    return compare(pair_blocks(blocks), seed=draw.randrange(1 << 30), resamples=RESAMPLES)


def verdicts(*, pairs: int, shift_ms: float, seed: int) -> Counter[Verdict]:
    draw = Random(seed)
    return Counter(experiment(draw, pairs=pairs, shift_ms=shift_ms).verdict for _ in range(EXPERIMENTS))


@pytest.mark.parametrize("pairs", [4, 10])
def test_without_a_difference_at_most_one_experiment_in_twenty_says_improved(pairs: int) -> None:
    counted = verdicts(pairs=pairs, shift_ms=0, seed=11)
    assert counted[Verdict.IMPROVED] <= 0.05 * EXPERIMENTS
    assert counted[Verdict.WORSE] <= 0.05 * EXPERIMENTS


@pytest.mark.parametrize(("pairs", "found_at_least"), [(6, 0.8), (10, 0.95)])
def test_five_milliseconds_are_found(pairs: int, found_at_least: float) -> None:
    counted = verdicts(pairs=pairs, shift_ms=-5, seed=12)
    assert counted[Verdict.IMPROVED] >= found_at_least * EXPERIMENTS
    assert counted[Verdict.WORSE] == 0
    assert verdicts(pairs=pairs, shift_ms=5, seed=13)[Verdict.WORSE] >= found_at_least * EXPERIMENTS


def test_the_interval_holds_the_truth_in_at_least_95_of_100_experiments() -> None:
    draw = Random(14)
    held = 0
    for _ in range(EXPERIMENTS):
        found = experiment(draw, pairs=10, shift_ms=-3).median_ms
        held += found is not None and found.low <= -3 <= found.high
    assert held >= 0.95 * EXPERIMENTS


def test_a_certain_difference_of_less_than_a_millisecond_is_none() -> None:
    result = compare(even_pairs(10, 40.0, 39.5), seed=1)
    assert result.median_ms is not None
    assert (result.median_ms.value, result.median_ms.high < 0) == (-0.5, True)
    assert result.verdict is Verdict.NO_DIFFERENCE


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, two = (experiment(Random(3), pairs=8, shift_ms=-2) for _ in range(2))
    assert one == two


def test_drift_over_the_evening_is_no_difference() -> None:
    """The line gets 20 ms slower for each pair: the medians of all direct and of all boosted samples say nothing of that."""
    pairs = [
        Pair(block(Way.DIRECT, *[40.0 + 20 * n] * 5), block(Way.BOOSTED, *[37.0 + 20 * n + n % 2] * 5))
        for n in range(8)
    ]
    result = compare(pairs, seed=1)
    assert result.verdict is Verdict.IMPROVED
    assert result.median_ms is not None
    assert result.median_ms.value == pytest.approx(-2.5)


def test_one_pair_beside_a_download_does_not_decide() -> None:
    beside = Pair(block(Way.DIRECT, 40.0, 40.0), block(Way.BOOSTED, 900.0, 900.0))
    pairs = [*even_pairs(19, 40, 35), beside]
    assert compare(pairs, seed=1).verdict is Verdict.IMPROVED


def test_fewer_than_four_blocks_of_each_way_give_no_verdict() -> None:
    with pytest.raises(ValueError, match="4 blocks"):
        compare(even_pairs(MINIMUM_BLOCKS - 1, 40, 30), seed=1)


def test_a_shorter_way_that_loses_more_is_no_improvement() -> None:
    def lossy(number: int) -> Pair:
        return Pair(
            block(Way.DIRECT, *[40.0 + number] * 10), block(Way.BOOSTED, *[35.0 + number] * 9, lost=1 + number % 2)
        )

    assert compare([lossy(number) for number in range(8)], seed=1).verdict is Verdict.NO_DIFFERENCE


def test_a_way_that_does_not_answer_at_all_is_worse() -> None:
    dead = [Pair(block(Way.DIRECT, *[40.0] * 5), block(Way.BOOSTED, lost=5)) for _ in range(5)]
    result = compare(dead, seed=1)
    assert (result.verdict, result.median_ms, result.boosted.rtt_ms_p50) == (Verdict.WORSE, None, None)


def test_the_figures_of_a_way_are_of_all_its_blocks() -> None:
    figures = arm_figures([block(Way.DIRECT, 10, 20, 30, lost=1), block(Way.DIRECT, 50, 40)])
    assert (figures.blocks, figures.sent, figures.answered) == (2, 6, 5)
    assert figures.rtt_ms_p50 == 30
    assert figures.rtt_ms_p95 == pytest.approx(48)
    assert figures.jitter_ms == 10
    assert figures.loss_percent == pytest.approx(100 / 6)


def test_no_answer_at_all_is_all_lost_and_nothing_else_known() -> None:
    figures = arm_figures([block(Way.DIRECT, lost=3)])
    assert (figures.rtt_ms_p50, figures.jitter_ms, figures.loss_percent) == (None, None, 100)


def test_more_answers_than_questions_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 answers to 1"):
        Block(Way.DIRECT, (1.0, 2.0), 1)


@given(st.integers(1, 50), st.integers())
def test_every_pair_of_the_order_holds_both_ways_once(pairs: int, seed: int) -> None:
    order = plan_order(pairs, seed)
    assert [set(order[place : place + 2]) for place in range(0, 2 * pairs, 2)] == [set(Way)] * pairs
    assert order == plan_order(pairs, seed)


def test_the_order_is_not_the_same_in_every_pair() -> None:
    order = plan_order(40, seed=1)
    firsts = Counter(order[::2])
    assert min(firsts[Way.DIRECT], firsts[Way.BOOSTED]) >= 10


def test_a_block_without_its_partner_is_left_out() -> None:
    blocks = [block(Way.BOOSTED, 1), block(Way.DIRECT, 2), block(Way.DIRECT, 3)]
    assert pair_blocks(blocks) == [Pair(blocks[1], blocks[0])]


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=40))
def test_the_trimmed_mean_lies_between_the_extremes(values: list[float]) -> None:
    assert min(values) - 1e-9 <= trimmed_mean(values) <= max(values) + 1e-9


def test_students_t_falls_towards_the_normal_distribution() -> None:
    values = [student_t(degrees) for degrees in range(1, 200)]
    assert values == sorted(values, reverse=True)
    assert (student_t(3), round(student_t(60), 3)) == (3.182, 2.0)


def test_a_certain_interval_is_on_one_side_of_zero() -> None:
    assert Difference(-3, -5, -1).is_certain
    assert Difference(3, 1, 5).is_certain
    assert not Difference(-3, -7, 1).is_certain
    assert verdict_of(Difference(3, 1, 5), None) is Verdict.WORSE
