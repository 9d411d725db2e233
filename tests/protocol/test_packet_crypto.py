"""Sealing and opening DATA."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plg.protocol.constants import DATA_OVERHEAD, PHASE_BIT, REKEY_AFTER_S, REKEY_AFTER_SEQUENCES, REPLAY_WINDOW
from plg.protocol.errors import DropReason
from plg.protocol.header import DATA_HEADER, DATA_UP, path_byte
from plg.protocol.keys import SUITES, session_keys
from plg.protocol.packet_crypto import PacketOpener, PacketSealer

KEY = session_keys(bytes(32), bytes(16), bytes(16), 1).up


def make(suite: int = 1) -> tuple[PacketSealer, PacketOpener]:
    return PacketSealer(KEY, suite, 77, DATA_UP, 0.0), PacketOpener(KEY, suite, DATA_UP)


def opened(opener: PacketOpener, datagram: bytes) -> bytes | DropReason:
    t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
    return opener.open(datagram, t, p, seq32)


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_a_body_arrives_once_with_31_bytes_around_its_payload(suite: int) -> None:
    sealer, opener = make(suite)
    datagram = sealer.seal(b"\1payload")
    assert len(datagram) == DATA_OVERHEAD + len(b"payload")
    assert opened(opener, datagram) == b"\1payload"
    assert opened(opener, datagram) is DropReason.DUPLICATE


def test_copies_share_the_number_and_only_the_first_counts() -> None:
    sealer, opener = make()
    first = sealer.seal(b"\1a", path_byte(0, 0))
    copy = sealer.seal_copy(b"\1a", path_byte(1, 1))
    assert first[10:14] == copy[10:14]
    assert first[14:] != copy[14:]
    assert opened(opener, copy) == b"\1a"
    assert opened(opener, first) is DropReason.DUPLICATE


@given(st.integers(min_value=0))
def test_no_mutated_byte_is_accepted_nor_changes_the_window(bit: int) -> None:
    sealer, opener = make()
    datagram = bytearray(sealer.seal(b"\1payload"))
    bit %= len(datagram) * 8
    datagram[bit // 8] ^= 1 << bit % 8
    if 1 <= bit // 8 <= 8:
        return  # the session id: another session, or none
    assert isinstance(opened(opener, bytes(datagram)), DropReason)
    assert opener.top == -1


def test_a_packet_of_the_other_direction_is_refused() -> None:
    sealer, _ = make()
    keys = session_keys(bytes(32), bytes(16), bytes(16), 1)
    assert opened(PacketOpener(keys.down, 1, DATA_UP | 2), sealer.seal(b"\1a")) is DropReason.MALFORMED


def test_a_number_that_fell_out_of_the_window_is_stale() -> None:
    sealer, opener = make()
    old = sealer.seal(b"\1old")
    for _ in range(REPLAY_WINDOW):
        opened(opener, sealer.seal(b"\1new"))
    assert opened(opener, old) is DropReason.STALE


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.sampled_from([0, 2**32 - 40, 2**33 - 5]))
def test_any_order_with_copies_and_losses_delivers_each_body_at_most_once(random: object, start: int) -> None:
    sealer, opener = make()
    sealer.next_seq = start
    opener.top = start - 1
    packets = [sealer.seal(bytes([1, i])) for i in range(80)]
    schedule = [packet for packet in packets for _ in range(2)]
    random.shuffle(schedule)  # type: ignore[attr-defined]  # hypothesis types its Random as object
    bodies = [body for packet in schedule[:120] if isinstance(body := opened(opener, packet), bytes)]
    assert len(bodies) == len(set(bodies))
    assert set(bodies) == {bytes([1, packets.index(packet)]) for packet in set(schedule[:120])}


def test_the_sender_changes_keys_after_an_hour_and_the_receiver_follows() -> None:
    sealer, opener = make()
    late = sealer.seal(b"\1late")
    assert not sealer.rekey_if_due(REKEY_AFTER_S - 1)
    assert sealer.rekey_if_due(REKEY_AFTER_S)
    fresh = sealer.seal(b"\1fresh")
    assert fresh[0] & PHASE_BIT
    assert opened(opener, fresh) == b"\1fresh"
    assert opened(opener, late) == b"\1late"
    assert opened(opener, late) is DropReason.DUPLICATE


def test_the_sender_changes_keys_after_a_million_packets() -> None:
    sealer, _ = make()
    sealer.next_seq = REKEY_AFTER_SEQUENCES
    assert sealer.rekey_if_due(1.0)


def test_many_phases_in_a_row_keep_working() -> None:
    sealer, opener = make()
    for phase in range(1, 6):
        assert sealer.rekey_if_due(phase * REKEY_AFTER_S)
        for number in range(3):
            assert opened(opener, sealer.seal(bytes([1, phase, number]))) == bytes([1, phase, number])


def test_forged_packets_with_the_other_phase_bit_change_nothing() -> None:
    sealer, opener = make()
    forged = bytearray(sealer.seal(b"\1a"))
    forged[0] ^= PHASE_BIT
    assert opened(opener, bytes(forged)) is DropReason.FORGED
    assert opened(opener, sealer.seal(b"\1b")) == b"\1b"


def test_no_nonce_repeats_over_paths_copies_and_numbers() -> None:
    sealer, _ = make()
    seen = set()
    for _ in range(50):
        sealer.seal(b"\1a")
        for path in range(8):
            for copy in range(4):
                datagram = sealer.seal_copy(b"\1a", path_byte(path, copy))
                seen.add((datagram[9], datagram[10:14]))
    assert len(seen) == 50 * 32
