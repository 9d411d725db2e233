"""An unmodified OpenArena match over two ways, while parts of the ways die under it: the player stays in."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml
from support import openarena
from support.multipath_world import MultipathWorld, multipath_world, wait_until_measured
from support.openarena import OpenArenaClient, OpenArenaServer
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.game, pytest.mark.timeout(400)]

PROFILE = games_toml("openarena", "OpenArena", ["{game}"], ["27960-27969"])
STAY_S = 6.0
RATE_PER_S = 63
"""Packets a second in the busier direction."""

RESTART_GAP_S = 1.5
"""What a killed relay process may cost on a busy machine; relay/README.md and benchmarks/ have the measured figure (0.1 s)."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MultipathWorld]:
    for binary in openarena.BINARIES:
        require_binary(binary)
    with multipath_world(tmp_path / "plg", PROFILE) as built:
        yield built


def test_the_player_stays_in_while_transit_way_and_exit_process_die(world: MultipathWorld, tmp_path: Path) -> None:
    target = f"{world.game.ipv4}:{openarena.DEFAULT_PORT}"
    wait_until_measured(world, "openarena", target)
    server = OpenArenaServer(world.lab, world.game, world.game.ipv4, tmp_path / "openarena-server")
    server.wait_until_ready()
    connection = world.player.connect("openarena", "--target", target, "--mode", "redundant")
    world.wait_until("two ways and a standby", _all_well)
    player = OpenArenaClient(world.lab, world.client, world.game.ipv4, tmp_path / "player", name="boosted")
    player.wait_until_playing()

    def is_in() -> bool:
        seen = next((row for row in server.players() if row.name == "boosted"), None)
        return seen is not None and world.name_of(seen.address) == "far"

    time.sleep(STAY_S)
    assert is_in()
    straight = world.counter.packets("straight")
    at_first = (server.faults(), player.faults())

    world.lab.stop(world.relays["near"].process)  # the transit
    time.sleep(STAY_S)
    assert is_in()
    assert (server.faults(), player.faults()) == at_first

    world.cut("client", "far")  # the straight way
    time.sleep(STAY_S)
    assert is_in()
    assert (server.faults(), player.faults()) == at_first
    assert world.player.status().state == "connected"

    world.mend("client", "far")
    time.sleep(STAY_S / 2)
    world.restart_relay_process("far")  # the exit
    time.sleep(STAY_S)
    assert is_in()
    for before, after in zip(at_first, (server.faults(), player.faults()), strict=True):
        assert after.lost - before.lost <= RESTART_GAP_S * RATE_PER_S
        assert after.late_or_doubled == before.late_or_doubled
    assert world.counter.packets("straight") == straight
    assert world.counter.packets("from_near") == 0
    assert world.counter.packets("from_spare") == 0

    player.quit()
    assert world.player.disconnect("--wait").disconnected
    assert connection.process.wait(timeout=15) == 0


def _all_well(status: object) -> bool:
    paths = getattr(status, "paths", [])
    active = [path for path in paths if path.state == "active"]
    standby = getattr(status, "standby", None)
    return len(active) >= 2 and standby is not None and standby.state == "ready"
