"""What several paths are worth: seeded matches in fake time, with the real protocol code of both ends.

Losses, latencies, bytes and gaps come from `plg.lab.simulation`, so they do not depend on the machine. What two paths cost a real
relay's processor, and a hundred dual-path sessions through two real relays, are in `multipath_relays`.
"""

import sys
from dataclasses import dataclass, replace

from benchmarks.figures import Report, percentile, start, talk
from plg.lab.impairment import Impairment
from plg.lab.simulation.lines import BurstsInTime, DelaySpikes, LineModel
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.world import Outcome, World
from plg.protocol.redundancy import Redundancy, RedundancyMode

LINE_MS = 20.0
"""One way, of either path next to the player: round trips of 44 and 52 ms, the second through a transit."""
MESH_MS = 4.0
PACKETS_PER_S = 64.0
LONG_S = 7_820.0
"""One million game packets, both ways together."""
SHARED_S = 2_000.0
"""A quarter of a million packets for each figure of bursts."""
SPIKES_S = 1_500.0
CLEAN_S = 600.0
DEATHS = 50
DEATH_AT_S = 12.0
AFTER_DEATH_S = 6.0

OFF, REDUNDANT, ADAPTIVE = (Redundancy(mode) for mode in RedundancyMode)


def line(**rest: object) -> LineModel:
    """A line next to the player."""
    return LineModel(impairment=Impairment(delay_ms=LINE_MS), **rest)  # type: ignore[arg-type]  # fields by name


MESH = LineModel(impairment=Impairment(delay_ms=MESH_MS))


def two_paths(first: LineModel, second: LineModel, redundancy: Redundancy, seconds: float, **rest: object) -> Scenario:
    """Straight, and through a transit."""
    paths = (PathModel(up=first, down=first), PathModel(up=second, down=second, transit="transit", mesh=MESH))
    return Scenario(paths=paths, redundancy=redundancy, seconds=seconds, **rest)  # type: ignore[arg-type]  # fields by name


def one_path(only: LineModel, seconds: float) -> Scenario:
    return Scenario(paths=(PathModel(up=only, down=only),), seconds=seconds)


@dataclass(frozen=True, slots=True)
class Residual:
    """Both directions together."""

    packets: int
    percent: float


def residual(outcome: Outcome) -> Residual:
    sent = outcome.up.sent + outcome.down.sent
    return Residual(sent, 100.0 * (outcome.up.lost + outcome.down.lost) / sent)


def play(scenario: Scenario) -> Outcome:
    outcome = World(scenario).run()
    if outcome.up.duplicates or outcome.down.duplicates or len(outcome.sources) != 1:
        raise RuntimeError(f"doubled packets or {len(outcome.sources)} sources at the game")
    return outcome


def independent_loss(report: Report) -> None:
    lossy = LineModel(impairment=Impairment(delay_ms=LINE_MS, loss_percent=1))
    single = residual(play(two_paths(lossy, lossy, OFF, 500)))
    found = residual(play(two_paths(lossy, lossy, REDUNDANT, LONG_S)))
    report.add("1 % independent loss on each path, one copy", single.percent, "percent")
    report.add(
        "1 % independent loss on each path, redundant, residual",
        found.percent,
        "percent",
        target=0.03,
        note=f"{found.packets:,} packets",
    )


def shared_loss(report: Report) -> None:
    for burst_ms, target in ((10.0, 0.12), (20.0, 0.30)):
        own = BurstsInTime(loss_percent=0.5, mean_burst_ms=burst_ms)
        hurt = line(bursts=own, shared=("mile",))
        scenario = two_paths(hurt, hurt, REDUNDANT, SHARED_S, shared={"mile": own})
        found, outcome = residual(play(scenario)), play(replace(scenario, redundancy=OFF, seconds=300))
        report.add(f"half of 1 % shared, {burst_ms:g} ms bursts, one copy", residual(outcome).percent, "percent")
        report.add(
            f"half of 1 % shared, {burst_ms:g} ms bursts, redundant (staggers by itself)",
            found.percent,
            "percent",
            target=target,
            note=f"{found.packets:,} packets",
        )


def tail_latency(report: Report) -> None:
    spiky = line(spikes=DelaySpikes(every_s=10, height_ms=150, hold_ms=200))
    single = play(one_path(spiky, SPIKES_S))
    dual = play(two_paths(spiky, line(), REDUNDANT, SPIKES_S))
    for name, alone, both in (("up", single.up, dual.up), ("down", single.down, dual.down)):
        if alone.p999_ms is None or both.p999_ms is None:
            raise RuntimeError("nothing arrived")
        report.add(f"spikes on one path, p99.9 {name}, single path", alone.p999_ms, "ms")
        report.add(f"spikes on one path, p99.9 {name}, two paths", both.p999_ms, "ms")
        report.add(
            f"p99.9 {name}, single over two paths", alone.p999_ms / both.p999_ms, "times", target=3.0, most=False
        )


def cost(report: Report) -> None:
    clean = line()
    single, dual, adaptive = (play(two_paths(clean, clean, mode, CLEAN_S)) for mode in (OFF, REDUNDANT, ADAPTIVE))
    for name, measured, target in (("redundant", dual, 2.2), ("adaptive on a clean link", adaptive, 1.05)):
        ratio = max(
            measured.total_bytes_up / single.total_bytes_up, measured.total_bytes_down / single.total_bytes_down
        )
        report.add(f"bytes of {name} over one copy's, the dearer direction", ratio, "times", target=target)


def deaths(report: Report) -> None:
    """A path dies: at another moment of the ping's rhythm each time, round trips up to 100 ms."""
    silences, lost, events = [], 0, 0
    for number in range(DEATHS):
        delay_ms = 5.0 + 43.0 * (number % 10) / 9
        healthy = LineModel(impairment=Impairment(delay_ms=delay_ms, jitter_ms=min(2.0, delay_ms)))
        death = (Event(DEATH_AT_S + number * 0.0137, Act.BLACKHOLE, "0"),)
        seconds = DEATH_AT_S + AFTER_DEATH_S
        for redundancy in (OFF, REDUNDANT):
            outcome = play(two_paths(healthy, healthy, redundancy, seconds, events=death, seed=number + 1))
            if redundancy is OFF:
                silences += [outcome.up.longest_silence_ms, outcome.down.longest_silence_ms]
            else:
                lost += outcome.up.lost + outcome.down.lost
                events += 1
    report.add("path death, one copy, silence, p95", percentile(silences, 95), "ms", target=700)
    report.add("path death, one copy, silence, longest", max(silences), "ms", target=1000)
    report.add("path death, redundant, lost in all", lost, "packets", target=0, note=f"{events} deaths")


def transit_deaths(report: Report) -> None:
    """The process of the transit is killed, and comes back three seconds later."""
    lost = 0
    for number in range(DEATHS):
        at_s = 3.0 + number * 0.0137
        events = (Event(at_s, Act.KILL_RELAY, "transit"), Event(at_s + 3.0, Act.START_RELAY, "transit"))
        outcome = play(two_paths(line(), line(), REDUNDANT, 9.0, events=events, seed=number + 1))
        lost += outcome.up.lost + outcome.down.lost
    report.add("transit killed, redundant, lost in all", lost, "packets", target=0, note=f"{DEATHS} deaths")


def main() -> bool:
    report = start("multipath", "losses, latencies, bytes and gaps of several paths, in fake time")
    for part in (independent_loss, shared_loss, tail_latency, cost, deaths, transit_deaths):
        talk(part.__name__)
        part(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
