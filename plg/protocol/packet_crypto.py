"""Sealing and opening DATA: one object per direction of a session (SPEC section 6).

This is the hottest code of the project (once per packet on the relay): straight lines, no allocation beyond the result.
"""

from typing import Final

from cryptography.exceptions import InvalidTag

from plg.protocol.constants import (
    DATA_OVERHEAD,
    HEADER_LENGTH,
    PHASE_BIT,
    REKEY_AFTER_S,
    REKEY_AFTER_SEQUENCES,
    REPLAY_WINDOW,
)
from plg.protocol.errors import DropReason
from plg.protocol.header import DATA_HEADER, P_ZERO_BITS
from plg.protocol.keys import DirectionKey, make_aead
from plg.protocol.sequence_window import SequenceWindow

_LOW: Final = 0xFFFF_FFFF
_HIGH: Final = ~_LOW
_RANGE: Final = 1 << 32
_HALF: Final = 1 << 31


class PacketSealer:
    """Sends one direction. Every body gets the next sequence number; copies of it are sealed anew per path and copy."""

    __slots__ = (
        "_cid",
        "_direction",
        "_encrypt",
        "_iv",
        "_key",
        "_phase_began_s",
        "_rekey_at",
        "_suite",
        "_t",
        "next_seq",
    )

    def __init__(self, key: DirectionKey, suite: int, cid: int, direction: int, now: float) -> None:
        """`direction` is DATA_UP or DATA_DOWN of `header`."""
        self._suite = suite
        self._cid = cid
        self._direction = direction
        self._t = direction
        self.next_seq = 0
        self._install(key, now)

    def _install(self, key: DirectionKey, now: float) -> None:
        self._key = key
        self._encrypt = make_aead(self._suite, key.key).encrypt
        self._iv = int.from_bytes(key.iv, "big")
        self._phase_began_s = now
        self._rekey_at = self.next_seq + REKEY_AFTER_SEQUENCES

    def seal(self, body: bytes, p: int = 0) -> bytes:
        """One datagram for a new body: flow id, then payload or frames. `p` is the path byte."""
        seq = self.next_seq
        self.next_seq = seq + 1
        header = DATA_HEADER.pack(self._t, self._cid, p, seq & _LOW)
        nonce = (self._iv ^ (p << 88 | seq)).to_bytes(12, "big")
        return header + self._encrypt(nonce, body, header)

    def seal_copy(self, body: bytes, p: int) -> bytes:
        """The same body and sequence number as the last `seal`, for another path or copy number."""
        seq = self.next_seq - 1
        header = DATA_HEADER.pack(self._t, self._cid, p, seq & _LOW)
        nonce = (self._iv ^ (p << 88 | seq)).to_bytes(12, "big")
        return header + self._encrypt(nonce, body, header)

    def rekey_if_due(self, now: float) -> bool:
        """Move to the next key phase after 2^20 numbers or an hour. Called from timers, never per packet."""
        if self.next_seq < self._rekey_at and now - self._phase_began_s < REKEY_AFTER_S:
            return False
        self._install(self._key.next_phase(), now)
        self._t ^= PHASE_BIT
        return True


class PacketOpener(SequenceWindow):
    """Receives one direction: authenticates first, then tests and sets the replay window (which it is: a look-up less per packet)."""

    __slots__ = (
        "_decrypt", "_direction", "_iv", "_key", "_next", "_phase_first_seq", "_previous", "_suite", "_t",
    )  # fmt: skip

    def __init__(self, key: DirectionKey, suite: int, direction: int) -> None:
        super().__init__()
        self._suite = suite
        self._direction = direction
        self._t = direction
        self._previous: PacketOpener | None = None
        self._next: PacketOpener | None = None
        self._phase_first_seq = 0
        self._install(key)

    def _install(self, key: DirectionKey) -> None:
        self._key = key
        self._decrypt = make_aead(self._suite, key.key).decrypt
        self._iv = int.from_bytes(key.iv, "big")

    def open(self, datagram: bytes, t: int, p: int, seq32: int) -> bytes | DropReason:
        """The sealed body of a datagram whose header fields the caller has unpacked, or why it is dropped."""
        top = self.top
        seq = (top & _HIGH) | seq32
        gap = seq - top - 1
        if gap > _HALF:
            seq -= _RANGE
        elif gap <= -_HALF:
            seq += _RANGE
        if seq <= top - REPLAY_WINDOW or seq < 0:
            return DropReason.STALE
        if p & P_ZERO_BITS or len(datagram) < DATA_OVERHEAD:
            return DropReason.MALFORMED
        if t != self._t:
            return self._open_other_phase(datagram, t, p, seq)
        try:
            body = self._decrypt(
                (self._iv ^ (p << 88 | seq)).to_bytes(12, "big"), datagram[HEADER_LENGTH:], datagram[:HEADER_LENGTH]
            )
        except InvalidTag:
            return DropReason.FORGED
        ring = self.ring
        slot = seq & (REPLAY_WINDOW - 1)
        if ring[slot] == seq:
            return DropReason.DUPLICATE
        ring[slot] = seq
        if seq > top:
            self.top = seq
        return body

    def _open_other_phase(self, datagram: bytes, t: int, p: int, seq: int) -> bytes | DropReason:
        """The phase bit differs: a late packet under the key before, or the first ones under the key to come."""
        if t != self._t ^ PHASE_BIT:
            return DropReason.MALFORMED
        is_old = self._previous is not None and seq < self._phase_first_seq
        if not is_old and self._next is None:
            self._next = PacketOpener(self._key.next_phase(), self._suite, self._direction)
        other = self._previous if is_old else self._next
        if other is None:
            return DropReason.FORGED
        nonce = (other._iv ^ (p << 88 | seq)).to_bytes(12, "big")
        try:
            body = other._decrypt(nonce, datagram[HEADER_LENGTH:], datagram[:HEADER_LENGTH])
        except InvalidTag:
            return DropReason.FORGED
        if not self.accept(seq):
            return DropReason.DUPLICATE
        if not is_old:
            self._advance_to(other, seq)
        return body

    def _advance_to(self, following: "PacketOpener", seq: int) -> None:
        """Commit to the next phase. The replay window bounds how long the previous key can still be of use."""
        previous = PacketOpener(self._key, self._suite, self._direction)
        self._previous = previous
        self._install(following._key)
        self._next = None
        self._t ^= PHASE_BIT
        self._phase_first_seq = seq
