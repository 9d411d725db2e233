"""What another mode would have given: a recorded match played again over the paths as they were, by the real protocol code.

The game sends what it sent, at the moments when it sent it; each path does to a packet what it did to the recorded packet nearest in
time. The same is also played in the recorded mode, so that a reader sees how far the replay can be trusted.
"""

from dataclasses import dataclass, field
from typing import Final

from plg.lab.simulation.game import NUMBER_BYTES, Schedule
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.network import IP_UDP_BYTES
from plg.lab.simulation.path_trace import ImplausibleRecording, RecordedDirection, Trace, trace_of
from plg.lab.simulation.scenario import PathModel, Scenario
from plg.lab.simulation.tally import DirectionFigures, percentile
from plg.lab.simulation.trace_line import TraceLine
from plg.lab.simulation.world import PREPARE_S, SETTLE_S, World
from plg.protocol.constants import DATA_OVERHEAD, MAX_PAYLOAD
from plg.protocol.redundancy import MAX_OVERHEAD, Redundancy, RedundancyMode
from plg.tunnel.path_recording import DOWN, UP, Recording

MIN_PACKETS: Final = 20
"""Numbered datagrams each way; less is no match."""
FEW_DATAGRAMS: Final = 200
"""On a path: what it would do under load is a guess from so few."""
MAX_REPLAYED_S: Final = 6 * 3600.0


class NothingToReplay(Exception):
    """The recording holds too little; the text says what."""


@dataclass(frozen=True, slots=True)
class ReplayedDirection:
    """One direction: residual loss of numbered datagrams, one-way latency in ms, bytes with IP headers over all paths."""

    packets: int
    lost: int
    loss_percent: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    longest_gap: int | None
    bytes: int
    ratio: float
    """Bytes over those of one copy of each packet."""
    saved: int | None = None


@dataclass(frozen=True, slots=True)
class ReplayedMatch:
    """Both directions of one way to play it."""

    mode: str
    max_overhead: float
    up: ReplayedDirection
    down: ReplayedDirection
    levels: list[tuple[float, int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PathEvidence:
    """How much is known of a path."""

    path: int
    datagrams_up: int
    datagrams_down: int
    loss_up_percent: float
    loss_down_percent: float
    guessed_percent: float
    """Of the asked mode's packets on it: sent at moments of which nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer, with what it stands on. `notes` are stable names of reservations."""

    seconds: float
    recorded: ReplayedMatch
    same_mode: ReplayedMatch
    asked: ReplayedMatch
    paths: list[PathEvidence]
    notes: list[str]


def replay(recording: Recording, redundancy: Redundancy, seed: int = 1) -> Replay:
    """Play the match again. Raises NothingToReplay."""
    if recording.seconds > MAX_REPLAYED_S:
        raise NothingToReplay(f"it is longer than {MAX_REPLAYED_S / 3600:g} hours")
    try:
        trace = trace_of(recording, seed)
    except ImplausibleRecording as error:
        raise NothingToReplay(str(error)) from error
    if min(len(trace.up.schedule), len(trace.down.schedule)) < MIN_PACKETS:
        raise NothingToReplay(f"it holds fewer than {MIN_PACKETS} datagrams of a session each way")
    if any(not path.up and not path.down for path in trace.paths.values()):
        trace.paths = {number: path for number, path in trace.paths.items() if path.up or path.down}
    played = Redundancy(_mode(recording.start.mode), min(recording.start.max_overhead, MAX_OVERHEAD))
    same, _ = _play(trace, played, recording.seconds, seed)
    asked, lines = _play(trace, redundancy, recording.seconds, seed)
    return Replay(
        seconds=recording.seconds,
        recorded=_recorded(trace, recording),
        same_mode=same,
        asked=asked,
        paths=[_evidence(trace, path, lines) for path in trace.paths],
        notes=_notes(trace, recording, redundancy, lines),
    )


def _mode(name: str) -> RedundancyMode:
    """A mode that this version does not know counts as off: the file's own figures stand beside it."""
    return RedundancyMode(name) if name in set(RedundancyMode) else RedundancyMode.OFF


Lines = dict[tuple[int, int], TraceLine]


def _play(trace: Trace, redundancy: Redundancy, seconds: float, seed: int) -> tuple[ReplayedMatch, Lines]:
    lines: Lines = {}
    models = []
    # Path ids in the file may have holes; the replay numbers them from 0, the recorded path 0 first.
    for place, (number, path) in enumerate(sorted(trace.paths.items())):
        up = TraceLine(path.up, 0.02, PREPARE_S, seed + 2 * place)
        down = TraceLine(path.down, 0.02, PREPARE_S, seed + 2 * place + 1)
        lines[number, UP], lines[number, DOWN] = up, down
        models.append(PathModel(up=up, down=down, interface=f"path{number}"))
    world = World(
        Scenario(
            paths=tuple(models),
            redundancy=redundancy,
            game_line=LineModel(),  # latencies are those between player and exit: no more was recorded
            seconds=max(seconds, 1.0),
            seed=seed,
        )
    )
    world.start(_schedule(trace.up), _schedule(trace.down))
    world.heap.run_until(PREPARE_S + seconds + SETTLE_S)
    outcome = world.outcome()
    match = ReplayedMatch(
        mode=redundancy.mode.value,
        max_overhead=redundancy.max_overhead,
        up=_direction(outcome.up, outcome.total_bytes_up, trace.up, outcome.saved_up),
        down=_direction(outcome.down, outcome.total_bytes_down, trace.down, outcome.saved_down),
        levels=[(sample.at_s, sample.up, sample.down) for sample in outcome.levels],
    )
    return match, lines


def _schedule(recorded: RecordedDirection) -> Schedule:
    """The recorded first copies as packets of a game, sizes without what the session adds."""
    for at_s, length in recorded.schedule:
        yield PREPARE_S + max(0.0, at_s), min(max(length - DATA_OVERHEAD, NUMBER_BYTES), MAX_PAYLOAD)


def _one_copy_bytes(recorded: RecordedDirection) -> int:
    return sum(length + IP_UDP_BYTES for _, length in recorded.schedule) or 1


def _direction(
    figures: DirectionFigures, sent_bytes: int, recorded: RecordedDirection, saved: int
) -> ReplayedDirection:
    return ReplayedDirection(
        packets=figures.sent,
        lost=figures.lost,
        loss_percent=figures.loss_percent,
        p50_ms=figures.p50_ms,
        p95_ms=figures.p95_ms,
        p99_ms=figures.p99_ms,
        p999_ms=figures.p999_ms,
        longest_gap=figures.longest_gap,
        bytes=sent_bytes,
        ratio=sent_bytes / _one_copy_bytes(recorded),
        saved=saved,
    )


def _recorded(trace: Trace, recording: Recording) -> ReplayedMatch:
    def direction(recorded: RecordedDirection) -> ReplayedDirection:
        packets = len(recorded.schedule)
        total = sum(recorded.bytes_by_path.values()) + IP_UDP_BYTES * recorded.datagrams
        latencies = recorded.latencies_ms
        return ReplayedDirection(
            packets=packets,
            lost=recorded.lost,
            loss_percent=100.0 * recorded.lost / packets if packets else 0.0,
            p50_ms=percentile(latencies, 50),
            p95_ms=percentile(latencies, 95),
            p99_ms=percentile(latencies, 99),
            p999_ms=percentile(latencies, 99.9),
            longest_gap=None,
            bytes=total,
            ratio=total / _one_copy_bytes(recorded),
        )

    start = recording.start
    return ReplayedMatch(start.mode, start.max_overhead, direction(trace.up), direction(trace.down))


def _evidence(trace: Trace, number: int, lines: Lines) -> PathEvidence:
    path = trace.paths[number]
    up, down = lines[number, UP], lines[number, DOWN]
    asked = up.asked + down.asked
    return PathEvidence(
        path=number,
        datagrams_up=len(path.up),
        datagrams_down=len(path.down),
        loss_up_percent=path.loss_percent(UP),
        loss_down_percent=path.loss_percent(DOWN),
        guessed_percent=100.0 * (up.guessed + down.guessed) / asked if asked else 0.0,
    )


def _notes(trace: Trace, recording: Recording, redundancy: Redundancy, lines: Lines) -> list[str]:
    """What to hold against the answer; the command puts it into words."""
    notes = ["up_from_counts", "down_clock_estimated"]
    if len(trace.paths) == 1 and redundancy.mode is not RedundancyMode.OFF:
        notes.append("one_path")
    if any(min(len(path.up), len(path.down)) < FEW_DATAGRAMS for path in trace.paths.values()):
        notes.append("few_datagrams")
    if any(line.guessed > line.asked / 10 for line in lines.values()):
        notes.append("guessed")
    if not recording.finished:
        notes.append("unfinished")
    if recording.full:
        notes.append("full")
    if not recording.counts:
        notes.append("no_counts")
    return notes
