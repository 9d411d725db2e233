"""Which numbers were the game's, when they were sent, and how slow the path was."""

import os

import pytest

from plg.lab.simulation.sequence_times import (
    CONTROL_LENGTHS_DOWN,
    CONTROL_LENGTHS_UP,
    GameTicks,
    PathSlowness,
    SequenceTimes,
    control_numbers,
)
from support.protocol_pair import Pair


def test_pings_and_pongs_are_known_by_their_lengths() -> None:
    pair = Pair().established()
    before_up, before_down = len(pair.sent_up), len(pair.sent_down)
    pair.run(5.0)
    up = {len(datagram) for datagram in pair.sent_up[before_up:]}
    down = {len(datagram) for datagram, _ in pair.sent_down[before_down:]}
    assert up
    assert down
    assert up <= CONTROL_LENGTHS_UP
    assert down <= CONTROL_LENGTHS_DOWN


def test_a_game_whose_packets_have_that_length_is_not_taken_for_control() -> None:
    length = min(CONTROL_LENGTHS_UP)
    assert control_numbers({seq: length if seq % 8 == 0 else 200 for seq in range(80)}, CONTROL_LENGTHS_UP) == set(
        range(0, 80, 8)
    )
    assert control_numbers(dict.fromkeys(range(80), length), CONTROL_LENGTHS_UP) == set()
    assert control_numbers({}, CONTROL_LENGTHS_UP) == set()


def test_the_games_ticks_do_not_count_control_numbers() -> None:
    ticks = GameTicks({2, 5})
    assert [ticks.of(seq) for seq in range(7)] == [0, 1, 2, 2, 3, 4, 4]


def test_slowness_is_that_of_the_fastest_pong_round_a_moment_or_of_the_nearest() -> None:
    slow = PathSlowness([0.0, 0.5, 1.0, 5.0], [0.0, 0.08, 0.03, 0.2])
    assert (slow.at(0.7), slow.at(1.2), slow.at(3.0)) == (0.03, 0.03, 0.0)
    assert (slow.nearest(0.6), slow.nearest(3.5), slow.nearest(-1)) == (0.08, 0.2, 0.0)
    assert PathSlowness([], []).nearest(1.0) == 0.0


def test_a_missing_number_lies_evenly_between_its_neighbours() -> None:
    times = SequenceTimes({10: 1.0, 14: 1.4, 15: 1.5})
    assert times.at(12) == pytest.approx(1.2)
    assert (times.at(3), times.at(99)) == (1.0, 1.5)
    assert list(times.between(1.05, 1.45)) == [11, 12, 13, 14]
    assert list(times.between(2.0, 3.0)) == []


def test_times_of_growing_numbers_never_run_backwards() -> None:
    moments = {seq: os.urandom(1)[0] / 255 for seq in range(50)}
    times = SequenceTimes(moments)
    assert [times.at(seq) for seq in range(50)] == sorted(times.at(seq) for seq in range(50))
