"""When the numbered datagrams of a recording were sent, which of them were the game's, and how slow a path was when."""

from bisect import bisect_left, bisect_right
from dataclasses import fields
from typing import Final

from plg.protocol.constants import DATA_OVERHEAD
from plg.protocol.frames import Frame, PathChoice, Ping, Pong, Stats, encode_frame

SLOW_WINDOW_S: Final = 0.6
"""PONGs round a moment; the fastest says how slow the path was as such."""
MOST_PONGS: Final = 64
"""In that window; a path brings eight. A crafted file could hold a million."""
MOST_CONTROL_SHARE: Final = 0.4
"""Of all numbers; PINGs of three paths are a fifth of a 64 Hz game's."""


def control_numbers(lengths: dict[int, int], known: frozenset[int]) -> set[int]:
    """Numbers of datagrams that have the length of a PING or PONG. Nothing when that is too many: then it is the game's length."""
    found = {seq for seq, length in lengths.items() if length in known}
    return found if len(found) <= MOST_CONTROL_SHARE * len(lengths) else set()


def _length(*frames: Frame) -> int:
    """Of a datagram with these frames."""
    return DATA_OVERHEAD + sum(len(encode_frame(frame)) for frame in frames)


_PING = Ping(*[0] * len(fields(Ping)))
_PONG = Pong(*[0] * len(fields(Pong)))
_STATS = Stats(*[0] * len(fields(Stats)))
_CHOICE = PathChoice(primary=0, in_doubt=False, mode=0, max_overhead_percent=100)
CONTROL_LENGTHS_UP: Final = frozenset(
    {_length(_PING), _length(_PING, _CHOICE), _length(_PING, _STATS), _length(_PING, _CHOICE, _STATS)}
)
CONTROL_LENGTHS_DOWN: Final = frozenset({_length(_PONG), _length(_PONG, _STATS)})


class GameTicks:
    """The place of a number among the game's own: control datagrams come between its ticks."""

    def __init__(self, control: set[int]) -> None:
        self._control = sorted(control)

    def of(self, seq: int) -> int:
        """Numbers of the game before this one."""
        return seq - bisect_left(self._control, seq)


class PathSlowness:
    """How much slower than its best a path was at a moment, by the fastest PONG round it."""

    def __init__(self, times_s: list[float], extra_s: list[float]) -> None:
        self._times_s = times_s
        self._extra_s = extra_s

    def nearest(self, moment_s: float) -> float:
        """By the PONG nearest in time."""
        after = bisect_left(self._times_s, moment_s)
        places = [place for place in (after - 1, after) if 0 <= place < len(self._times_s)]
        if not places:
            return 0.0
        return self._extra_s[min(places, key=lambda place: abs(self._times_s[place] - moment_s))]

    def at(self, moment_s: float) -> float:
        """By the fastest PONG round the moment."""
        begin = bisect_left(self._times_s, moment_s - SLOW_WINDOW_S)
        end = bisect_right(self._times_s, moment_s + SLOW_WINDOW_S)
        if begin == end:
            return 0.0
        return min(self._extra_s[begin : min(end, begin + MOST_PONGS)])


class SequenceTimes:
    """When each number was sent; what came nowhere lies evenly between its neighbours."""

    def __init__(self, sent_at: dict[int, float]) -> None:
        self._seqs = sorted(sent_at)
        moments = []
        latest = float("-inf")
        for seq in self._seqs:  # numbers are given in order of time
            latest = max(latest, sent_at[seq])
            moments.append(latest)
        self._moments = moments
        self.first, self.last = self._seqs[0], self._seqs[-1]

    def at(self, seq: int) -> float:
        place = bisect_left(self._seqs, seq)
        if place < len(self._seqs) and self._seqs[place] == seq:
            return self._moments[place]
        before, after = place - 1, place
        if before < 0 or after >= len(self._seqs):
            return self._moments[0 if before < 0 else -1]
        share = (seq - self._seqs[before]) / (self._seqs[after] - self._seqs[before])
        return self._moments[before] + share * (self._moments[after] - self._moments[before])

    def between(self, from_s: float, to_s: float) -> range:
        """The numbers sent from one moment to another, missing ones included."""
        begin, end = bisect_left(self._moments, from_s), bisect_right(self._moments, to_s)
        if begin >= len(self._seqs):
            return range(0)
        first = self._seqs[begin - 1] + 1 if begin else self._seqs[0]
        last = self._seqs[end] if end < len(self._seqs) else self._seqs[-1] + 1
        return range(first, max(first, last))
