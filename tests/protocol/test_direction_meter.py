import pytest

from plg.protocol.direction_meter import LOSS_WINDOW_S, DirectionMeter
from plg.protocol.redundancy import Level, Losses

U32 = 1 << 32


def test_nothing_reported_is_no_loss() -> None:
    meter = DirectionMeter()
    assert meter.path_loss_percent(0, 1.0) == 0.0
    assert meter.residual(1.0) == (0, 0.0)
    assert meter.jitter_ms(3) == 0.0


def test_loss_of_a_path_is_the_share_of_the_last_two_seconds() -> None:
    meter = DirectionMeter()
    meter.take_path(1, 100, 50, 0.0)  # bad, but long ago
    for second in range(1, 6):
        meter.take_path(1, 100 + 100 * second, 50 + 99 * second, float(second))
    assert meter.path_loss_percent(1, 5.0) == pytest.approx(1.0)


def test_an_old_report_says_nothing_about_now() -> None:
    meter = DirectionMeter()
    meter.take_path(0, 0, 0, 0.0)
    meter.take_path(0, 100, 50, 1.0)
    assert meter.path_loss_percent(0, 1.0 + LOSS_WINDOW_S) == 50.0
    assert meter.path_loss_percent(0, 1.1 + LOSS_WINDOW_S) == 0.0


def test_counts_go_on_over_the_end_of_32_bits() -> None:
    meter = DirectionMeter()
    meter.take_path(0, U32 - 50, U32 - 60, 0.0)
    meter.take_path(0, 50, 30, 1.0)
    assert meter.path_loss_percent(0, 1.0) == pytest.approx(10.0)


def test_a_report_that_comes_late_is_left_out() -> None:
    meter = DirectionMeter()
    meter.take_path(0, 0, 0, 0.0)
    meter.take_path(0, 200, 190, 1.0)
    meter.take_path(0, 100, 100, 1.1)
    assert meter.path_loss_percent(0, 1.2) == 5.0


def test_what_all_paths_together_lost_is_told_apart_from_each_path() -> None:
    meter = DirectionMeter()
    for second, (highest, lost) in enumerate([(0, 0), (100, 0), (200, 3)]):
        meter.take_session(highest, lost, float(second))
        meter.take_path(0, 100 * second, 90 * second, float(second))
    lost, percent = meter.residual(2.0)
    assert (lost, round(percent, 6)) == (3, 1.5)
    meter.forget_residual()
    assert meter.residual(2.0) == (0, 0.0)
    assert meter.path_loss_percent(0, 2.0) == pytest.approx(10.0)


def test_more_arrivals_than_sent_are_no_negative_loss() -> None:
    meter = DirectionMeter()
    meter.take_path(0, 0, 0, 0.0)
    meter.take_path(0, 100, 101, 1.0)
    assert meter.path_loss_percent(0, 1.0) == 0.0


def test_the_ladder_sees_the_worst_path_that_carries_and_no_other() -> None:
    meter = DirectionMeter()
    for path, arrived in ((0, 99), (1, 90), (2, 10)):
        meter.take_path(path, 0, 0, 0.0)
        meter.take_path(path, 100, arrived, 1.0)
        meter.take_jitter(path, float(path))
    meter.take_session(0, 0, 0.0)
    meter.take_session(100, 2, 1.0)
    assert meter.losses((0, 1), Level.DUAL, 1.0) == Losses(10.0, 2.0, 1.0, 2)
    assert meter.losses((0,), Level.SINGLE, 1.0) == Losses(1.0, 1.0, 0.0, 1)
    assert meter.losses((), Level.SINGLE, 1.0) == Losses(0.0, 0.0, 0.0, 1)
