"""The recorder keeps time, path, copy, number and length, and nothing of what was said to whom."""

from dataclasses import dataclass

import pytest

from plg.protocol.constants import TYPE_HELLO
from plg.protocol.header import DATA_DOWN, DATA_UP, outer_byte, pack_data_header, path_byte
from plg.tunnel import path_recorder
from plg.tunnel.path_recorder import BLOCK_ROWS, PathRecorder
from plg.tunnel.path_recording import DOWN, UP, PacketRow, Recording, RecordingStart, parse_recording

START = RecordingStart(at="2026-01-01T00:00:00Z", program="plg 1", game="openarena", mode="off", max_overhead=1)
CID = 0x1122334455667788


@dataclass
class Sample:
    at_s: float
    rtt_us: int = 40_000
    transit_up_us: int = -7
    transit_down_us: int = 40_007
    sent_count: int = 10
    peer_received_count: int = 9
    peer_sent_count: int = 12
    received_count: int = 12


class Sink:
    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.recorder = PathRecorder(self.blocks.append, START, 100.0)

    def recording(self) -> Recording:
        return parse_recording(b"".join(self.blocks))


def datagram(t: int, path: int, seq: int, payload: bytes = b"secret text of a player") -> bytes:
    return pack_data_header(t, CID, path_byte(path, 1), seq) + payload


def test_datagrams_are_kept_with_time_path_copy_number_and_length() -> None:
    sink = Sink()
    sink.recorder.sent(100.25, 1, datagram(DATA_UP, 1, 5))
    sink.recorder.arrived(100.5, 0, datagram(DATA_DOWN, 0, 1 << 40))
    sink.recorder.finish(101.0)
    recording = sink.recording()
    assert recording.packets == [PacketRow(0.25, 0, UP, 1, 1, 5, 37), PacketRow(0.5, 0, DOWN, 0, 1, 0, 37)]
    assert (recording.finished, recording.seconds) == (True, 1.0)


def test_neither_payload_nor_session_id_is_in_the_file() -> None:
    sink = Sink()
    sink.recorder.sent(100.0, 0, datagram(DATA_UP, 0, 1))
    sink.recorder.finish(100.1)
    content = repr(sink.recording()).encode() + b"".join(sink.blocks)
    assert b"secret" not in content
    assert CID.to_bytes(8, "big") not in content


@pytest.mark.parametrize("other", [b"", b"x", bytes([outer_byte(TYPE_HELLO)]) + bytes(639)])
def test_what_is_no_data_is_passed_over(other: bytes) -> None:
    sink = Sink()
    sink.recorder.sent(100.0, 0, other)
    sink.recorder.finish(100.1)
    assert sink.recording().packets == []


def test_a_block_is_handed_over_as_soon_as_it_is_full_and_the_file_is_readable_at_any_moment() -> None:
    sink = Sink()
    for number in range(BLOCK_ROWS):
        sink.recorder.sent(100.0 + number / 64, 0, datagram(DATA_UP, 0, number))
    assert len(sink.blocks) == 2
    recording = sink.recording()
    assert (len(recording.packets), recording.finished) == (BLOCK_ROWS, False)
    assert [row.seq for row in recording.packets] == list(range(BLOCK_ROWS))


def test_sequence_numbers_after_a_new_hand_shake_belong_to_another_epoch() -> None:
    sink = Sink()
    sink.recorder.sent(100.0, 0, datagram(DATA_UP, 0, 9))
    sink.recorder.new_keys(100.1)
    sink.recorder.sent(100.2, 0, datagram(DATA_UP, 0, 0))
    sink.recorder.finish(100.3)
    assert [(row.epoch, row.seq) for row in sink.recording().packets] == [(0, 9), (1, 0)]


def test_each_pong_is_kept_once() -> None:
    sink = Sink()
    sink.recorder.observe(1, None)
    for _ in range(3):
        sink.recorder.observe(1, Sample(100.5), 2)
    sink.recorder.observe(0, Sample(100.6))
    sink.recorder.observe(1, Sample(100.75), 3)
    sink.recorder.finish(101.0)
    counts = sink.recording().counts
    assert [(count.path, count.at_us, count.lost_up) for count in counts] == [
        (1, 500_000, 2),
        (0, 600_000, None),
        (1, 750_000, 3),
    ]
    assert (counts[0].sent, counts[0].peer_received, counts[0].transit_up_us) == (10, 9, -7)


def test_a_clock_that_steps_back_does_not_spoil_the_file() -> None:
    sink = Sink()
    for at_s in (100.5, 100.4, 99.0, 100.6):
        sink.recorder.record(at_s, DOWN, 0, 0, 1, 60)
    sink.recorder.finish(100.7)
    assert [row.at_s for row in sink.recording().packets] == [0.5, 0.5, 0.5, 0.6]


def test_at_its_bound_it_ends_the_file_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_recorder, "MAX_RECORDED_PACKETS", 3)
    sink = Sink()
    for number in range(5):
        sink.recorder.sent(100.0 + number, 0, datagram(DATA_UP, 0, number))
    sink.recorder.observe(0, Sample(107.0))
    sink.recorder.finish(108.0)
    recording = sink.recording()
    assert (len(recording.packets), recording.finished, recording.full) == (3, True, True)
    assert sink.recorder.is_full


def test_after_the_end_nothing_is_taken() -> None:
    sink = Sink()
    sink.recorder.finish(100.1)
    before = len(sink.blocks)
    sink.recorder.sent(100.2, 0, datagram(DATA_UP, 0, 1))
    sink.recorder.new_keys(100.2)
    sink.recorder.observe(0, Sample(100.2))
    sink.recorder.finish(100.3)
    assert len(sink.blocks) == before
