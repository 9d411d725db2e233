"""The experiment: order, blocks, and an early end."""

import asyncio

import pytest

from plg.cli.bench_run import (
    WARM_UP_SAMPLES,
    AskedWay,
    Experiment,
    ExperimentPlan,
    MeasuredBlock,
    PartsWay,
    SampledWay,
    run_experiment,
    so_far,
)
from plg.probe.bench_statistics import Way, plan_order

PLAN = ExperimentPlan(pairs=4, samples=3, interval_s=0.0, seed=7)


def constant(rtt_ms: float | None) -> AskedWay:
    async def sample() -> float | None:
        return rtt_ms

    return AskedWay(sample)


async def run(plan: ExperimentPlan, ways: dict[Way, SampledWay], **more: object) -> Experiment:
    experiment = Experiment(plan)
    await run_experiment(experiment, ways, lambda _block: None, **more)  # type: ignore[arg-type]  # the callers' own names
    return experiment


async def test_blocks_come_in_the_planned_order_with_the_planned_samples() -> None:
    experiment = await run(PLAN, {Way.DIRECT: constant(40), Way.BOOSTED: constant(20)})
    assert [entry.block.way for entry in experiment.blocks] == plan_order(4, 7)
    assert {(entry.block.sent, len(entry.block.rtts_ms)) for entry in experiment.blocks} == {(3, 3)}
    assert (experiment.is_complete, experiment.pairs) == (True, 4)
    assert {rtt for block in so_far(experiment.blocks, Way.BOOSTED) for rtt in block.rtts_ms} == {20}


async def test_the_first_sample_of_a_block_is_not_counted() -> None:
    numbers = iter(range(1000))

    async def counting() -> float | None:
        return float(next(numbers))

    experiment = await run(PLAN, {Way.DIRECT: AskedWay(counting), Way.BOOSTED: constant(1)})
    firsts = [block.rtts_ms[0] for block in so_far(experiment.blocks, Way.DIRECT)]
    assert firsts == [float(WARM_UP_SAMPLES + place * (3 + WARM_UP_SAMPLES)) for place in range(4)]


async def test_lost_samples_are_counted_as_sent() -> None:
    experiment = await run(PLAN, {Way.DIRECT: constant(40), Way.BOOSTED: constant(None)})
    assert {(block.sent, block.rtts_ms) for block in so_far(experiment.blocks, Way.BOOSTED)} == {(3, ())}


async def test_ctrl_c_keeps_what_is_there_and_lets_the_caller_go_on() -> None:
    experiment = Experiment(ExperimentPlan(pairs=100, samples=2, interval_s=0.01, seed=1))
    told: list[MeasuredBlock] = []

    async def body() -> str:
        await run_experiment(experiment, {way: constant(1.0) for way in Way}, told.append)
        async with asyncio.timeout(1):  # what follows may wait as usual
            await asyncio.sleep(0.01)
        return "went on"

    task = asyncio.create_task(body())
    while len(told) < 9:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.005)
    task.cancel()
    assert await task == "went on"
    assert not experiment.is_complete
    assert 9 <= len(experiment.blocks) < 20
    assert experiment.seconds > 0


async def test_the_end_of_the_session_ends_the_experiment() -> None:
    over = iter([False, False, False, True])
    experiment = await run(PLAN, {way: constant(1.0) for way in Way}, is_over=lambda: next(over))
    assert (len(experiment.blocks), experiment.is_complete) == (3, False)


async def test_boosted_by_parts_adds_the_relays_newest_leg_and_keeps_it_while_the_server_is_away() -> None:
    legs = iter([(9.0, 12.0), (None, None), (11.0, 1.0)])

    async def ping() -> float | None:
        return 10.0

    async def ask() -> tuple[float | None, float | None]:
        return next(legs)

    way = PartsWay(ping, ask)
    assert await way.sample() is None
    totals = []
    for _ in range(3):
        await way.prepare_block()
        totals.append(await way.sample())
    assert totals == [19, 19, 21]


async def test_each_boosted_block_keeps_the_leg_that_it_was_measured_with() -> None:
    experiment = await run(PLAN, {way: constant(1.0) for way in Way}, leg=lambda: (9.0, 3.0))
    legs = {(entry.block.way, entry.leg_ms, entry.leg_age_s) for entry in experiment.blocks}
    assert legs == {(Way.BOOSTED, 9.0, 3.0), (Way.DIRECT, None, None)}


async def test_preparing_a_block_is_awaited_before_its_samples() -> None:
    seen: list[str] = []

    async def sample() -> float | None:
        seen.append("sample")
        return 1.0

    async def prepare() -> None:
        seen.append("prepare")

    way = AskedWay(sample, prepare)
    await run(ExperimentPlan(1, 1, 0.0, 1), {Way.DIRECT: way, Way.BOOSTED: constant(1.0)})
    assert seen == ["prepare", *["sample"] * (1 + WARM_UP_SAMPLES)]


def test_the_plan_says_how_long_it_takes() -> None:
    assert ExperimentPlan(pairs=10, samples=8, interval_s=0.5, seed=1).seconds == pytest.approx(90)
