"""The round trips of the last minutes, boosted and direct, and the points of a graph made of them. Pure."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plg.contract.cli_output import StatusDocument
from plg_tui.live_strip import StripHistory

KEPT_S: Final = 600.0
"""Implementation. The widest window of the graph."""
MAX_SAMPLES: Final = 6_500
"""Implementation. Ten samples a second over KEPT_S, with some room: a feed that runs wild cannot fill the memory."""

LANE_KEPT_S: Final = 60
"""Implementation. Seconds in a way's live strip."""

OPENING: Final = frozenset({"binding", "connecting"})

WINDOWS_S: Final = (30.0, 120.0, 600.0)
"""What the graph can show."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment; `at_s` on a clock that only goes forward, None where nothing is known."""

    at_s: float
    boosted_ms: float | None
    direct_ms: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one line over the window."""

    now_ms: float | None
    mean_ms: float | None
    p95_ms: float | None


def boosted_ms(status: StatusDocument) -> float | None:
    """The whole way through PLG where it is known, else the way to the relay alone: the graph says which."""
    if status.comparison is not None and status.comparison.now_ms is not None:
        return status.comparison.now_ms
    path = next((path for path in status.paths if path.is_primary), None)
    if path is None or path.rtt_ms is None:
        return None
    leg_ms = status.relay.game_leg_ms if status.relay is not None else None
    return path.rtt_ms + (leg_ms or 0.0)


def is_whole_way(status: StatusDocument) -> bool:
    """Whether `boosted_ms` reaches the game; otherwise it ends at the relay."""
    compared = status.comparison is not None and status.comparison.now_ms is not None
    return compared or (status.relay is not None and status.relay.game_leg_ms is not None)


class LiveHistory:
    """Samples of one session, oldest first."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=MAX_SAMPLES)
        self._session: tuple[int | None, str | None] | None = None
        self._lanes: dict[int, StripHistory] = {}

    def __len__(self) -> int:
        return len(self._samples)

    def take(self, status: StatusDocument, at_s: float) -> None:
        """One status; another tunnel begins a new history."""
        session = (status.pid, status.game)
        if session != self._session:
            self.clear()
            self._session = session
        direct_ms = status.comparison.direct_ms if status.comparison is not None else None
        self._samples.append(Sample(at_s, boosted_ms(status), direct_ms))
        while self._samples and at_s - self._samples[0].at_s > KEPT_S:
            self._samples.popleft()
        for path in status.paths:
            if path.rtt_ms is None and path.state in OPENING:
                continue  # nothing is lost on a way that is not there yet
            self._lanes.setdefault(path.path, StripHistory(LANE_KEPT_S)).take(at_s, path.rtt_ms)

    def clear(self) -> None:
        self._samples.clear()
        self._lanes.clear()
        self._session = None

    def lane(self, path: int) -> list[float | None]:
        """One way's round trip of each of the last seconds, oldest first: the worst, None where it was not known."""
        found = self._lanes.get(path)
        return [] if found is None else found.values()

    def points(self, window_s: float, count: int, now_s: float) -> tuple[list[float | None], list[float | None]]:
        """`count` points of each line over the last `window_s`: the largest value in each slice, so that no peak is hidden.

        Slices stand still on the clock, or a graph of few points would flicker. Empty slices are None.
        """
        slice_s = window_s / count
        last = int(now_s / slice_s)
        boosted: list[float | None] = [None] * count
        direct: list[float | None] = [None] * count
        for sample in reversed(self._samples):
            place = count - 1 - (last - int(sample.at_s / slice_s))
            if place < 0:
                break
            if place >= count:
                continue
            boosted[place] = _larger(boosted[place], sample.boosted_ms)
            direct[place] = _larger(direct[place], sample.direct_ms)
        return _bridged(boosted), _bridged(direct)

    def figures(self, window_s: float, now_s: float) -> tuple[Figures, Figures]:
        """Of both lines over the last `window_s`."""
        recent = [sample for sample in self._samples if now_s - sample.at_s <= window_s]
        return _figures(recent, lambda sample: sample.boosted_ms), _figures(recent, lambda sample: sample.direct_ms)


def _larger(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _bridged(points: list[float | None]) -> list[float | None]:
    """A slice in which no sample fell, between two that have one, is no gap: samples and slices have different rhythms."""
    return [
        points[place - 1] if value is None and 0 < place < len(points) - 1 and points[place + 1] is not None else value
        for place, value in enumerate(points)
    ]


def _figures(samples: Sequence[Sample], value: Callable[[Sample], float | None]) -> Figures:
    known = [found for sample in samples if (found := value(sample)) is not None]
    if not known:
        return Figures(None, None, None)
    ordered = sorted(known)
    now_ms = value(samples[-1])
    return Figures(now_ms, sum(known) / len(known), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))])
