"""The replay and duplicate window: which sequence numbers have been accepted (SPEC section 6).

The ring keeps whole 64-bit numbers, so a slot never needs clearing: an older number in it simply does not match.
Copies of a payload over several paths share their number, so the same test drops replays and later copies.
"""

from plg.protocol.constants import REPLAY_WINDOW


class SequenceWindow:
    """Exactly-once acceptance of sequence numbers within the last 2048."""

    __slots__ = ("ring", "top")

    def __init__(self) -> None:
        self.top = -1
        """Highest number accepted so far."""
        self.ring = [-1] * REPLAY_WINDOW
        """Public for the packet path (PacketOpener), which tests and sets in place."""

    def is_stale(self, seq: int) -> bool:
        """Too old to be told from a replay (also negative numbers)."""
        return seq <= self.top - REPLAY_WINDOW or seq < 0

    def accept(self, seq: int) -> bool:
        """Test and set: True for a number seen for the first time. Call only after authentication."""
        if self.is_stale(seq):
            return False
        slot = seq & (REPLAY_WINDOW - 1)
        if self.ring[slot] == seq:
            return False
        self.ring[slot] = seq
        self.top = max(self.top, seq)
        return True

    def missing_between(self, low: int, high: int) -> int:
        """How many of the numbers low + 1 to high were never accepted; numbers that have left the window count as accepted."""
        ring = self.ring
        first = max(low + 1, self.top - REPLAY_WINDOW + 1, 0)
        return sum(1 for seq in range(first, high + 1) if ring[seq & (REPLAY_WINDOW - 1)] != seq)
