"""Time and timers as the tunnel uses them: the event loop's in production, a scripted one in tests."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Where the packet path takes the time from, and has itself called back."""

    def time(self) -> float:
        """Seconds, monotonic."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        """Call back at `when`."""


class LoopClock:
    """The system's monotonic clock, with the running loop's timers.

    Not `loop.time()`: uvloop's counts in whole milliseconds and stands still while callbacks run, which is too coarse for round trips.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    time = staticmethod(time.monotonic)

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        return self._loop.call_later(max(0.0, when - time.monotonic()), callback)
