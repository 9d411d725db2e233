"""Whole matches in fake time: what the models build, carry out and count, with the real protocol code at both ends."""

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.game import AddressPolicy, GameTraffic
from plg.lab.simulation.lines import BurstsInTime, LineModel
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.world import Outcome, World
from plg.protocol.redundancy import Redundancy, RedundancyMode
from support.forwarder_host import ForwarderHost

CLEAN = LineModel(impairment=Impairment(delay_ms=20))
LOSSY = LineModel(impairment=Impairment(delay_ms=20, loss_percent=5))
MESH = LineModel(impairment=Impairment(delay_ms=4))
OFF, REDUNDANT, ADAPTIVE = (Redundancy(mode) for mode in RedundancyMode)


def two_paths(line: LineModel = CLEAN, redundancy: Redundancy = REDUNDANT, **rest: object) -> Scenario:
    """Straight, and through a transit."""
    paths = (PathModel(up=line, down=line), PathModel(up=line, down=line, transit="transit", mesh=MESH))
    return Scenario(paths=paths, redundancy=redundancy, **rest)  # type: ignore[arg-type]  # given by name in each test


def one_path(line: LineModel = CLEAN, **rest: object) -> Scenario:
    return Scenario(paths=(PathModel(up=line, down=line),), **rest)  # type: ignore[arg-type]  # given by name in each test


def play(scenario: Scenario) -> Outcome:
    return World(scenario).run()


def test_a_clean_match_over_one_path_arrives_whole_and_on_time() -> None:
    outcome = play(one_path(seconds=10))
    assert (outcome.up.lost, outcome.down.lost, outcome.uncarried) == (0, 0, 0)
    assert outcome.up.sent == 640
    assert outcome.up.p50_ms == pytest.approx(22)
    assert len(outcome.sources) == 1


def test_the_same_seed_gives_the_same_match_and_another_another() -> None:
    assert play(two_paths(LOSSY, seconds=5)) == play(two_paths(LOSSY, seconds=5))
    assert play(two_paths(LOSSY, OFF, seconds=5)).up.gaps != play(two_paths(LOSSY, OFF, seconds=5, seed=2)).up.gaps


def test_copies_over_a_transit_cure_the_loss_of_either_path() -> None:
    single, dual = play(two_paths(LOSSY, OFF, seconds=60)), play(two_paths(LOSSY, seconds=60))
    assert 3 < single.up.loss_percent < 7
    assert dual.up.loss_percent < 0.6
    assert dual.down.loss_percent < 0.6
    assert dual.saved_up > 100
    assert dual.total_bytes_up / single.total_bytes_up == pytest.approx(2.0, abs=0.15)
    assert (dual.up.duplicates, dual.down.duplicates, len(dual.sources)) == (0, 0, 1)


def test_two_interfaces_are_two_paths_to_the_exit() -> None:
    paths = (PathModel(up=LOSSY, down=LOSSY), PathModel(up=LOSSY, down=LOSSY, interface="lte0"))
    outcome = play(Scenario(paths=paths, redundancy=REDUNDANT, seconds=30))
    assert outcome.up.loss_percent < 0.6
    assert len(outcome.sources) == 1


def test_a_shared_last_mile_hits_both_paths() -> None:
    line = LineModel(impairment=Impairment(delay_ms=20), shared=("mile",))
    outcome = play(
        two_paths(
            line, seconds=120, shared={"mile": BurstsInTime(loss_percent=2, mean_burst_ms=2)}, traffic=GameTraffic()
        )
    )
    assert outcome.levels[-1].up == 3, "joint loss is answered with a staggered copy"


@pytest.mark.parametrize("make_relay", [None, ForwarderHost], ids=["model", "real relay"])
def test_killing_the_transit_loses_nothing_in_redundant_mode(make_relay: type[ForwarderHost] | None) -> None:
    scenario = two_paths(
        seconds=20, events=(Event(5, Act.KILL_RELAY, "transit"), Event(12, Act.START_RELAY, "transit"))
    )
    world = World(scenario) if make_relay is None else World(scenario, make_relay)
    outcome = world.run()
    assert (outcome.up.lost, outcome.down.lost) == (0, 0)
    assert len(outcome.sources) == 1


@pytest.mark.parametrize("path", ["0", "1"])
def test_a_path_that_swallows_everything_costs_nothing_in_redundant_mode(path: str) -> None:
    outcome = play(two_paths(seconds=15, events=(Event(5, Act.BLACKHOLE, path), Event(10, Act.OPEN, path))))
    assert (outcome.up.lost, outcome.down.lost) == (0, 0)


def test_a_dead_path_in_single_mode_costs_less_than_a_second() -> None:
    outcome = play(two_paths(CLEAN, OFF, seconds=15, events=(Event(5, Act.BLACKHOLE, "0"),)))
    assert 0 < outcome.up.longest_silence_ms < 1000
    assert 0 < outcome.down.longest_silence_ms < 1000


@pytest.mark.parametrize("make_relay", [None, ForwarderHost], ids=["model", "real relay"])
def test_the_exits_process_restarts_and_the_game_sees_the_same_source(make_relay: type[ForwarderHost] | None) -> None:
    scenario = two_paths(seconds=20, events=(Event(5, Act.KILL_RELAY, "exit"), Event(5.5, Act.START_RELAY, "exit")))
    world = World(scenario) if make_relay is None else World(scenario, make_relay)
    outcome = world.run()
    assert len(outcome.sources) == 1
    assert outcome.up.longest_silence_ms < 500 + 300 + 100


@pytest.mark.parametrize(
    ("hold_s", "policy", "most_ms"), [(0.3, AddressPolicy.AGILE, 1100), (3.0, AddressPolicy.AGILE, 4200)]
)
def test_an_exit_that_is_gone_is_left_for_the_standby_once(
    hold_s: float, policy: AddressPolicy, most_ms: float
) -> None:
    scenario = two_paths(
        seconds=20,
        standby=PathModel(up=CLEAN, down=CLEAN),
        hold_s=hold_s,
        traffic=GameTraffic(address_policy=policy),
        events=(Event(5, Act.VANISH_HOST, "exit"),),
    )
    outcome = play(scenario)
    assert len(outcome.egress_switches) == 1
    assert len(outcome.sources) == 2
    assert outcome.up.longest_silence_ms <= most_ms


def test_a_dead_network_at_home_switches_nothing() -> None:
    scenario = two_paths(
        seconds=25,
        standby=PathModel(up=CLEAN, down=CLEAN),
        events=(Event(5, Act.OUTAGE), Event(12, Act.OUTAGE_OVER)),
    )
    outcome = play(scenario)
    assert outcome.egress_switches == []
    assert len(outcome.sources) == 1
    assert outcome.up.longest_silence_ms < 7000 + 1500


def test_roaming_loses_nothing_on_the_way_up_and_a_moment_on_the_way_down() -> None:
    outcome = play(one_path(seconds=15, events=(Event(5, Act.ROAM, "wlan0"),)))
    assert outcome.up.lost == 0
    assert outcome.down.longest_silence_ms < 2 * 20 + 50 + 100
    assert len(outcome.sources) == 1


def test_a_mode_may_change_while_the_game_plays() -> None:
    outcome = play(two_paths(LOSSY, OFF, seconds=30, events=(Event(10, Act.CHANGE_MODE, "redundant"),)))
    assert [sample.up >= 2 for sample in outcome.levels][-1]
    assert outcome.up.lost > 0


def test_a_changed_port_is_followed() -> None:
    outcome = play(two_paths(seconds=10, events=(Event(3, Act.FRESH_PORT, "0"), Event(6, Act.FRESH_PORT, "1"))))
    assert (outcome.up.lost, outcome.down.lost) == (0, 0)


def test_a_revoked_session_ends_and_a_draining_relay_goes_on() -> None:
    world = World(two_paths(seconds=10, events=(Event(3, Act.DRAIN), Event(6, Act.REVOKE))))
    outcome = world.run()
    assert world.link.session.state.value in {"closed", "refused"}
    assert outcome.uncarried > 100
    assert 350 < outcome.up.delivered < 400


def test_adaptive_mode_on_a_clean_line_costs_little() -> None:
    single, adaptive = play(two_paths(CLEAN, OFF, seconds=240)), play(two_paths(CLEAN, ADAPTIVE, seconds=240))
    assert adaptive.total_bytes_up / single.total_bytes_up < 1.05
    assert adaptive.total_bytes_down / single.total_bytes_down < 1.05


@pytest.mark.parametrize(
    "wrong",
    [{"paths": ()}, {"paths": (PathModel(up=CLEAN, down=CLEAN, transit="t"),)}, {"seconds": 0.0}],
)
def test_a_match_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    given: dict[str, object] = {"paths": (PathModel(up=CLEAN, down=CLEAN),), **wrong}
    with pytest.raises(ValueError, match="a match"):
        Scenario(**given)  # type: ignore[arg-type]  # what the test is about
