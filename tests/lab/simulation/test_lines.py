"""The lines of the simulated network lose, delay and fail as they say."""

import statistics
from itertools import groupby

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.lines import BurstsInTime, DelaySpikes, LineModel, LossInTime, SimulatedLine, Step

SPACING_S = 1 / 1000


def fates(line: SimulatedLine, packets: int, *, spacing_s: float = SPACING_S) -> list[bool]:
    return [bool(line.deliveries(100, number * spacing_s)) for number in range(packets)]


@pytest.mark.parametrize(("loss_percent", "mean_burst_ms", "while_bad"), [(1, 10, 100), (1, 50, 100), (5, 20, 50)])
def test_bursts_have_the_mean_loss_and_the_mean_length_that_were_asked_for(
    loss_percent: float, mean_burst_ms: float, while_bad: float
) -> None:
    model = BurstsInTime(loss_percent=loss_percent, mean_burst_ms=mean_burst_ms, loss_while_bad_percent=while_bad)
    process = LossInTime(model, 7)
    lost = [process.loses(number * SPACING_S) for number in range(2_000_000)]
    assert 100 * sum(lost) / len(lost) == pytest.approx(loss_percent, rel=0.12)
    if while_bad == 100:
        runs = [sum(1 for _ in run) for bad, run in groupby(lost) if bad]
        assert statistics.mean(runs) == pytest.approx(mean_burst_ms, rel=0.12)


@pytest.mark.parametrize("wrong", [(0, 10, 100), (50, 10, 50), (1, 0, 100), (1, 10, 101)])
def test_bursts_that_cannot_be_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="bursts"):
        BurstsInTime(loss_percent=wrong[0], mean_burst_ms=wrong[1], loss_while_bad_percent=wrong[2])


def test_lines_that_share_a_last_mile_lose_at_the_same_instants() -> None:
    shared = LossInTime(BurstsInTime(loss_percent=2, mean_burst_ms=10), 3)
    one, other = SimulatedLine(LineModel(), 1, (shared,)), SimulatedLine(LineModel(), 2, (shared,))
    pairs = [(one.deliveries(100, n * SPACING_S), other.deliveries(100, n * SPACING_S)) for n in range(100_000)]
    assert all(bool(a) == bool(b) for a, b in pairs)
    assert one.lost == other.lost > 1000


def test_lines_of_their_own_lose_independently() -> None:
    model = LineModel(impairment=Impairment(loss_percent=10))
    one, other = fates(SimulatedLine(model, 1), 100_000), fates(SimulatedLine(model, 2), 100_000)
    both = sum(not a and not b for a, b in zip(one, other, strict=True))
    assert both == pytest.approx(1000, rel=0.15)


def test_a_spike_lifts_the_delay_and_lets_it_sink_again_without_reordering() -> None:
    model = LineModel(impairment=Impairment(delay_ms=20), spikes=DelaySpikes(every_s=2, height_ms=100, hold_ms=300))
    line = SimulatedLine(model, 5)
    due = [line.deliveries(100, n * SPACING_S)[0] for n in range(60_000)]
    delays_ms = [(moment - n * SPACING_S) * 1000 for n, moment in enumerate(due)]
    assert due == sorted(due)
    assert min(delays_ms) == pytest.approx(20)
    assert 70 < max(delays_ms) <= 120.01
    assert statistics.median(delays_ms) == pytest.approx(20, abs=1)


def test_an_outage_and_a_black_hole_swallow_everything_for_their_time() -> None:
    line = SimulatedLine(LineModel(outages=((0.1, 0.2), (0.5, 0.6))), 1)
    lost = [n for n, arrived in enumerate(fates(line, 1000)) if not arrived]
    assert lost == [*range(100, 200), *range(500, 600)]
    line.blackhole = True
    assert line.deliveries(100, 2.0) == ()
    line.blackhole = False
    assert line.deliveries(100, 2.1) == (2.1,)


def test_a_step_changes_the_line_from_its_moment_on() -> None:
    steps = (Step(0.5, Impairment(delay_ms=90)), Step(0.7, Impairment(delay_ms=30)))
    line = SimulatedLine(LineModel(impairment=Impairment(delay_ms=10), steps=steps), 1)
    delays = [round((line.deliveries(100, at)[0] - at) * 1000) for at in (0.0, 0.49, 0.5, 0.6, 0.79)]
    assert delays == [10, 10, 90, 90, 30]


@pytest.mark.parametrize(
    "wrong",
    [
        {"outages": ((1.0, 1.0),)},
        {"steps": (Step(2.0, Impairment()), Step(1.0, Impairment()))},
    ],
)
def test_a_line_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        LineModel(**wrong)  # type: ignore[arg-type]  # what the test is about


def test_the_same_seed_gives_the_same_line() -> None:
    model = LineModel(
        impairment=Impairment(delay_ms=20, jitter_ms=5, loss_percent=1),
        bursts=BurstsInTime(loss_percent=2, mean_burst_ms=20),
        spikes=DelaySpikes(every_s=1, height_ms=50, hold_ms=100),
    )
    one, again = SimulatedLine(model, 9), SimulatedLine(model, 9)
    for number in range(2000):
        assert one.deliveries(100, number / 64) == again.deliveries(100, number / 64)
