"""Everything that goes wrong on a path or at a relay, in each mode, with what is promised about it (protocol design, sections 4.2 and 7).

Round trips are 44 ms straight and 48 ms through the transit. In every cell the game sees one source (but for a logged switch of the
exit) and no packet twice, and so does the player.
"""

from dataclasses import dataclass, field

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.game import AddressPolicy, GameTraffic
from plg.lab.simulation.lines import BurstsInTime, LineModel, Step
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.world import Outcome, World
from plg.protocol.redundancy import Redundancy, RedundancyMode

AT_S = 14.0
"""Past the first ten seconds, in which the adaptive mode plays safe."""
SECONDS = 24.0
CLEAN = LineModel(impairment=Impairment(delay_ms=20))
MESH = LineModel(impairment=Impairment(delay_ms=4))
OFF, REDUNDANT, ADAPTIVE = RedundancyMode
MODES = tuple(RedundancyMode)


@dataclass(frozen=True)
class Fault:
    """What happens, and how long the game may hear nothing, in milliseconds by mode; `lost_percent` bounds the loss likewise."""

    name: str
    events: tuple[Event, ...] = ()
    first: LineModel = CLEAN
    second: LineModel = CLEAN
    down: LineModel | None = None
    """Of path 0; as up when None."""
    silence_ms: dict[RedundancyMode, float] = field(default_factory=dict)
    lost_percent: dict[RedundancyMode, float] = field(default_factory=dict)


def lossy(percent: float) -> LineModel:
    return LineModel(impairment=Impairment(delay_ms=20, loss_percent=percent))


def bursty(burst_ms: float) -> LineModel:
    return LineModel(impairment=Impairment(delay_ms=20), bursts=BurstsInTime(loss_percent=1, mean_burst_ms=burst_ms))


def restart(after_s: float) -> tuple[Event, ...]:
    return Event(AT_S, Act.KILL_RELAY, "exit"), Event(AT_S + after_s, Act.START_RELAY, "exit")


def in_all(value: float) -> dict[RedundancyMode, float]:
    return dict.fromkeys(MODES, value)


NOTHING_LOST = in_all(0.0)
FAULTS = [
    Fault("1 % loss", first=lossy(1), second=lossy(1), lost_percent={OFF: 2.0, REDUNDANT: 0.2, ADAPTIVE: 1.0}),
    Fault("5 % loss", first=lossy(5), second=lossy(5), lost_percent={OFF: 8.0, REDUNDANT: 0.8, ADAPTIVE: 2.0}),
    Fault("bursts of 10 ms", first=bursty(10), second=bursty(10), lost_percent={OFF: 4.0, REDUNDANT: 0.3, ADAPTIVE: 2.5}),
    Fault("bursts of 20 ms", first=bursty(20), second=bursty(20), lost_percent={OFF: 4.0, REDUNDANT: 0.4, ADAPTIVE: 3.0}),
    Fault("bursts of 50 ms", first=bursty(50), second=bursty(50), lost_percent={OFF: 5.0, REDUNDANT: 0.5, ADAPTIVE: 4.0}),
    Fault("loss up only", first=lossy(5), down=CLEAN, lost_percent={OFF: 8.0, REDUNDANT: 0.1, ADAPTIVE: 3.0}),
    Fault("loss down only", first=CLEAN, down=lossy(5), lost_percent={OFF: 8.0, REDUNDANT: 0.1, ADAPTIVE: 3.0}),
    Fault("round trip grows by 80 ms", first=LineModel(impairment=Impairment(delay_ms=20), steps=(Step(AT_S, Impairment(delay_ms=60)),)), silence_ms=in_all(120), lost_percent=NOTHING_LOST),
    Fault("the straight path swallows everything", (Event(AT_S, Act.BLACKHOLE, "0"),), silence_ms={OFF: 700, REDUNDANT: 60, ADAPTIVE: 700}, lost_percent={OFF: 3.5, REDUNDANT: 0.0, ADAPTIVE: 3.5}),
    Fault("the second path swallows everything", (Event(AT_S, Act.BLACKHOLE, "1"),), silence_ms=in_all(60), lost_percent=NOTHING_LOST),
    Fault("the transit is killed", (Event(AT_S, Act.KILL_RELAY, "transit"),), silence_ms=in_all(60), lost_percent=NOTHING_LOST),
    Fault("the transit restarts", (Event(AT_S, Act.KILL_RELAY, "transit"), Event(AT_S + 1, Act.START_RELAY, "transit")), silence_ms=in_all(60), lost_percent=NOTHING_LOST),
    Fault("the exit's process restarts after 0.3 s", restart(0.3), silence_ms=in_all(600)),
    Fault("the exit's process restarts after 2 s", restart(2.0), silence_ms=in_all(2300)),
    Fault("the exit's process restarts after 5 s", restart(5.0), silence_ms=in_all(5300)),
    Fault("the address translation changes", (Event(AT_S, Act.FRESH_PORT, "0"), Event(AT_S + 3, Act.FRESH_PORT, "1")), silence_ms=in_all(44 + 50 + 20), lost_percent=in_all(0.5)),
    Fault("another network", (Event(AT_S, Act.ROAM, "wlan0"),), silence_ms=in_all(44 + 50 + 20), lost_percent=in_all(0.5)),
    Fault("the exit drains", (Event(AT_S, Act.DRAIN),), silence_ms=in_all(60), lost_percent=NOTHING_LOST),
    Fault("everything near the player is dead for 3 s", (Event(AT_S, Act.OUTAGE), Event(AT_S + 3, Act.OUTAGE_OVER)), silence_ms=in_all(3000 + 600)),
]  # fmt: skip


def played(fault: Fault, mode: RedundancyMode) -> Outcome:
    paths = (
        PathModel(up=fault.first, down=fault.down or fault.first),
        PathModel(up=fault.second, down=fault.second, transit="transit", mesh=MESH),
    )
    scenario = Scenario(paths=paths, redundancy=Redundancy(mode), seconds=SECONDS, events=fault.events)
    return World(scenario).run()


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_costs_no_more_than_is_promised(fault: Fault, mode: RedundancyMode) -> None:
    outcome = played(fault, mode)
    assert len(outcome.sources) == 1
    assert (outcome.up.duplicates, outcome.down.duplicates, outcome.ignored_by_game) == (0, 0, 0)
    assert outcome.egress_switches == []
    if mode in fault.silence_ms:
        assert max(outcome.up.longest_silence_ms, outcome.down.longest_silence_ms) <= fault.silence_ms[mode]
    if mode in fault.lost_percent:
        assert max(outcome.up.loss_percent, outcome.down.loss_percent) <= fault.lost_percent[mode]


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize(
    ("policy", "hold_s", "most_ms"), [(AddressPolicy.AGILE, 0.3, 1000), (AddressPolicy.BOUND, 3.0, 4200)], ids=str
)
def test_the_exits_host_is_gone_and_its_standby_carries_after_one_logged_switch(
    mode: RedundancyMode, policy: AddressPolicy, hold_s: float, most_ms: float
) -> None:
    paths = (PathModel(up=CLEAN, down=CLEAN), PathModel(up=CLEAN, down=CLEAN, transit="transit", mesh=MESH))
    scenario = Scenario(
        paths=paths,
        redundancy=Redundancy(mode),
        standby=PathModel(up=CLEAN, down=CLEAN),
        hold_s=hold_s,
        traffic=GameTraffic(
            address_policy=AddressPolicy.AGILE
        ),  # what a bound game does with the new address is its own affair
        events=(Event(AT_S, Act.VANISH_HOST, "exit"),),
        seconds=SECONDS,
    )
    outcome = World(scenario).run()
    assert len(outcome.egress_switches) == 1
    assert len(outcome.sources) == 2
    assert outcome.up.longest_silence_ms <= most_ms, policy
    assert outcome.down.longest_silence_ms <= most_ms + 50
    assert (outcome.up.duplicates, outcome.down.duplicates) == (0, 0)


def test_the_exit_and_everything_else_gone_is_an_outage_and_switches_nothing() -> None:
    scenario = Scenario(
        paths=(PathModel(up=CLEAN, down=CLEAN),),
        standby=PathModel(up=CLEAN, down=CLEAN),
        hold_s=0.3,
        events=(Event(AT_S, Act.KILL_RELAY, "exit"), Event(AT_S, Act.KILL_RELAY, "standby")),
        seconds=SECONDS,
    )
    outcome = World(scenario).run()
    assert outcome.egress_switches == []
    assert len(outcome.sources) == 1


@pytest.mark.parametrize("number", range(10))
def test_a_path_that_dies_at_any_moment_is_left_within_a_second_in_single_mode(number: int) -> None:
    slow = LineModel(impairment=Impairment(delay_ms=46, jitter_ms=2))
    paths = (PathModel(up=slow, down=slow), PathModel(up=slow, down=slow, transit="transit", mesh=MESH))
    death = (Event(5.0 + number * 0.027, Act.BLACKHOLE, "0"),)
    outcome = World(Scenario(paths=paths, events=death, seconds=10, seed=number + 1)).run()
    assert max(outcome.up.longest_silence_ms, outcome.down.longest_silence_ms) <= 1000
