"""The exit's host is gone: one switch to the standby, after a hold that the game's rule about addresses decides.

No protocol keeps an address whose host is dead. What is promised: a game that can follow is carried on at once and stays the same
player; for one that cannot, the exit is waited for as long as it makes sense, and the new address is plain to see.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.game_addresses import AddressPolicy
from plg.lab.game_packets import now_us
from support.fault_scenes import GAMES, SLACK_MS, boosted_match, play_on
from support.multipath_world import MultipathWorld, multipath_world

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

AGILE_MS = 1000.0
"""R6: from the exit's death until the standby carries, for games that follow."""
STRICT_MS = 4200.0
"""R6: the same for games that know a player by his address."""
HAND_SHAKE_MS = 200.0
"""What such a game's own hand-shake takes over this way: two round trips of 34 ms and its ticks."""
HOLD_MS = 3000.0
STAY_S = 2.0
SHORT_OUTAGE_S = 2.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultipathWorld]:
    with multipath_world(tmp_path_factory.mktemp("plg"), GAMES) as built:
        yield built


@pytest.mark.parametrize("policy", [AddressPolicy.AGILE, AddressPolicy.SDR])
def test_a_game_that_follows_is_carried_on_as_the_same_player(
    world: MultipathWorld, tmp_path: Path, policy: AddressPolicy
) -> None:
    with boosted_match(world, tmp_path, policy, "redundant") as scene:
        died_us = now_us()
        world.cut_off(scene.exit)
        play_on(AGILE_MS / 1000 + STAY_S)
        seen = scene.match.seen()
        silence_ms, gap_ms = scene.match.silence_up_ms(died_us), scene.match.gap_down_ms(died_us)
    print(f"{policy.value}: carried after {silence_ms:.0f} ms, in the match after {gap_ms:.0f} ms")
    assert [event["detail"]["to"] for event in scene.events("exit_switched")] == [scene.standby]
    assert scene.hosts_seen(seen.sources) == {scene.exit, scene.standby}
    assert scene.hosts_seen((seen.address,)) == {scene.standby}
    assert (len(seen.sources), seen.visits, seen.moves) == (2, 1, 1)
    assert silence_ms <= AGILE_MS + SLACK_MS
    assert gap_ms <= AGILE_MS + HAND_SHAKE_MS + SLACK_MS
    assert seen.flows == (True, True)
    assert seen.doubled == (0, 0)


@pytest.mark.parametrize("policy", [AddressPolicy.BOUND, AddressPolicy.PORT_ONLY])
def test_for_a_game_that_does_not_follow_the_exit_is_waited_for_and_the_change_is_no_secret(
    world: MultipathWorld, tmp_path: Path, policy: AddressPolicy
) -> None:
    with boosted_match(world, tmp_path, policy, "redundant") as scene:
        before = scene.match.seen()
        world.cut_off(scene.exit)
        play_on(SHORT_OUTAGE_S)
        world.mend_all(scene.exit)
        play_on(STAY_S)
        rescued = scene.match.seen()
        assert scene.count("exit_switched") == 0
        assert rescued.flows == (True, True)
        assert rescued.sources == before.sources
        assert (rescued.visits, rescued.refused, rescued.doubled) == (1, 0, (0, 0))
        assert rescued.received_down > before.received_down + 64

        died_us = now_us()
        world.cut_off(scene.exit)
        play_on(STRICT_MS / 1000 + STAY_S)
        seen = scene.match.seen()
        silence_ms = scene.match.silence_up_ms(died_us)
    print(f"{policy.value}: carried after {silence_ms:.0f} ms")
    assert [event["detail"]["to"] for event in scene.events("exit_switched")] == [scene.standby]
    assert scene.hosts_seen(seen.sources) == {scene.exit, scene.standby}
    assert seen.refused > 0
    assert seen.moves == 0
    assert HOLD_MS <= silence_ms <= STRICT_MS + SLACK_MS
