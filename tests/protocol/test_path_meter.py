"""RTT, jitter and loss from PING and PONG."""

import pytest

from plg.protocol.frames import Ping, Pong
from plg.protocol.path_meter import PathMeter, PathNumbers, clock_us


def exchange(
    meter: PathMeter, now: float, *, up_s: float = 0.02, down_s: float = 0.03, sent: int = 1, arrived: int = 1, down: tuple[int, int] = (1, 1), offset_s: float = 1000.0
) -> None:  # fmt: skip
    """One PING and its PONG; the relay's clock is `offset_s` ahead and it takes 5 ms to answer."""
    ping = meter.make_ping(sent, now)
    arrival = now + up_s + offset_s
    pong = Pong(ping.ping_id, ping.sent_us, clock_us(arrival), clock_us(arrival + 0.005), arrived, down[0], 0, 1)
    assert meter.take_pong(pong, down[1], now + up_s + 0.005 + down_s)


def test_nothing_measured_is_said_as_nothing() -> None:
    assert PathMeter().numbers(0.0) == PathNumbers()


def test_the_answerers_own_time_and_clock_do_not_count() -> None:
    meter = PathMeter()
    exchange(meter, 0.0)
    assert meter.numbers(0.1).rtt_ms == pytest.approx(50.0, abs=0.01)


def test_clocks_may_wrap() -> None:
    meter = PathMeter()
    wrap_s = 2**32 / 1e6
    exchange(meter, wrap_s - 0.01, offset_s=0.0)
    assert meter.numbers(wrap_s).rtt_ms == pytest.approx(50.0, abs=0.01)


def test_jitter_is_told_apart_by_direction() -> None:
    meter = PathMeter()
    for i in range(10):
        exchange(meter, i * 0.25, up_s=0.02 + 0.004 * (i % 2))
    numbers = meter.numbers(2.5)
    assert numbers.jitter_up_ms == pytest.approx(4.0, abs=0.01)
    assert numbers.jitter_down_ms == pytest.approx(0.0, abs=0.01)


def test_loss_is_told_apart_by_direction() -> None:
    meter = PathMeter()
    exchange(meter, 0.0, sent=100, arrived=100, down=(50, 50))
    exchange(meter, 1.0, sent=200, arrived=190, down=(150, 145))
    numbers = meter.numbers(1.0)
    assert numbers.loss_up_percent == pytest.approx(10.0)
    assert numbers.loss_down_percent == pytest.approx(5.0)


def test_more_received_than_sent_is_no_negative_loss() -> None:
    meter = PathMeter()
    exchange(meter, 0.0, sent=100, arrived=99)
    exchange(meter, 1.0, sent=110, arrived=110)
    assert meter.numbers(1.0).loss_up_percent == 0.0


def test_what_is_older_than_the_window_is_forgotten() -> None:
    meter = PathMeter()
    exchange(meter, 0.0)
    assert meter.numbers(11.0).samples == 0


def test_answers_to_questions_never_asked_are_ignored() -> None:
    meter = PathMeter()
    assert not meter.take_pong(Pong(9, 1, 2, 3, 4, 5, 6, 7), 1, 1.0)
    ping = meter.make_ping(1, 0.0)
    wrong = Pong(ping.ping_id, ping.sent_us + 1, 0, 0, 0, 0, 0, 0)
    assert not meter.take_pong(wrong, 1, 1.0)


def test_unanswered_pings_do_not_pile_up() -> None:
    meter = PathMeter()
    first = meter.make_ping(1, 0.0)
    for i in range(70):
        meter.make_ping(1, i * 0.25)
    assert not meter.take_pong(Pong(first.ping_id, first.sent_us, 0, 0, 1, 1, 1, 1), 1, 20.0)


def test_the_95th_percentile_shows_what_the_median_hides() -> None:
    meter = PathMeter()
    for i in range(20):
        exchange(meter, i * 0.25, up_s=0.12 if i in {7, 15} else 0.02)
    numbers = meter.numbers(5.0)
    assert numbers.rtt_ms == pytest.approx(50.0, abs=0.01)
    assert numbers.rtt_ms_p95 == pytest.approx(150.0, abs=0.01)


def test_a_reset_starts_anew() -> None:
    meter = PathMeter()
    exchange(meter, 0.0)
    meter.reset()
    assert meter.numbers(0.1) == PathNumbers()
    assert isinstance(meter.make_ping(1, 0.0), Ping)
