"""Expiry of many idle things at the cost of nothing per packet.

A thing notes when it was last used (one store); the wheel looks at it only when its slot comes round and puts it back
if it was used meanwhile. So a busy session costs one look a minute instead of a timer per datagram.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SLOT_S = 1.0
"""Expiry is late by at most this much; idle limits are 60 s and more."""


class TimerWheel(Generic[T]):
    """`due_at_s(item)` says when the item may go (in the same clock as `now_s`), and a time in the past gives it back at its next look."""

    def __init__(self, due_at_s: Callable[[T], float], now_s: float, slot_s: float = SLOT_S) -> None:
        self._due_at_s = due_at_s
        self._slot_s = slot_s
        self._slots: dict[int, list[T]] = {}
        self._done_slot = int(now_s / slot_s)

    def add(self, item: T) -> None:
        """Watch the item until `expired` gives it back."""
        slot = max(int(self._due_at_s(item) / self._slot_s), self._done_slot) + 1
        self._slots.setdefault(slot, []).append(item)

    def expired(self, now_s: float) -> list[T]:
        """The items whose time is over; they are no longer watched."""
        now_slot = int(now_s / self._slot_s)
        gone: list[T] = []
        self._done_slot = max(now_slot, self._done_slot)
        # Slots are few (the longest limit in seconds), so a long pause of the process is caught up by keys, not by steps.
        for slot in sorted(key for key in self._slots if key <= now_slot):
            for item in self._slots.pop(slot):
                if self._due_at_s(item) <= now_s:
                    gone.append(item)
                else:
                    self.add(item)
        return gone
