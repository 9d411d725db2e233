"""The packets of the game stand-in, and what can be read off their sequence numbers.

The shape is that of a 64-tick shooter: small inputs up (31 bytes), snapshots down (60 to 500 bytes). Times are microseconds of
the machine's performance counter, which all processes of one machine share: one-way times are true in the lab only.

    input     magic 4 | kind 1 | player 4 | channel 1 | sequence 4 | sent_us 8 | padding
    snapshot  magic 4 | kind 1 | player 4 | channel 1 | sequence 4 | sent_us 8 | echoed_us 8 | held_us 4 |
              received 4 | highest 4 | late 4 | doubled 4 | credential 8 | padding
    claim     magic 4 | kind 1 | player 4 | channel 1 | proof 8 | credential 8 | padding
"""

import struct
import time
from dataclasses import dataclass
from enum import IntEnum

MAGIC = b"PLGd"
KIND_INPUT = 1
KIND_SNAPSHOT = 2

_INPUT = struct.Struct("!4sBIBIQ")
_SNAPSHOT = struct.Struct("!4sBIBIQQIIIIIQ")
_CLAIM = struct.Struct("!4sBIBQQ")

INPUT_MIN_BYTES = 31
"""What OpenArena sends; our header needs 22 of them."""
SNAPSHOT_MIN_BYTES = 60
SNAPSHOT_MAX_BYTES = 500
"""What OpenArena's server sends, from an empty room to a crowd."""
PAYLOAD_MAX_BYTES = 1400
"""What the games with the largest datagrams send."""

REMEMBERED_SEQUENCES = 4096
"""A minute at 64 a second: older packets count as late, whether they were seen or not."""


@dataclass(frozen=True, slots=True)
class Input:
    player: int
    channel: int
    sequence: int
    sent_us: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`echoed_us` is the sent time of the newest input, which the server held for `held_us` before this answer; 0 when it was
    told before. The next four count what the server received of this channel; `credential` is what a player shows when his
    address has changed (`plg.lab.game_addresses`)."""

    player: int
    channel: int
    sequence: int
    sent_us: int
    echoed_us: int
    held_us: int
    received: int
    highest: int
    late: int
    doubled: int
    credential: int = 0


class ClaimKind(IntEnum):
    """How an address is changed; the first and third come from the server."""

    RESTART = 3
    ASK = 4
    CHALLENGE = 5
    ANSWER = 6


_CLAIM_KINDS = frozenset(int(kind) for kind in ClaimKind)


@dataclass(frozen=True, slots=True)
class Claim:
    """`proof` repeats the server's challenge, `credential` what the last snapshot carried; 0 where there is none."""

    kind: ClaimKind
    player: int
    channel: int
    proof: int = 0
    credential: int = 0


def now_us() -> int:
    return time.perf_counter_ns() // 1000


def pack_input(packet: Input, size: int) -> bytes:
    """`size` bytes in all, at least INPUT_MIN_BYTES."""
    body = _INPUT.pack(MAGIC, KIND_INPUT, packet.player, packet.channel, packet.sequence, packet.sent_us)
    return body.ljust(max(size, INPUT_MIN_BYTES), b"\0")


def pack_snapshot(packet: Snapshot, size: int) -> bytes:
    """`size` bytes in all, at least SNAPSHOT_MIN_BYTES."""
    body = _SNAPSHOT.pack(
        MAGIC,
        KIND_SNAPSHOT,
        packet.player,
        packet.channel,
        packet.sequence,
        packet.sent_us,
        packet.echoed_us,
        min(packet.held_us, 0xFFFFFFFF),
        packet.received,
        packet.highest,
        packet.late,
        packet.doubled,
        packet.credential,
    )
    return body.ljust(max(size, SNAPSHOT_MIN_BYTES), b"\0")


def pack_claim(packet: Claim) -> bytes:
    """As long as the smallest input, so that no answer is longer than what it answers."""
    body = _CLAIM.pack(MAGIC, packet.kind, packet.player, packet.channel, packet.proof, packet.credential)
    return body.ljust(INPUT_MIN_BYTES, b"\0")


def read_claim(data: bytes) -> Claim | None:
    """None for anything that is not a claim."""
    if len(data) != INPUT_MIN_BYTES or data[:4] != MAGIC or data[4] not in _CLAIM_KINDS:
        return None
    _, kind, player, channel, proof, credential = _CLAIM.unpack_from(data)
    return Claim(ClaimKind(kind), player, channel, proof, credential)


def read_input(data: bytes) -> Input | None:
    """None for anything that is not an input."""
    if len(data) < INPUT_MIN_BYTES or data[:5] != MAGIC + bytes([KIND_INPUT]):
        return None
    _, _, player, channel, sequence, sent_us = _INPUT.unpack_from(data)
    return Input(player, channel, sequence, sent_us)


def read_snapshot(data: bytes) -> Snapshot | None:
    """None for anything that is not a snapshot."""
    if len(data) < SNAPSHOT_MIN_BYTES or data[:5] != MAGIC + bytes([KIND_SNAPSHOT]):
        return None
    return Snapshot(*_SNAPSHOT.unpack_from(data)[2:])


class SequenceCount:
    """What became of a stream whose sender numbers its packets 1, 2, 3, ..."""

    def __init__(self) -> None:
        self.highest = 0
        self.received = 0
        self.late = 0
        self.doubled = 0
        self._seen = [0] * REMEMBERED_SEQUENCES

    @property
    def lost(self) -> int:
        """Packets below the highest that have not come (yet)."""
        return self.highest - self.received

    def add(self, sequence: int) -> bool:
        """Count one arrival; False when it is a doubled packet, or too old to tell."""
        slot = sequence % REMEMBERED_SEQUENCES
        if sequence < 1 or sequence <= self.highest - REMEMBERED_SEQUENCES:
            self.late += 1
            return False
        if self._seen[slot] == sequence:
            self.doubled += 1
            return False
        self._seen[slot] = sequence
        self.received += 1
        if sequence < self.highest:
            self.late += 1
        else:
            self.highest = sequence
        return True
