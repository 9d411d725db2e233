"""Payloads too long for one datagram."""

from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import FRAGMENT_TIMEOUT_S, MAX_PAYLOAD, MAX_PENDING_FRAGMENTS
from plg.protocol.fragments import FragmentBuffer, split_payload


@given(st.binary(min_size=2, max_size=2650), st.booleans())
def test_two_halves_make_the_payload_in_either_order(payload: bytes, swapped: bool) -> None:
    halves = split_payload(7, 3, payload)
    first, second = reversed(halves) if swapped else halves
    buffer = FragmentBuffer()
    assert buffer.add(first, 0.0) is None
    assert buffer.add(second, 0.1) == (3, payload)
    assert abs(len(halves[0].payload) - len(halves[1].payload)) <= 1


def test_halves_of_different_flows_do_not_meet() -> None:
    buffer = FragmentBuffer()
    buffer.add(split_payload(7, 3, b"abcd")[0], 0.0)
    assert buffer.add(split_payload(7, 4, b"abcd")[1], 0.0) is None


def test_a_half_waits_a_second_and_is_counted_as_lost() -> None:
    first, second = split_payload(7, 3, b"abcd")
    buffer = FragmentBuffer()
    buffer.add(first, 0.0)
    assert buffer.add(second, FRAGMENT_TIMEOUT_S + 0.01) is None
    assert buffer.lost == 1


def test_memory_is_bounded_and_the_oldest_gives_way() -> None:
    buffer = FragmentBuffer()
    for number in range(MAX_PENDING_FRAGMENTS + 5):
        buffer.add(split_payload(number, 3, b"abcd")[0], 0.0)
    assert buffer.lost == 5
    assert buffer.add(split_payload(0, 3, b"abcd")[1], 0.0) is None
    assert buffer.add(split_payload(MAX_PENDING_FRAGMENTS + 4, 3, b"abcd")[1], 0.0) == (3, b"abcd")


def test_two_halves_longer_than_any_payload_are_dropped_and_counted() -> None:
    buffer = FragmentBuffer()
    for half in split_payload(7, 3, bytes(MAX_PAYLOAD + 1)):
        assert buffer.add(half, 0.0) is None
    assert buffer.lost == 1
