"""From a recording back to the paths: when which path lost or delayed, as far as one end can know it.

Down is nearly exact. The client sees every arrival on every path, the relay's counts say how many datagrams each path lost between two
PONGs, and the numbers that are missing say which. When a datagram was sent is worked out from the fastest arrivals round it, so a
regular game's ticks are assumed. Up is known in counts: how many of a quarter of a second's datagrams a path lost, and how many no
path brought; they are laid in a row into that quarter, which is the worst case for staggered copies.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Final

from plg.lab.simulation.sequence_times import (
    CONTROL_LENGTHS_DOWN,
    CONTROL_LENGTHS_UP,
    GameTicks,
    PathSlowness,
    SequenceTimes,
    control_numbers,
)
from plg.lab.simulation.trace_line import Point
from plg.protocol.constants import MAX_COPIES, MAX_PATHS
from plg.tunnel.path_recording import DOWN, UP, PacketRow, PathCount, Recording

_U32: Final = 0xFFFF_FFFF
ENVELOPE_PACKETS: Final = 16
"""On either side of a datagram: a quarter of a second of a 64 Hz game. The fastest of them says when it was sent."""
MOST_LATE_S: Final = 1.0
"""Later than its neighbours by more means that the game paused, not that the path was slow."""
PONG_WITHIN_S: Final = 0.2
"""A PING whose answer comes later than its round trip by more has none: the next one is due after 0.25 s."""
PONG_PLACE_S: Final = 0.05
MOST_MISSING: Final = 1_000_000
"""Numbers without an arrival in one session: four hours of silence at 64 a second. More is no recording of a game."""
MOST_NEAR: Final = 64
"""Numbers looked at round the place of a lost PONG."""
MOST_LOOKS: Final = 20_000_000
"""Numbers looked at for losses; each is looked at once for each path, so four hours need three million."""
US: Final = 1e-6


class ImplausibleRecording(Exception):
    """The file is whole, but no match looks like that; the text says why."""


@dataclass(slots=True)
class PathTrace:
    """One path of the recording."""

    path: int
    up: list[Point] = field(default_factory=list)
    down: list[Point] = field(default_factory=list)

    def loss_percent(self, direction: int) -> float:
        points = self.up if direction == UP else self.down
        return 100.0 * sum(point.delay_s is None for point in points) / len(points) if points else 0.0


@dataclass(slots=True)
class RecordedDirection:
    """What was played: numbered datagrams by the moment they were sent, and what came of them."""

    schedule: list[tuple[float, int]] = field(default_factory=list)
    """Moment and whole length of each first copy."""
    lost: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    bytes_by_path: dict[int, int] = field(default_factory=dict)
    """Whole datagrams as they were sent (up) or arrived (down), without IP headers."""
    datagrams: int = 0


@dataclass(slots=True)
class Trace:
    """Everything that a replay needs."""

    paths: dict[int, PathTrace]
    up: RecordedDirection
    down: RecordedDirection


def trace_of(recording: Recording, seed: int = 1) -> Trace:
    """Work out the paths. The same recording and seed give the same trace. Raises ImplausibleRecording."""
    return _Fit(recording, seed).fit()


class _Fit:
    def __init__(self, recording: Recording, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311
        self._rows: dict[tuple[int, int], list[PacketRow]] = defaultdict(list)
        for row in recording.packets:
            self._rows[row.epoch, row.direction].append(row)
        self._counts: dict[tuple[int, int], list[PathCount]] = defaultdict(list)
        for count in recording.counts:
            self._counts[count.epoch, count.path].append(count)
        paths = {row.path for row in recording.packets} | {count.path for count in recording.counts} or {0}
        self._trace = Trace({path: PathTrace(path) for path in sorted(paths)}, RecordedDirection(), RecordedDirection())
        self._looks_left = MOST_LOOKS
        self._is_told_of_loss = recording.start.mode != "off"  # without copies the relay does not report
        self._offsets = self._base_delays(recording.counts)

    def fit(self) -> Trace:
        for epoch, direction in sorted(self._rows):
            if direction == UP:
                self._fit_up(epoch, self._rows[epoch, UP])
            else:
                self._fit_down(epoch, self._rows[epoch, DOWN])
        trace = self._trace
        for path in trace.paths.values():
            path.up.sort(key=lambda point: point.at_s)
            path.down.sort(key=lambda point: point.at_s)
        for direction_row in (trace.up, trace.down):
            direction_row.schedule.sort()
            direction_row.latencies_ms.sort()
        return trace

    def _base_delays(self, counts: list[PathCount]) -> dict[int, tuple[float, float, int, int]]:
        """Per path: least delay up and down in seconds, and the least one-way readings that they stand for.

        A round trip halves evenly on the fastest path; the others differ from it by the differences of their readings.
        """
        least: dict[int, tuple[int, int, int]] = {}
        for count in counts:
            known = least.get(count.path)
            reading = (count.rtt_us, count.transit_up_us, count.transit_down_us)
            least[count.path] = reading if known is None else tuple(map(min, known, reading))  # type: ignore[assignment]  # three and three
        if not least:
            return {}
        fastest = min(least, key=lambda path: least[path][0])
        rtt_us, up_us, down_us = least[fastest]
        return {
            path: (
                max(0.0, (rtt_us / 2 + up - up_us) * US),
                max(0.0, (rtt_us / 2 + down - down_us) * US),
                up,
                down,
            )
            for path, (_, up, down) in least.items()
        }

    def _base(self, path: int, direction: int) -> float:
        offsets = self._offsets.get(path)
        return 0.0 if offsets is None else offsets[direction]

    def _slow_s(self, epoch: int, path: int, direction: int) -> PathSlowness:
        offsets = self._offsets.get(path)
        counts = self._counts.get((epoch, path), [])
        if offsets is None or not counts:
            return PathSlowness([], [])
        readings = [
            ((one.transit_up_us if direction == UP else one.transit_down_us) - offsets[2 + direction]) * US
            for one in counts
        ]
        return PathSlowness([one.at_us * US for one in counts], readings)

    # --- down --------------------------------------------------------------------------------------------------------

    def _fit_down(self, epoch: int, rows: list[PacketRow]) -> None:
        arrivals: dict[int, dict[int, PacketRow]] = defaultdict(dict)
        for row in rows:
            recorded = self._trace.down
            recorded.bytes_by_path[row.path] = recorded.bytes_by_path.get(row.path, 0) + row.length
            recorded.datagrams += 1
            arrivals[row.path].setdefault(row.seq, row)
        delays: dict[int, dict[int, float]] = {}
        sent_at: dict[int, float] = {}
        lengths: dict[int, int] = {}
        for by_seq in arrivals.values():
            lengths |= {seq: row.length for seq, row in by_seq.items()}
        control = control_numbers(lengths, CONTROL_LENGTHS_DOWN)
        ticks = GameTicks(control)
        for path, by_seq in arrivals.items():
            delays[path] = {}
            for copy in range(MAX_COPIES):
                lane = [row for row in by_seq.values() if row.copy == copy and row.seq not in control]
                delays[path] |= self._delays_of(epoch, path, lane, ticks)
            for seq, row in by_seq.items():
                if row.copy == 0:
                    at_s = row.at_s - delays[path].get(seq, self._base(path, DOWN))
                    sent_at[seq] = min(at_s, sent_at.get(seq, at_s))
        for seq, row in ((seq, row) for by_seq in arrivals.values() for seq, row in by_seq.items()):
            sent_at.setdefault(seq, row.at_s - delays[row.path].get(seq, self._base(row.path, DOWN)))
        if not sent_at:
            return
        times = SequenceTimes(sent_at)
        if times.last - times.first > len(sent_at) + MOST_MISSING:
            raise ImplausibleRecording("its numbers have holes that no match has")
        for path in arrivals:
            points = self._trace.paths[path].down
            points += [Point(arrivals[path][seq].at_s - delay_s, delay_s) for seq, delay_s in delays[path].items()]
        for path in self._trace.paths:
            self._lose_down(epoch, path, arrivals.get(path, {}), times, lengths)
        self._sum_up_down(epoch, arrivals, sent_at, times, lengths, control)

    def _delays_of(self, epoch: int, path: int, lane: list[PacketRow], ticks: GameTicks) -> dict[int, float]:
        """Delay of each datagram of one path and copy number: the path's least, its slowness of the moment, and how much later
        it came than the fastest of its neighbours would have.
        """
        rows = sorted(lane, key=lambda row: row.seq)
        base, slow = self._base(path, DOWN), self._slow_s(epoch, path, DOWN)
        tick_of = [ticks.of(row.seq) for row in rows]
        result = {}
        for place, row in enumerate(rows):
            begin, end = max(0, place - ENVELOPE_PACKETS), min(len(rows), place + ENVELOPE_PACKETS + 1)
            passed = tick_of[end - 1] - tick_of[begin]
            spacing_s = (rows[end - 1].at_s - rows[begin].at_s) / passed if passed else 0.0
            own = tick_of[place]
            fastest = min(rows[one].at_s - (tick_of[one] - own) * spacing_s for one in range(begin, end))
            late_s = row.at_s - fastest
            # The neighbours' slowness and the PONGs' are two views of the same queue: the larger one counts.
            result[row.seq] = base + max(slow.at(row.at_s), min(MOST_LATE_S, late_s))
        return result

    def _lose_down(
        self, epoch: int, path: int, arrived: dict[int, PacketRow], times: SequenceTimes, lengths: dict[int, int]
    ) -> None:
        points, base = self._trace.paths[path].down, self._base(path, DOWN)
        for sooner, later in pairwise(self._counts.get((epoch, path), [])):
            lost = _difference(later.peer_sent, sooner.peer_sent) - _difference(later.received, sooner.received)
            if lost <= 0:
                continue
            between = times.between(sooner.at_us * US - base, later.at_us * US - base)
            self._looks_left -= len(between)
            if self._looks_left < 0:
                raise ImplausibleRecording("its counts and its datagrams do not belong together")
            missing = [seq for seq in between if seq not in arrived]
            # Numbers that came nowhere first, then long ones: short ones are PONGs, which are sent on one path only.
            missing.sort(key=lambda seq: -lengths.get(seq, 1 << 16))
            points += [Point(times.at(seq), None) for seq in missing[:lost]]

    def _sum_up_down(
        self,
        epoch: int,
        arrivals: dict[int, dict[int, PacketRow]],
        sent_at: dict[int, float],
        times: SequenceTimes,
        lengths: dict[int, int],
        control: set[int],
    ) -> None:
        recorded = self._trace.down
        usual = sorted(lengths.values())[len(lengths) // 2]
        lost_pongs = self._lost_pongs(epoch, arrivals, times, control)
        for seq in range(times.first, times.last + 1):
            if seq in control or seq in lost_pongs:
                continue
            recorded.schedule.append((times.at(seq), lengths.get(seq, usual)))
            came = [by_seq[seq].at_s for by_seq in arrivals.values() if seq in by_seq]
            if came:
                recorded.latencies_ms.append(max(0.0, min(came) - sent_at[seq]) * 1000)
            else:
                recorded.lost += 1

    def _lost_pongs(
        self, epoch: int, arrivals: dict[int, dict[int, PacketRow]], times: SequenceTimes, control: set[int]
    ) -> set[int]:
        """Numbers that came nowhere, where the answer to a PING that got none would have had its place: no packets of the game."""
        found: set[int] = set()
        for path in self._trace.paths:
            sent = [row for row in self._rows.get((epoch, UP), []) if row.path == path]
            pings = control_numbers({row.seq: row.length for row in sent}, CONTROL_LENGTHS_UP)
            pongs = sorted(row.at_s for seq, row in arrivals.get(path, {}).items() if seq in control)
            rtt_s = self._base(path, UP) + self._base(path, DOWN)
            for row in sent:
                if row.seq not in pings:
                    continue
                first = bisect_left(pongs, row.at_s + 0.9 * rtt_s)
                if first < len(pongs) and pongs[first] < row.at_s + rtt_s + PONG_WITHIN_S:
                    continue
                moment_s = row.at_s + self._base(path, UP)
                near = times.between(moment_s - PONG_PLACE_S, moment_s + PONG_PLACE_S)[:MOST_NEAR]
                missing = [seq for seq in near if not any(seq in by_seq for by_seq in arrivals.values())]
                found |= set(missing[:1])
        return found

    # --- up ----------------------------------------------------------------------------------------------------------

    def _fit_up(self, epoch: int, rows: list[PacketRow]) -> None:
        recorded = self._trace.up
        control = control_numbers({row.seq: row.length for row in rows}, CONTROL_LENGTHS_UP)
        seen: set[int] = set(control)
        sends: dict[int, list[float]] = defaultdict(list)
        for row in rows:
            recorded.bytes_by_path[row.path] = recorded.bytes_by_path.get(row.path, 0) + row.length
            recorded.datagrams += 1
            sends[row.path].append(row.at_s)
            if row.seq not in seen:
                seen.add(row.seq)
                recorded.schedule.append((row.at_s, row.length))
        lost_at = self._losses_up(epoch, sends)
        for path, moments in sends.items():
            base, slow, lost = self._base(path, UP), self._slow_s(epoch, path, UP), lost_at.get(path, set())
            self._trace.paths[path].up += [
                Point(at_s, None if place in lost else base + slow.nearest(at_s + base))
                for place, at_s in enumerate(moments)
            ]
        self._sum_up_up(epoch, rows, lost_at, control)

    def _sum_up_up(self, epoch: int, rows: list[PacketRow], lost_at: dict[int, set[int]], control: set[int]) -> None:
        """By number: the first copy that was not taken for lost. How many were lost at all the relay has told."""
        recorded = self._trace.up
        slow = {path: self._slow_s(epoch, path, UP) for path in self._trace.paths}
        place = dict.fromkeys(self._trace.paths, -1)
        arrives_s: dict[int, float | None] = {}
        sent_s: dict[int, float] = {}
        for row in rows:
            place[row.path] += 1
            if row.seq in control:
                continue
            sent_s.setdefault(row.seq, row.at_s)
            known = arrives_s.setdefault(row.seq, None)
            if place[row.path] not in lost_at.get(row.path, ()):
                base = self._base(row.path, UP)
                moment_s = row.at_s + base + slow[row.path].nearest(row.at_s + base)
                arrives_s[row.seq] = moment_s if known is None else min(known, moment_s)
        for seq, moment in arrives_s.items():
            if moment is not None:
                recorded.latencies_ms.append((moment - sent_s[seq]) * 1000)
        told = self._lost_everywhere(epoch)
        recorded.lost += sum(moment is None for moment in arrives_s.values()) if told is None else told

    def _lost_everywhere(self, epoch: int) -> int | None:
        if not self._is_told_of_loss:
            return None
        told = [
            count.lost_up
            for path in range(MAX_PATHS)
            for count in self._counts.get((epoch, path), [])
            if count.lost_up is not None
        ]
        return max(told) - min(told) if told else None

    def _losses_up(self, epoch: int, sends: dict[int, list[float]]) -> dict[int, set[int]]:
        """Places in each path's list of sends that are taken for lost: as many in a row as the relay counted."""
        result: dict[int, set[int]] = defaultdict(set)
        for path, moments in sends.items():
            rtt_s = self._base(path, UP) + self._base(path, DOWN)
            for sooner, later in pairwise(self._counts.get((epoch, path), [])):
                lost = _difference(later.sent, sooner.sent) - _difference(later.peer_received, sooner.peer_received)
                begin = bisect_left(moments, sooner.at_us * US - rtt_s)
                end = bisect_right(moments, later.at_us * US - rtt_s)
                lost = min(lost, end - begin)
                if lost > 0:
                    first = begin + self._random.randrange(end - begin - lost + 1)
                    result[path] |= set(range(first, first + lost))
        return result


def _difference(later: int, sooner: int) -> int:
    """Of two cumulative counts modulo 2^32; 0 for a late report."""
    step = (later - sooner) & _U32
    return 0 if step > _U32 >> 1 else step
