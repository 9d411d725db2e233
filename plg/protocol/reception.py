"""What one end has received since the hand-shake, by lane: the counts behind PONG and STATS (SPEC section 6).

A lane is a path and a copy number, `P >> 3`. Public lists, because the packet path counts in them directly.
"""

from collections import deque
from typing import Final

from plg.protocol.constants import MAX_COPIES, MAX_PATHS
from plg.protocol.frames import Stats
from plg.protocol.sequence_window import SequenceWindow

LANES: Final = MAX_PATHS * MAX_COPIES
JUDGE_AFTER_S: Final = 0.25
"""Implementation. A number that has not come this long after a higher one is lost to the game, whatever comes later."""
JUDGEMENTS_AGREE: Final = 4
"""Implementation. A copy may arrive a moment before the first: only what several looks agree on was saved."""
_HALF_U16: Final = 0x8000


class GapCounter:
    """Counts the holes in numbers modulo 2^16 that rise by one. A number that comes late fills its hole."""

    __slots__ = ("_last", "lost")

    def __init__(self) -> None:
        self._last: int | None = None
        self.lost = 0

    def take(self, number: int) -> None:
        step = 1 if self._last is None else (number - self._last) & 0xFFFF
        if step >= _HALF_U16:
            self.lost -= 1
        elif step:
            self.lost += step - 1
            self._last = number


class Reception:
    """Counts of authentic datagrams: `new` brought a number first, `duplicates` brought it again."""

    __slots__ = (
        "_highest_judged",
        "_judge_next",
        "_judged_at_s",
        "_missing",
        "_recently_saved",
        "_saved",
        "duplicates",
        "new",
        "repeats_used",
        "single",
    )

    def __init__(self) -> None:
        self.new = [0] * LANES
        self.duplicates = [0] * LANES
        self.single = [GapCounter() for _ in range(MAX_PATHS)]
        """By path, the datagrams that are sent once and have numbers of their own: PING at the relay, PONG at the client."""
        self.repeats_used = 0
        """Payloads that only a Repeat brought."""
        self._judged_at_s = float("-inf")
        self._judge_next = -1
        self._highest_judged = -1
        self._missing = 0
        self._recently_saved: deque[int] = deque([0], maxlen=JUDGEMENTS_AGREE)
        self._saved = 0

    def arrivals(self, path: int) -> int:
        """Authentic datagrams on a path, copies included."""
        lanes = slice(path * MAX_COPIES, (path + 1) * MAX_COPIES)
        return sum(self.new[lanes]) + sum(self.duplicates[lanes])

    def path_duplicates(self, path: int) -> int:
        return sum(self.duplicates[path * MAX_COPIES : (path + 1) * MAX_COPIES])

    def judge(self, window: SequenceWindow, now: float) -> None:
        """Count what is missing among numbers that have had their time. Call a few times a second."""
        if now - self._judged_at_s < JUDGE_AFTER_S:
            return
        self._judged_at_s = now
        if self._judge_next > self._highest_judged:
            self._missing += window.missing_between(self._highest_judged, self._judge_next)
            self._highest_judged = self._judge_next
        self._judge_next = window.top
        # Numbers that a further copy brought, less those of them whose first copy came later.
        by_copies = sum(self.new) - sum(self.new[::MAX_COPIES]) - sum(self.duplicates[::MAX_COPIES])
        self._recently_saved.append(by_copies + self.repeats_used)
        self._saved = max(self._saved, min(self._recently_saved))

    @property
    def saved(self) -> int:
        """Payloads whose first copy never came and that reached us all the same."""
        return self._saved

    @property
    def lost(self) -> int:
        """Numbers of the session that no path brought in time, without those that were sent only once on purpose."""
        return max(0, self._missing - sum(gaps.lost for gaps in self.single))

    def stats(self, path: int, sent_echo: int, arrived: int, jitter_us: int, lost: int) -> Stats:
        """The report on one path. `arrived` is `arrivals(path)` at the moment that `sent_echo` is from; `lost` as the owner knows best."""
        return Stats(
            path=path,
            sent_echo=sent_echo,
            arrived=arrived,
            duplicates=self.path_duplicates(path),
            jitter_us=jitter_us,
            highest=max(0, self._highest_judged + 1),
            lost=lost,
            saved=self.saved,
        )
