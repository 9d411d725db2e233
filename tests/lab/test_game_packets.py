"""The stand-in's packets, and what their sequence numbers tell."""

import time

from hypothesis import given
from hypothesis import strategies as st

from plg.lab.game_packets import (
    INPUT_MIN_BYTES,
    SNAPSHOT_MIN_BYTES,
    Input,
    SequenceCount,
    Snapshot,
    now_us,
    pack_input,
    pack_snapshot,
    read_input,
    read_snapshot,
)

U32, U64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
INPUTS = st.builds(Input, player=U32, channel=st.integers(0, 255), sequence=U32, sent_us=U64)
SNAPSHOTS = st.builds(
    Snapshot,
    player=U32,
    channel=st.integers(0, 255),
    sequence=U32,
    sent_us=U64,
    echoed_us=U64,
    held_us=U32,
    received=U32,
    highest=U32,
    late=U32,
    doubled=U32,
)


@given(INPUTS, st.integers(0, 1400))
def test_an_input_survives_the_way_at_any_size(packet: Input, size: int) -> None:
    data = pack_input(packet, size)
    assert len(data) == max(size, INPUT_MIN_BYTES)
    assert read_input(data) == packet
    assert read_snapshot(data) is None


@given(SNAPSHOTS, st.integers(0, 1400))
def test_a_snapshot_survives_the_way_at_any_size(packet: Snapshot, size: int) -> None:
    data = pack_snapshot(packet, size)
    assert len(data) == max(size, SNAPSHOT_MIN_BYTES)
    assert read_snapshot(data) == packet
    assert read_input(data) is None


@given(st.binary(max_size=100))
def test_any_other_bytes_are_neither(data: bytes) -> None:
    assert read_input(data) is None
    assert read_snapshot(data) is None


@given(st.lists(st.integers(1, 60), max_size=120))
def test_the_count_agrees_with_a_set_of_everything_seen(arrivals: list[int]) -> None:
    count, seen, late = SequenceCount(), set[int](), 0
    for sequence in arrivals:
        new = sequence not in seen
        late += new and bool(seen) and sequence < max(seen)
        assert count.add(sequence) is new
        seen.add(sequence)
    assert count.received == len(seen)
    assert count.highest == max(seen, default=0)
    assert count.lost == count.highest - len(seen)
    assert count.doubled == len(arrivals) - len(seen)
    assert count.late == late


def test_what_is_too_old_to_tell_is_late_and_not_taken() -> None:
    count = SequenceCount()
    assert count.add(10_000)
    assert not count.add(3)
    assert not count.add(0)
    assert (count.late, count.received) == (2, 1)


def test_time_is_counted_in_microseconds() -> None:
    before = now_us()
    time.sleep(0.01)
    assert 10_000 <= now_us() - before < 5_000_000
