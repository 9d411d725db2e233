"""A recording as `plg record` writes it, made from a simulated match, so that the truth is known."""

from plg.lab.simulation.game import steady
from plg.lab.simulation.scenario import Scenario
from plg.lab.simulation.world import PREPARE_S, Outcome, World
from plg.tunnel.path_recorder import PathRecorder
from plg.tunnel.path_recording import RecordingStart


def record_match(scenario: Scenario) -> tuple[bytes, Outcome]:
    """The file's bytes, and what really came of the match. The recording begins with the game."""
    world = World(scenario)
    blocks: list[bytes] = []
    redundancy, traffic = scenario.redundancy, scenario.traffic
    start = RecordingStart(
        at="2026-01-01T00:00:00Z",
        program="plg test",
        game="simulated",
        mode=redundancy.mode.value,
        max_overhead=redundancy.max_overhead,
    )
    end_s = PREPARE_S + scenario.seconds
    world.start(
        steady(PREPARE_S, end_s, traffic.up_per_s, traffic.up_bytes),
        steady(PREPARE_S, end_s, traffic.down_per_s, traffic.down_bytes),
    )
    world.heap.run_until(PREPARE_S)
    world.link.recorder = PathRecorder(blocks.append, start, PREPARE_S)
    world.heap.run_until(end_s + 1.0)
    world.link.recorder.finish(end_s + 1.0)
    world.link.recorder = None
    world.heap.run_until(end_s + 5.0)
    return b"".join(blocks), world.outcome()
