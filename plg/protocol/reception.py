"""What one end has received since the hand-shake, by lane: the counts behind PONG and STATS (SPEC section 6).

A lane is a path and a copy number, `P >> 3`. Public lists, because the packet path counts in them directly.
"""

from typing import Final

from plg.protocol.constants import MAX_COPIES, MAX_PATHS
from plg.protocol.frames import Stats
from plg.protocol.sequence_window import SequenceWindow

LANES: Final = MAX_PATHS * MAX_COPIES
JUDGE_AFTER_S: Final = 0.25
"""Implementation. A number that has not come this long after a higher one is lost to the game, whatever comes later."""


class Reception:
    """Counts of authentic datagrams: `new` brought a number first, `duplicates` brought it again, `control` held frames."""

    __slots__ = (
        "_before",
        "_highest_judged",
        "_judge_next",
        "_judged_at_s",
        "_lost",
        "_primary",
        "_saved_before",
        "control",
        "duplicates",
        "new",
        "repeats_used",
    )

    def __init__(self) -> None:
        self.new = [0] * LANES
        self.duplicates = [0] * LANES
        self.control = [0] * LANES
        self.repeats_used = 0
        """Payloads that only a Repeat brought."""
        self._primary = 0
        self._saved_before = 0
        self._before = (0, 0)
        self._judged_at_s = float("-inf")
        self._judge_next = -1
        self._highest_judged = -1
        self._lost = 0

    def arrivals(self, path: int) -> int:
        """Authentic datagrams on a path, copies included."""
        lanes = slice(path * MAX_COPIES, (path + 1) * MAX_COPIES)
        return sum(self.new[lanes]) + sum(self.duplicates[lanes])

    def path_duplicates(self, path: int) -> int:
        return sum(self.duplicates[path * MAX_COPIES : (path + 1) * MAX_COPIES])

    # --- what copies were good for -----------------------------------------------------------------------------------

    def set_primary(self, path: int) -> None:
        """From now on copies are what does not come on this path with copy number 0."""
        if path * MAX_COPIES != self._primary:
            self._saved_before = self.saved - self.repeats_used
            self._primary = path * MAX_COPIES
            self._before = self._copies_and_primaries()

    def _copies_and_primaries(self) -> tuple[int, int]:
        """Payloads that a copy brought first, and those that the primary brought after a copy."""
        first = sum(self.new) - sum(self.control) - self.new[self._primary] + self.control[self._primary]
        return first, self.duplicates[self._primary]

    @property
    def saved(self) -> int:
        """Payloads that no primary brought: those a copy brought first, less those whose primary came later."""
        first, later = self._copies_and_primaries()
        gained = (first - self._before[0]) - (later - self._before[1])
        return self._saved_before + max(0, gained) + self.repeats_used

    # --- what nobody brought -----------------------------------------------------------------------------------------

    def judge(self, window: SequenceWindow, now: float) -> None:
        """Count what is missing among numbers that have had their time. Call a few times a second."""
        if now - self._judged_at_s < JUDGE_AFTER_S:
            return
        self._judged_at_s = now
        if self._judge_next > self._highest_judged:
            self._lost += window.missing_between(self._highest_judged, self._judge_next)
            self._highest_judged = self._judge_next
        self._judge_next = window.top

    @property
    def lost(self) -> int:
        """Numbers of the session that no path brought in time."""
        return self._lost

    def stats(self, path: int, sent_echo: int, arrived: int, jitter_us: int) -> Stats:
        """The report on one path. `arrived` is `arrivals(path)` at the moment that `sent_echo` is from."""
        return Stats(
            path=path,
            sent_echo=sent_echo,
            arrived=arrived,
            duplicates=self.path_duplicates(path),
            jitter_us=jitter_us,
            highest=max(0, self._highest_judged + 1),
            lost=self._lost,
            saved=self.saved,
        )
