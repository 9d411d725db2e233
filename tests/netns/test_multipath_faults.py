"""What a match through the booster survives, each promise with its number, against game servers that are strict about addresses.

The world is that of support/multipath_world.py, with three relays: exit, transit and standby exit.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.game_addresses import AddressPolicy
from plg.lab.game_packets import now_us
from support.fault_scenes import GAMES, SLACK_MS, boosted_match, play_on
from support.mock_match import unreachables
from support.multipath_world import MultipathWorld, multipath_world

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

STAY_S = 2.0
PATH_DEATH_MS = 700.0
"""R4: a dead path in single mode."""
RESTART_MS = 300.0
"""R5: the gap of a restarted relay process beyond the restart itself, which its spare process makes almost nothing."""

OUTAGE_S = 4.0
"""Long enough for every watch to see the exit silent, and shorter than game servers wait."""
BACK_MS = 1000.0
"""The session asks at least so often for a sign of life in an outage."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultipathWorld]:
    with multipath_world(tmp_path_factory.mktemp("plg"), GAMES) as built:
        yield built


def test_nothing_is_lost_or_doubled_while_either_way_of_two_dies(world: MultipathWorld, tmp_path: Path) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant") as scene:
        world.cut("client", scene.exit)
        play_on(STAY_S)
        without_straight = scene.match.seen()
        world.mend("client", scene.exit)
        world.wait_until("both ways again", lambda status: sum(path.state == "active" for path in status.paths) >= 2)
        assert scene.transit is not None
        world.cut_off(scene.transit)
        play_on(STAY_S)
        without_transit = scene.match.seen()
    for seen in (without_straight, without_transit):
        assert (seen.lost_up, seen.lost_down) == (0, 0)
        assert seen.flows == (True, True)
        assert seen.doubled == (0, 0)
        assert (len(seen.sources), seen.visits, seen.refused) == (1, 1, 0)
    assert without_transit.received_up > without_straight.received_up + 64
    assert scene.count("exit_switched") == 0


@pytest.mark.parametrize("mode", ["off", "adaptive"])
def test_a_dead_way_is_left_in_time_where_copies_do_not_hide_it(
    world: MultipathWorld, tmp_path: Path, mode: str
) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, mode) as scene:
        play_on(STAY_S)
        died_us = now_us()
        world.cut("client", scene.exit)
        play_on(STAY_S)
        seen = scene.match.seen()
        up_ms, down_ms = scene.match.gap_up_ms(died_us), scene.match.gap_down_ms(died_us)
    print(f"{mode}: nothing for {up_ms:.0f} ms up, {down_ms:.0f} ms down")
    assert max(up_ms, down_ms) <= PATH_DEATH_MS + SLACK_MS
    assert (len(seen.sources), seen.visits, seen.refused) == (1, 1, 0)
    assert seen.flows == (True, True)
    assert seen.doubled == (0, 0)
    assert scene.count("exit_switched") == 0


def test_a_killed_exit_process_is_the_same_player_to_the_game_server(world: MultipathWorld, tmp_path: Path) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant") as scene:
        before = unreachables(world.game)
        died_us = now_us()
        world.restart_relay_process(scene.exit)
        play_on(STAY_S)
        seen = scene.match.seen()
        up_ms, down_ms = scene.match.gap_up_ms(died_us), scene.match.gap_down_ms(died_us)
        refusals = unreachables(world.game) - before
    print(f"nothing for {up_ms:.0f} ms up, {down_ms:.0f} ms down; {refusals} ICMP")
    assert (len(seen.sources), seen.visits, seen.refused) == (1, 1, 0)
    assert refusals == 0
    assert seen.flows == (True, True)
    assert seen.doubled == (0, 0)
    assert max(up_ms, down_ms) <= RESTART_MS + SLACK_MS
    assert scene.count("exit_switched") == 0


def test_the_players_own_outage_is_no_reason_to_leave_the_exit(world: MultipathWorld, tmp_path: Path) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.AGILE, "redundant") as scene:
        world.cut_off("client")
        play_on(OUTAGE_S)
        back_us = now_us()
        world.mend_all("client")
        play_on(STAY_S)
        seen = scene.match.seen()
        back_ms = scene.match.gap_down_ms(back_us) - OUTAGE_S * 1000
    print(f"plays again {back_ms:.0f} ms after the network is back")
    assert scene.count("exit_switched") == 0
    assert (len(seen.sources), seen.visits, seen.refused) == (1, 1, 0)
    assert seen.flows == (True, True)
    assert seen.doubled == (0, 0)
    assert back_ms <= BACK_MS + SLACK_MS


def test_without_the_control_server_an_exit_that_restarts_goes_on_with_the_match(
    world: MultipathWorld, tmp_path: Path
) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant") as scene:
        world.cut_off("control")
        play_on(STAY_S)
        before = unreachables(world.game)
        died_us = now_us()
        world.restart_relay_process(scene.exit)
        play_on(STAY_S)
        seen = scene.match.seen()
        gap_ms = max(scene.match.gap_up_ms(died_us), scene.match.gap_down_ms(died_us))
        refusals = unreachables(world.game) - before
    print(f"nothing for {gap_ms:.0f} ms")
    assert seen.flows == (True, True)
    assert (len(seen.sources), seen.visits, seen.refused, refusals) == (1, 1, 0, 0)
    assert gap_ms <= RESTART_MS + SLACK_MS
    assert scene.count("exit_switched") == 0
