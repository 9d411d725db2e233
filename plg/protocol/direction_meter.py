"""What one direction of a session loses, from what its receiver reports: per path, and after all copies (SPEC section 6, STATS)."""

from collections import deque
from collections.abc import Collection
from typing import Final

from plg.protocol.redundancy import Level, Losses

STATS_SPACING_S: Final = 1.0
"""Implementation. How often a receiver reports on a path: the ladder looks at two seconds, and a report costs 31 bytes."""
LOSS_WINDOW_S: Final = 2.0
"""Implementation. Short enough to act within a firefight, long enough for a hundred packets of a 64 Hz game."""
RESIDUAL_WINDOW_S: Final = 10.0
"""Implementation. What remains after copies is rare: two seconds of it are chance."""
_U32: Final = 0xFFFF_FFFF


class _Window:
    """Pairs of cumulative counts modulo 2^32; the share of the first that the second lacks."""

    __slots__ = ("_entries", "_length_s")

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._entries: deque[tuple[float, int, int]] = deque()

    def add(self, now: float, sent: int, arrived: int) -> None:
        """Late reports, whose counts run backwards, are left out."""
        entries = self._entries
        if entries and (sent - entries[-1][1]) & _U32 > _U32 >> 1:
            return
        entries.append((now, sent, arrived))
        # One entry older than the window stays: differences then span the whole of it.
        while len(entries) > 2 and now - entries[1][0] >= self._length_s:
            entries.popleft()

    def lost_and_sent(self, now: float) -> tuple[int, int]:
        """Within the window; (0, 0) while nothing is known or the last report is old."""
        entries = self._entries
        if len(entries) < 2 or now - entries[-1][0] > LOSS_WINDOW_S:
            return 0, 0
        sent = (entries[-1][1] - entries[0][1]) & _U32
        arrived = (entries[-1][2] - entries[0][2]) & _U32
        return max(0, sent - arrived), sent


class DirectionMeter:
    """The sender's picture of its own direction."""

    def __init__(self) -> None:
        self._paths: dict[int, _Window] = {}
        self._session = _Window(RESIDUAL_WINDOW_S)
        self._jitter_ms: dict[int, float] = {}

    def take_path(self, path: int, sent: int, arrived: int, now: float) -> None:
        """`arrived` of the first `sent` datagrams on a path came."""
        self._paths.setdefault(path, _Window(LOSS_WINDOW_S)).add(now, sent, arrived)

    def take_jitter(self, path: int, jitter_ms: float) -> None:
        self._jitter_ms[path] = jitter_ms

    def take_session(self, highest: int, lost: int, now: float) -> None:
        """`lost` of the numbers up to `highest` came by no path."""
        self._session.add(now, highest, (highest - lost) & _U32)

    def path_loss_percent(self, path: int, now: float) -> float:
        """0 while nothing is known."""
        window = self._paths.get(path)
        return 0.0 if window is None else _percent(*window.lost_and_sent(now))

    def residual(self, now: float) -> tuple[int, float]:
        """What was lost although copies were sent: how many in the last ten seconds, and percent."""
        lost, sent = self._session.lost_and_sent(now)
        return lost, _percent(lost, sent)

    def losses(self, carrying: Collection[int], level: Level, now: float) -> Losses:
        """What the ladder looks at, of the paths that carry. With one copy what its path loses is what is missing."""
        worst = max((self.path_loss_percent(path, now) for path in carrying), default=0.0)
        jitter_ms = max((self.jitter_ms(path) for path in carrying), default=0.0)
        lost, residual = (1, worst) if level is Level.SINGLE else self.residual(now)
        return Losses(worst, residual, jitter_ms, lost)

    def forget_residual(self) -> None:
        """Another level: what remained under the one before says nothing about it."""
        self._session = _Window(RESIDUAL_WINDOW_S)

    def jitter_ms(self, path: int) -> float:
        return self._jitter_ms.get(path, 0.0)


def _percent(lost: int, sent: int) -> float:
    return 100.0 * lost / sent if sent else 0.0
