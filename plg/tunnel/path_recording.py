"""The file of `plg record`: when which datagram went over or came from which path, and what the relay counted. Nothing else.

No payload, no address, no key and no session id is in it. Layout: the line MAGIC, then blocks, each length 4, CRC-32 4 (both
big-endian), then zlib over MessagePack of one of the structures below. A file of another version, a damaged or an oversized one is
refused with one sentence; one that merely stops after a whole block (the recorder was killed) is read and said to be unfinished.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plg.protocol.constants import MAX_COPIES, MAX_PATHS

MAGIC: Final = b"PLG path recording 1\n"
MAGIC_ANY_VERSION: Final = b"PLG path recording "
BLOCK_HEAD: Final = struct.Struct(">II")
MAX_FILE_BYTES: Final = 64 << 20
"""Specification. Five hours of two paths at 64 packets a second each way stay below."""
MAX_BLOCK_BYTES: Final = 64 << 10
"""Specification. One block as it stands in the file: MAX_ROWS rows that do not compress at all."""
MAX_PLAIN_BYTES: Final = 256 << 10
"""Specification. One block unpacked: bounds what a crafted file can make of a few bytes."""
MAX_ROWS: Final = 2048
"""Specification. Datagrams or counts in one block."""
MAX_RECORDED_PACKETS: Final = 5_000_000
"""Specification. Datagrams in one file; a reader holds about 100 bytes for each."""

UP: Final = 0
DOWN: Final = 1

_U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
_Signed = Annotated[int, Meta(ge=-(1 << 33), le=1 << 33)]
_PathId = Annotated[int, Meta(ge=0, lt=MAX_PATHS)]
_Name = Annotated[str, Meta(max_length=64)]


class RecordingStart(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """The first block. `at` is RFC 3339 UTC; `mode` and `max_overhead` are what was played with."""

    at: Annotated[str, Meta(max_length=40)]
    program: _Name
    game: _Name
    mode: _Name
    max_overhead: Annotated[float, Meta(ge=1, le=16)]


class Packets(msgspec.Struct, frozen=True, kw_only=True, tag="packets"):
    """Datagrams in order of time, as columns. `epoch` counts hand-shakes: sequence numbers restart with each.

    `at_us` and `seq` are differences to the row before (the first to 0 of the recording), `marks` holds direction (bit 7), path
    (bits 6-4) and copy number (bits 3-2), `length` is the whole datagram.
    """

    epoch: _U32
    at_us: Annotated[list[Annotated[int, Meta(ge=0, le=1 << 48)]], Meta(max_length=MAX_ROWS)]
    marks: Annotated[bytes, Meta(max_length=MAX_ROWS)]
    seq: Annotated[list[_Signed], Meta(max_length=MAX_ROWS)]
    length: Annotated[list[Annotated[int, Meta(ge=0, le=0xFFFF)]], Meta(max_length=MAX_ROWS)]


class PathCount(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one PONG told: counts of both ends on one path since the hand-shake, round trip and one-way times in microseconds.

    The one-way times hold the unknown offset of the two clocks: only their differences mean anything. `lost_up` is how many of our
    sequence numbers the relay never received on any path, None when it has not said.
    """

    at_us: Annotated[int, Meta(ge=0, le=1 << 48)]
    epoch: _U32
    path: _PathId
    sent: _U32
    peer_received: _U32
    peer_sent: _U32
    received: _U32
    rtt_us: Annotated[int, Meta(ge=0, le=1 << 33)]
    transit_up_us: _Signed
    transit_down_us: _Signed
    lost_up: _U32 | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True, tag="counts"):
    rows: Annotated[list[PathCount], Meta(max_length=MAX_ROWS)]


class RecordingEnd(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The last block: how much there was, so that a file cut at a block is known for what it is."""

    seconds: Annotated[float, Meta(ge=0)]
    packets: Annotated[int, Meta(ge=0)]
    full: bool


Block = RecordingStart | Packets | Counts | RecordingEnd
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Block] = msgspec.msgpack.Decoder(Block)


class DamagedRecording(Exception):
    """The file is no recording that this program can read; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class PacketRow:
    """One datagram. `at_s` counts from the start of the recording; `seq` is unique within `epoch` and direction."""

    at_s: float
    epoch: int
    direction: int
    path: int
    copy: int
    seq: int
    length: int


@dataclass(slots=True)
class Recording:
    """A whole file in memory, in order of time. `finished` is False when the recorder was killed, `full` when it hit its bound."""

    start: RecordingStart
    packets: list[PacketRow] = field(default_factory=list)
    counts: list[PathCount] = field(default_factory=list)
    seconds: float = 0.0
    finished: bool = False
    full: bool = False


def mark(direction: int, path: int, copy: int) -> int:
    """Direction, path and copy in one byte."""
    return direction << 7 | path << 4 | copy << 2


def encode_block(block: Block) -> bytes:
    """One block as it stands in the file."""
    packed = zlib.compress(_encoder.encode(block), 6)
    return BLOCK_HEAD.pack(len(packed), zlib.crc32(packed)) + packed


def read_recording(path: Path) -> Recording:
    """Raises DamagedRecording, and OSError where the file cannot be read at all."""
    with path.open("rb") as stream:
        content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise DamagedRecording(f"it is larger than {MAX_FILE_BYTES >> 20} MB")
    return parse_recording(content)


def parse_recording(content: bytes) -> Recording:
    """The same for bytes. Raises DamagedRecording."""
    if not content.startswith(MAGIC):
        if content.startswith(MAGIC_ANY_VERSION):
            raise DamagedRecording("it was written by another version of plg record")
        raise DamagedRecording("it is not a recording of plg record")
    blocks = _blocks(content)
    first = next(blocks, None)
    if not isinstance(first, RecordingStart):
        raise DamagedRecording("its first block is missing")
    recording = Recording(first)
    for block in blocks:
        if recording.finished or isinstance(block, RecordingStart):
            raise DamagedRecording("its blocks are in a wrong order")
        if isinstance(block, Packets):
            _take_packets(recording, block)
        elif isinstance(block, Counts):
            recording.counts += block.rows
        else:
            if not isfinite(block.seconds):
                raise DamagedRecording("its last block makes no sense")
            recording.finished, recording.full = True, block.full
            recording.seconds = max(recording.seconds, block.seconds)
            if block.packets != len(recording.packets):
                raise DamagedRecording("blocks are missing from it")
    _check_order(recording)
    return recording


def _check_order(recording: Recording) -> None:
    last_s = recording.packets[-1].at_s if recording.packets else 0.0
    if recording.counts:
        last_s = max(last_s, recording.counts[-1].at_us / 1e6)
        if any(
            later.at_us < sooner.at_us for sooner, later in zip(recording.counts, recording.counts[1:], strict=False)
        ):
            raise DamagedRecording("its times run backwards")
    recording.seconds = max(recording.seconds, last_s)


def _blocks(content: bytes) -> Iterator[Block]:
    at = len(MAGIC)
    while at < len(content):
        if len(content) - at < BLOCK_HEAD.size:
            raise DamagedRecording("it ends in the middle of a block")
        length, checksum = BLOCK_HEAD.unpack_from(content, at)
        at += BLOCK_HEAD.size
        packed = content[at : at + length]
        if length > MAX_BLOCK_BYTES:
            raise DamagedRecording("a block is longer than any recorder writes")
        if len(packed) != length:
            raise DamagedRecording("it ends in the middle of a block")
        at += length
        if zlib.crc32(packed) != checksum:
            raise DamagedRecording("a checksum does not fit")
        yield _open_block(packed)


def _open_block(packed: bytes) -> Block:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(packed, MAX_PLAIN_BYTES)
        if not unpacker.eof or unpacker.unused_data:
            raise DamagedRecording("a block does not unpack")
        return _decoder.decode(plain)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedRecording("a block does not unpack") from error


def _take_packets(recording: Recording, block: Packets) -> None:
    rows = len(block.marks)
    if not rows == len(block.at_us) == len(block.seq) == len(block.length):
        raise DamagedRecording("the columns of a block differ in length")
    if len(recording.packets) + rows > MAX_RECORDED_PACKETS:
        raise DamagedRecording(f"it holds more than {MAX_RECORDED_PACKETS} datagrams")
    at_us = seq = 0
    last_s = recording.packets[-1].at_s if recording.packets else 0.0
    for step_us, marks, seq_step, length in zip(block.at_us, block.marks, block.seq, block.length, strict=True):
        at_us += step_us
        seq += seq_step
        copy, at_s = marks >> 2 & MAX_COPIES - 1, at_us / 1e6
        if marks & 0b11 or not 0 <= seq <= 0xFFFF_FFFF:
            raise DamagedRecording("a row makes no sense")
        if at_s < last_s:
            raise DamagedRecording("its times run backwards")
        last_s = at_s
        recording.packets.append(PacketRow(at_s, block.epoch, marks >> 7, marks >> 4 & 7, copy, seq, length))
