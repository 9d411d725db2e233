"""The file of `plg record`: what is written is read back, and nothing else is read at all."""

import contextlib
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.tunnel import path_recording
from plg.tunnel.path_recording import (
    BLOCK_HEAD,
    DOWN,
    MAGIC,
    UP,
    Counts,
    DamagedRecording,
    PacketRow,
    Packets,
    PathCount,
    RecordingEnd,
    RecordingStart,
    encode_block,
    mark,
    parse_recording,
    read_recording,
)

START = RecordingStart(at="2026-01-01T00:00:00Z", program="plg 1", game="openarena", mode="redundant", max_overhead=2.5)
ROWS = Packets(epoch=1, at_us=[0, 500, 20_000], marks=bytes([mark(UP, 0, 0), mark(UP, 1, 0), mark(DOWN, 1, 2)]),
               seq=[7, 0, -5], length=[131, 131, 93])  # fmt: skip
COUNT = PathCount(at_us=21_000, epoch=1, path=1, sent=10, peer_received=9, peer_sent=8, received=8, rtt_us=30_000,
                  transit_up_us=-5, transit_down_us=30_005, lost_up=1)  # fmt: skip
END = RecordingEnd(seconds=1.5, packets=3, full=False)
WHOLE = MAGIC + encode_block(START) + encode_block(ROWS) + encode_block(Counts(rows=[COUNT])) + encode_block(END)


def damaged(content: bytes) -> str:
    with pytest.raises(DamagedRecording) as caught:
        parse_recording(content)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_rows_counts_and_start_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "match.plgrec"
    path.write_bytes(WHOLE)
    recording = read_recording(path)
    assert recording.start == START
    assert recording.packets == [
        PacketRow(0.0, 1, UP, 0, 0, 7, 131),
        PacketRow(0.0005, 1, UP, 1, 0, 7, 131),
        PacketRow(0.0205, 1, DOWN, 1, 2, 2, 93),
    ]
    assert recording.counts == [COUNT]
    assert (recording.finished, recording.full, recording.seconds) == (True, False, 1.5)


def test_a_file_without_its_last_block_is_read_and_said_to_be_unfinished() -> None:
    recording = parse_recording(MAGIC + encode_block(START) + encode_block(ROWS))
    assert (recording.finished, len(recording.packets), recording.seconds) == (False, 3, 0.0205)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a recording"),
        (b"PK\x03\x04 an archive", "not a recording"),
        (b"PLG path recording 2\n" + WHOLE[len(MAGIC) :], "another version"),
        (MAGIC, "first block is missing"),
        (MAGIC + encode_block(ROWS), "first block is missing"),
        (WHOLE[:-1], "middle of a block"),
        (WHOLE + b"\0", "middle of a block"),
        (WHOLE + encode_block(ROWS), "wrong order"),
        (MAGIC + encode_block(START) + encode_block(START), "wrong order"),
        (MAGIC + encode_block(START) + encode_block(END), "blocks are missing"),
        (MAGIC + BLOCK_HEAD.pack(1 << 31, 0), "longer than any recorder writes"),
        (WHOLE[:40] + bytes([WHOLE[40] ^ 1]) + WHOLE[41:], "checksum"),
    ],
)  # fmt: skip
def test_what_is_no_whole_recording_is_refused_with_one_sentence(content: bytes, why: str) -> None:
    assert why in damaged(content)


def as_block(plain: bytes) -> bytes:
    packed = zlib.compress(plain)
    return BLOCK_HEAD.pack(len(packed), zlib.crc32(packed)) + packed


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"type": "packets"}),
        msgspec.msgpack.encode({"type": "surprise"}),
        bytes(path_recording.MAX_PLAIN_BYTES + 1),
    ],
)
def test_a_block_with_a_fitting_checksum_and_wrong_content_is_refused(plain: bytes) -> None:
    assert "does not unpack" in damaged(MAGIC + encode_block(START) + as_block(plain))


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (msgspec.structs.replace(END, seconds=float("nan")), "does not unpack"),
        (msgspec.structs.replace(END, seconds=float("inf")), "makes no sense"),
        (msgspec.structs.replace(ROWS, seq=[1]), "differ in length"),
        (msgspec.structs.replace(ROWS, seq=[0, -1, 0]), "makes no sense"),
        (msgspec.structs.replace(ROWS, marks=b"\x01\x00\x00"), "makes no sense"),
        (Counts(rows=[COUNT, msgspec.structs.replace(COUNT, at_us=1)]), "backwards"),
    ],
)
def test_rows_that_no_recorder_writes_are_refused(block: Packets | Counts | RecordingEnd, why: str) -> None:
    assert why in damaged(MAGIC + encode_block(START) + encode_block(block))


def test_a_start_that_is_no_number_is_refused() -> None:
    odd = msgspec.structs.replace(START, max_overhead=float("nan"))
    assert damaged(MAGIC + encode_block(odd))


def test_a_file_larger_than_the_bound_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_recording, "MAX_FILE_BYTES", 1 << 20)
    path = tmp_path / "large"
    path.write_bytes(WHOLE + bytes(1 << 20))
    with pytest.raises(DamagedRecording, match="larger than 1 MB"):
        read_recording(path)


def test_more_datagrams_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_recording, "MAX_RECORDED_PACKETS", 5)
    assert "more than 5 datagrams" in damaged(MAGIC + encode_block(START) + encode_block(ROWS) + encode_block(ROWS))


@given(st.data())
def test_no_damage_to_a_file_makes_the_reader_raise_anything_else(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                content[at] ^= data.draw(st.integers(1, 255))
            case 1:
                del content[at : at + data.draw(st.integers(1, 30))]
            case _:
                content[at:at] = data.draw(st.binary(max_size=8))
        if not content:
            break
    with contextlib.suppress(DamagedRecording):
        recording = parse_recording(bytes(content))
        assert recording.packets in (parse_recording(WHOLE).packets, [])
