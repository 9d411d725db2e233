"""What `plg record` takes down while a tunnel runs: each datagram's time, path, copy, number and length, and the relay's counts.

A sink without a file: finished blocks go to `take`, so that the tunnel, which may have more rights than the player, opens no file
that somebody names. Never raises, never waits; about 0.3 ms of work every BLOCK_ROWS datagrams.
"""

from collections.abc import Callable
from typing import Final, Protocol

from plg.protocol.constants import MAX_PATHS, TYPE_DATA, TYPE_MASK, TYPE_SHIFT
from plg.protocol.header import DATA_HEADER
from plg.tunnel.path_recording import (
    DOWN,
    MAGIC,
    MAX_RECORDED_PACKETS,
    UP,
    Counts,
    Packets,
    PathCount,
    RecordingEnd,
    RecordingStart,
    encode_block,
    mark,
)

BLOCK_ROWS: Final = 512
"""Implementation. Four seconds of one path at 64 packets a second each way: so much is lost when the tunnel is killed."""

Take = Callable[[bytes], None]
"""Gets the file's bytes in order, whole blocks only."""


class PongSample(Protocol):
    """What one PONG told of its path (`plg.protocol.path_meter` makes them). Counts are of the time since the hand-shake."""

    @property
    def at_s(self) -> float: ...
    @property
    def rtt_us(self) -> int: ...
    @property
    def transit_up_us(self) -> int: ...
    @property
    def transit_down_us(self) -> int: ...
    @property
    def sent_count(self) -> int: ...
    @property
    def peer_received_count(self) -> int: ...
    @property
    def peer_sent_count(self) -> int: ...
    @property
    def received_count(self) -> int: ...


class PathRecorder:
    """One recording. All times are seconds of one monotonic clock; the recording begins at `now`."""

    def __init__(self, take: Take, start: RecordingStart, now: float) -> None:
        self._take = take
        self._began_s = now
        self._epoch = 0
        self._at_us: list[int] = []
        self._marks = bytearray()
        self._seq: list[int] = []
        self._length: list[int] = []
        self._counts: list[PathCount] = []
        self._newest_sample_s = [float("-inf")] * MAX_PATHS
        self._last_us = 0
        self._finished = False
        self.packets = 0
        """Datagrams taken down so far."""
        self.is_full = False
        """The bound is reached: nothing more is taken down."""
        take(MAGIC + encode_block(start))

    # --- what the tunnel calls ---------------------------------------------------------------------------------------

    def sent(self, at_s: float, path: int, datagram: bytes) -> None:
        """A datagram that leaves over `path`, with its header unmasked. Everything but DATA is passed over."""
        self._datagram(at_s, UP, path, datagram)

    def arrived(self, at_s: float, path: int, datagram: bytes) -> None:
        """A datagram that came over `path`, unmasked; also a copy that came before."""
        self._datagram(at_s, DOWN, path, datagram)

    def record(self, at_s: float, direction: int, path: int, copy: int, seq: int, length: int) -> None:
        """One row; `direction` is UP or DOWN, `seq` the 32 bits that travel, `length` the whole datagram in bytes."""
        if self._finished or self.is_full:
            return
        self._last_us = max(self._last_us, round((at_s - self._began_s) * 1e6))
        self._at_us.append(self._last_us)
        self._marks.append(mark(direction, path, copy))
        self._seq.append(seq)
        self._length.append(length)
        self.packets += 1
        if len(self._marks) >= BLOCK_ROWS:
            self._flush()
        if self.packets >= MAX_RECORDED_PACKETS:
            self.finish(at_s)
            self.is_full = True

    def observe(self, path: int, sample: PongSample | None, lost_up: int | None = None) -> None:
        """Take down the newest PONG of a path; passes over one that it has seen already.

        `lost_up`: our sequence numbers that the relay says it never received on any path, None while it has not said.
        """
        if self._finished or self.is_full or sample is None or sample.at_s <= self._newest_sample_s[path]:
            return
        self._newest_sample_s[path] = sample.at_s
        self._counts.append(self._count_of(path, sample, lost_up))
        if len(self._counts) >= BLOCK_ROWS:
            self._flush()

    def new_keys(self, at_s: float) -> None:
        """After a hand-shake: numbers and counts start again."""
        if not self._finished:
            self._flush()
            self._epoch += 1
            self._last_us = max(self._last_us, round((at_s - self._began_s) * 1e6))

    def finish(self, at_s: float) -> None:
        """Write what is left and the last block; later calls do nothing."""
        if self._finished:
            return
        self._flush()
        self._finished = True
        full = self.packets >= MAX_RECORDED_PACKETS
        self._take(encode_block(RecordingEnd(seconds=max(0.0, at_s - self._began_s), packets=self.packets, full=full)))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _datagram(self, at_s: float, direction: int, path: int, datagram: bytes) -> None:
        if len(datagram) < DATA_HEADER.size or datagram[0] & TYPE_MASK != TYPE_DATA << TYPE_SHIFT:
            return
        _, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
        self.record(at_s, direction, path, p >> 3 & 0b11, seq32, min(len(datagram), 0xFFFF))

    def _count_of(self, path: int, sample: PongSample, lost_up: int | None) -> PathCount:
        self._last_us = max(self._last_us, round((sample.at_s - self._began_s) * 1e6))
        return PathCount(
            at_us=self._last_us,
            epoch=self._epoch,
            path=path,
            sent=sample.sent_count,
            peer_received=sample.peer_received_count,
            peer_sent=sample.peer_sent_count,
            received=sample.received_count,
            rtt_us=sample.rtt_us,
            transit_up_us=sample.transit_up_us,
            transit_down_us=sample.transit_down_us,
            lost_up=lost_up,
        )

    def _flush(self) -> None:
        if self._counts:
            self._take(encode_block(Counts(rows=self._counts)))
            self._counts = []
        if not self._marks:
            return
        block = Packets(
            epoch=self._epoch,
            at_us=_steps(self._at_us),
            marks=bytes(self._marks),
            seq=_steps(self._seq),
            length=self._length,
        )
        self._at_us, self._marks, self._seq, self._length = [], bytearray(), [], []
        self._take(encode_block(block))


def _steps(values: list[int]) -> list[int]:
    """Differences to the value before, the first to zero: they compress far better."""
    return [value - before for value, before in zip(values, [0, *values], strict=False)]
