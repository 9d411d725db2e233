"""Time and timers as the tunnel uses them: the event loop's in production, a scripted one in tests."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """The part of asyncio's event loop that tells the time: an event loop is one."""

    def time(self) -> float:
        """Seconds, monotonic."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        """Call back at `when`."""
