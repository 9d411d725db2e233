"""From a recording back to the paths: the truth is known, because the match was simulated."""

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.lines import DelaySpikes, LineModel
from plg.lab.simulation.path_trace import ImplausibleRecording, Trace, trace_of
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.tunnel.path_recording import DOWN, UP, PacketRow, PathCount, RecordingStart, parse_recording
from plg.tunnel.path_recording import Recording as EmptyRecording
from support.recorded_match import record_match

FAST = LineModel(impairment=Impairment(delay_ms=20, jitter_ms=4, loss_percent=1))
SLOW = LineModel(impairment=Impairment(delay_ms=35, jitter_ms=2, loss_percent=3))


def traced(scenario: Scenario) -> Trace:
    return trace_of(parse_recording(record_match(scenario)[0]))


def two_paths(mode: RedundancyMode, **rest: object) -> Scenario:
    paths = (PathModel(up=FAST, down=FAST), PathModel(up=SLOW, down=SLOW, transit="transit"))
    return Scenario(paths=paths, redundancy=Redundancy(mode), seconds=60, **rest)  # type: ignore[arg-type]  # by name in the test


@pytest.mark.parametrize(("path", "loss_percent", "delay_ms"), [(0, 1.0, 20), (1, 3.0, 35)])
def test_each_paths_loss_and_delay_are_found_again_from_a_redundant_match(
    path: int, loss_percent: float, delay_ms: float
) -> None:
    trace = traced(two_paths(RedundancyMode.REDUNDANT))
    for direction in (UP, DOWN):
        found = trace.paths[path]
        assert found.loss_percent(direction) == pytest.approx(loss_percent, rel=0.5)
        points = found.up if direction == UP else found.down
        delays_ms = sorted(1000 * point.delay_s for point in points if point.delay_s is not None)
        assert delays_ms[len(delays_ms) // 2] == pytest.approx(delay_ms, abs=4)


def test_what_no_path_brought_is_lost_and_pongs_are_no_packets_of_the_game() -> None:
    content, truth = record_match(two_paths(RedundancyMode.OFF))
    trace = trace_of(parse_recording(content))
    assert trace.down.lost == pytest.approx(truth.down.lost, abs=4)
    assert trace.up.lost == pytest.approx(truth.up.lost, rel=0.5)
    assert len(trace.down.schedule) == pytest.approx(truth.down.sent, abs=20)
    assert len(trace.up.schedule) == pytest.approx(truth.up.sent, abs=20)


def test_a_spike_of_delay_is_found_again() -> None:
    spiky = LineModel(impairment=Impairment(delay_ms=20), spikes=DelaySpikes(every_s=6, height_ms=120, hold_ms=300))
    trace = traced(Scenario(paths=(PathModel(up=spiky, down=spiky),), seconds=60))
    latencies = trace.down.latencies_ms
    assert latencies[len(latencies) // 2] == pytest.approx(20, abs=2)
    assert 60 < latencies[int(len(latencies) * 0.998)] < 140


def test_a_new_hand_shake_in_the_middle_does_not_spoil_the_trace() -> None:
    events = (Event(20, Act.KILL_RELAY, "exit"), Event(20.5, Act.START_RELAY, "exit"))
    content, truth = record_match(two_paths(RedundancyMode.REDUNDANT, events=events))
    recording = parse_recording(content)
    assert {row.epoch for row in recording.packets} == {0, 1}
    trace = trace_of(recording)
    assert len(trace.down.schedule) == pytest.approx(truth.down.delivered, abs=60)


def test_the_same_recording_gives_the_same_trace() -> None:
    recording = parse_recording(record_match(two_paths(RedundancyMode.REDUNDANT))[0])
    assert trace_of(recording).paths == trace_of(recording).paths


def crafted(seqs: list[int], counts: int = 0) -> EmptyRecording:
    """All at the same instant; the relay says that it lost a thousand between any two counts."""
    start = RecordingStart(at="2026-01-01T00:00:00Z", program="plg", game="x", mode="off", max_overhead=1)
    rows = [PacketRow(0.0, 0, DOWN, 0, 0, seq, 200) for seq in seqs]
    told = [
        PathCount(at_us=0, epoch=0, path=0, sent=0, peer_received=0, peer_sent=1000 * number, received=0, rtt_us=0, transit_up_us=0, transit_down_us=0)
        for number in range(counts)
    ]  # fmt: skip
    return EmptyRecording(start, packets=rows, counts=told, seconds=1.0)


def test_numbers_with_holes_that_no_match_has_are_refused_at_once() -> None:
    with pytest.raises(ImplausibleRecording, match="holes"):
        trace_of(crafted([0, 4_000_000_000]))


def test_counts_that_would_take_for_ever_are_refused() -> None:
    with pytest.raises(ImplausibleRecording, match="do not belong together"):
        trace_of(crafted([*range(0, 400_000, 1000)], counts=200))


def test_an_empty_recording_gives_an_empty_trace() -> None:
    start = RecordingStart(at="2026-01-01T00:00:00Z", program="plg", game="x", mode="off", max_overhead=1)
    trace = trace_of(EmptyRecording(start))
    assert (trace.up.schedule, trace.down.schedule, list(trace.paths)) == ([], [], [0])
