"""When a relay that died starts again: at once, after a pause that grows, or not at all. No clock here, no process."""

from collections import deque
from typing import Final

EARLY_DEATH_S: Final = 1.0
"""A process that served for less than this will probably die again the same way."""

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
MINUTE_S: Final = 60.0


class RestartPolicy:
    """Counts deaths. `per_minute`: how many restarts within a minute are borne."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._deaths: deque[float] = deque()
        self._early_in_a_row = 0

    def died(self, now_s: float, served_s: float) -> float | None:
        """The pause before the next start, None when it is time to give up. `served_s`: how long it had served players."""
        while self._deaths and self._deaths[0] <= now_s - MINUTE_S:
            self._deaths.popleft()
        self._deaths.append(now_s)
        if len(self._deaths) > self._per_minute:
            return None
        if served_s >= EARLY_DEATH_S:
            self._early_in_a_row = 0
            return 0.0
        self._early_in_a_row += 1
        if self._early_in_a_row == 1:
            return 0.0
        return min(FIRST_PAUSE_S * 2.0 ** min(self._early_in_a_row - 2, 16), LONGEST_PAUSE_S)

    @property
    def deaths(self) -> int:
        """Within the last minute, as of the last death."""
        return len(self._deaths)
