"""The longest time between two arrivals: of all, and of those since somebody last looked."""


class GapClock:
    """Times are microseconds of one clock."""

    def __init__(self) -> None:
        self.longest_ms: float | None = None
        """None until the second arrival."""
        self.recent_ms: float | None = None
        self._last_us: int | None = None

    def arrived(self, now_us: int) -> None:
        if self._last_us is not None:
            gap_ms = (now_us - self._last_us) / 1000
            self.longest_ms = max(self.longest_ms or 0.0, gap_ms)
            self.recent_ms = max(self.recent_ms or 0.0, gap_ms)
        self._last_us = now_us

    def forget_recent(self) -> None:
        """Begin a new interval. A gap counts in the interval in which it ends."""
        self.recent_ms = None
