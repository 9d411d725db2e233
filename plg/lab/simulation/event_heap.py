"""Fake time: what is to happen, in order. Equal moments keep the order in which they were asked for."""

import heapq
from collections.abc import Callable
from typing import Any, Final

MAX_EVENTS: Final = 1_000_000
"""More at once means that a model breeds events; the run ends with an error instead of the machine's memory."""


MAX_AT_ONE_MOMENT: Final = 100_000
"""More events without time going on are a loop: something is due again as soon as it was done."""


class TooManyEvents(Exception):
    """A model asked for more events than any network has."""


class EventHeap:
    """The clock and the future. `now` is in seconds and moves only in `run_until`."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = 0

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, moment_s: float, act: Callable[..., None], *arguments: object) -> None:
        """Call `act` then; a moment that has passed means as soon as possible. Raises TooManyEvents."""
        if len(self._heap) >= MAX_EVENTS:
            raise TooManyEvents(f"more than {MAX_EVENTS} events are waiting")
        self._order += 1
        heapq.heappush(self._heap, (max(moment_s, self.now), self._order, act, arguments))

    def run_until(self, end_s: float) -> None:
        """Let everything happen that falls due up to and at `end_s`, then set the clock to it."""
        heap, at_once = self._heap, 0
        while heap and heap[0][0] <= end_s:
            moment_s, _, act, arguments = heapq.heappop(heap)
            at_once = at_once + 1 if moment_s == self.now else 0
            if at_once > MAX_AT_ONE_MOMENT:
                raise TooManyEvents(f"time stands still at {moment_s} s: {act}")
            self.now = moment_s
            act(*arguments)
        self.now = max(self.now, end_s)

    def step(self) -> bool:
        """The next event alone; False when there is none."""
        if not self._heap:
            return False
        self.now, _, act, arguments = heapq.heappop(self._heap)
        act(*arguments)
        return True


class Alarm:
    """One timer of an object that says itself when it wants to be called: `arm` after each call to it.

    A moment that is put off costs nothing: the event stays where it is, and asks again when it comes too early.
    """

    def __init__(self, heap: EventHeap, act: Callable[[], None]) -> None:
        self._heap = heap
        self._act = act
        self._due_s: float | None = None
        self._waiting_s: float | None = None

    def arm(self, due_s: float | None) -> None:
        """Call at `due_s`; None takes the alarm back."""
        self._due_s = due_s
        if due_s is not None and (self._waiting_s is None or due_s < self._waiting_s):
            self._waiting_s = max(due_s, self._heap.now)
            self._heap.at(due_s, self._fire, self._waiting_s)

    def _fire(self, waiting_s: float) -> None:
        if waiting_s != self._waiting_s:
            return  # an earlier event was asked for after this one
        self._waiting_s = None
        if self._due_s is None:
            return
        if self._due_s > self._heap.now:
            self.arm(self._due_s)
            return
        self._due_s = None
        self._act()
