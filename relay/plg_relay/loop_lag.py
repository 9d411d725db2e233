"""How late the event loop runs: the delay that any packet may have met."""

import asyncio
from collections import deque

INTERVAL_S = 0.1
WINDOW = 100
"""Samples: 10 s."""


class LoopLag:
    """Measures from `start` to `stop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._samples_s: deque[float] = deque(maxlen=WINDOW)
        self._due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def worst_ms(self) -> float:
        """The worst of the last 10 s."""
        return max(self._samples_s, default=0.0) * 1000

    def start(self) -> None:
        self._due_s = self._loop.time() + INTERVAL_S
        self._timer = self._loop.call_at(self._due_s, self._sample)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _sample(self) -> None:
        self._samples_s.append(max(0.0, self._loop.time() - self._due_s))
        self.start()
