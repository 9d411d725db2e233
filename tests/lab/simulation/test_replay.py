"""A replay says what another mode would have given; here the truth is known, because both matches were simulated."""

from dataclasses import replace as changed
from functools import cache

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.replay import NothingToReplay, Replay, replay
from plg.lab.simulation.scenario import PathModel, Scenario
from plg.lab.simulation.world import World
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.tunnel.path_recording import MAGIC, Recording, RecordingStart, encode_block, parse_recording
from support.recorded_match import record_match

LOSSY = LineModel(impairment=Impairment(delay_ms=20, jitter_ms=3, loss_percent=2))
OTHER = LineModel(impairment=Impairment(delay_ms=28, loss_percent=2))


def match(mode: RedundancyMode) -> Scenario:
    paths = (PathModel(up=LOSSY, down=LOSSY), PathModel(up=OTHER, down=OTHER, transit="transit"))
    return Scenario(paths=paths, redundancy=Redundancy(mode), seconds=40)


@cache
def recording_of(mode: RedundancyMode) -> Recording:
    return parse_recording(record_match(match(mode))[0])


def replayed(recorded: RedundancyMode, asked: RedundancyMode) -> Replay:
    return replay(recording_of(recorded), Redundancy(asked))


def test_a_redundant_match_replayed_with_one_copy_loses_what_it_would_have_lost() -> None:
    truth = World(match(RedundancyMode.OFF)).run()
    found = replayed(RedundancyMode.REDUNDANT, RedundancyMode.OFF)
    assert found.recorded.down.loss_percent < 0.3
    assert found.asked.down.loss_percent == pytest.approx(truth.down.loss_percent, rel=0.35)
    assert found.asked.up.loss_percent == pytest.approx(truth.up.loss_percent, rel=0.5)
    assert found.asked.down.bytes == pytest.approx(truth.total_bytes_down, rel=0.03)
    assert found.asked.down.ratio < 1.1
    assert found.asked.down.p50_ms == pytest.approx(20, abs=4)


def test_a_match_with_one_copy_replayed_redundantly_loses_little_and_says_what_it_stands_on() -> None:
    found = replayed(RedundancyMode.OFF, RedundancyMode.REDUNDANT)
    assert found.recorded.down.loss_percent == pytest.approx(2, rel=0.5)
    assert found.asked.down.loss_percent < 0.3
    assert found.asked.up.loss_percent < 0.3
    assert 1.8 < found.asked.down.ratio < 2.2
    assert "up_from_counts" in found.notes
    assert "guessed" in found.notes
    assert found.paths[1].guessed_percent > 10


def test_the_recorded_mode_replayed_comes_out_as_it_was() -> None:
    found = replayed(RedundancyMode.REDUNDANT, RedundancyMode.REDUNDANT)
    assert found.same_mode == found.asked
    for recorded, again in ((found.recorded.up, found.same_mode.up), (found.recorded.down, found.same_mode.down)):
        assert again.packets == pytest.approx(recorded.packets, rel=0.01)
        assert again.bytes == pytest.approx(recorded.bytes, rel=0.06)
        assert again.p50_ms == pytest.approx(recorded.p50_ms, abs=3)


def test_with_one_path_it_says_that_there_was_one() -> None:
    scenario = Scenario(paths=(PathModel(up=LOSSY, down=LOSSY),), seconds=30)
    found = replay(parse_recording(record_match(scenario)[0]), Redundancy(RedundancyMode.REDUNDANT))
    assert "one_path" in found.notes
    assert len(found.paths) == 1


def test_a_byte_bound_is_kept() -> None:
    recording = recording_of(RedundancyMode.OFF)
    found = replay(recording, Redundancy(RedundancyMode.REDUNDANT, 1.3))
    assert found.asked.up.ratio < 1.45
    assert found.asked.max_overhead == 1.3


def test_a_recording_without_a_match_is_refused() -> None:
    start = RecordingStart(at="2026-01-01T00:00:00Z", program="plg", game="x", mode="off", max_overhead=1)
    empty = parse_recording(MAGIC + encode_block(start))
    with pytest.raises(NothingToReplay, match="fewer than"):
        replay(empty, Redundancy())
    with pytest.raises(NothingToReplay, match="longer than"):
        replay(changed(empty, seconds=1e6), Redundancy())


def test_an_unfinished_recording_of_an_unknown_mode_is_replayed_and_said_to_be_so() -> None:
    recording = recording_of(RedundancyMode.OFF)
    odd = RecordingStart(at="2026-01-01T00:00:00Z", program="plg 9", game="x", mode="quantum", max_overhead=1)
    found = replay(changed(recording, start=odd, finished=False, full=True, counts=[]), Redundancy())
    assert {"unfinished", "full", "no_counts"} <= set(found.notes)
    assert found.recorded.mode == "quantum"
