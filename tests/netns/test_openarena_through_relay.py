"""The main job: an unmodified OpenArena client plays on its unmodified server through a real relay."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml
from support import openarena
from support.booster_world import BoosterWorld, booster_world, network_state
from support.openarena import OpenArenaClient, OpenArenaServer, PacketFaults
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.game, pytest.mark.timeout(400)]

PLAY_S = 30.0
"""The promise: at least 30 s."""

STRAIGHT_S = 12.0
"""Long enough for a median of the straight ping."""

MAX_PING_RISE_MS = 2.0
SMALLEST_RATE_PER_S = 55
"""The game sends 63 packets a second, the server 60."""

NO_FAULTS = PacketFaults(lost=0, late_or_doubled=0)

GAMES = games_toml("openarena", "OpenArena", ["{game}"], ["27960-27969"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    for binary in openarena.BINARIES:
        require_binary(binary)
    with booster_world(tmp_path / "plg", GAMES) as built:
        yield built


@pytest.fixture
def game_server(world: BoosterWorld, tmp_path: Path) -> OpenArenaServer:
    server = OpenArenaServer(world.lab, world.game, world.game.ipv4, tmp_path / "openarena-server")
    server.wait_until_ready()
    return server


def join(world: BoosterWorld, folder: Path) -> OpenArenaClient:
    player = OpenArenaClient(world.lab, world.client, world.game.ipv4, folder)
    player.wait_until_playing()
    return player


def sample_pings_ms(server: OpenArenaServer, player: OpenArenaClient, seconds: float) -> list[int]:
    """One ping a second; the player must be in at every one."""
    pings_ms = []
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        time.sleep(1)
        ping_ms = server.quakestat_ping_ms(player.name)
        assert ping_ms is not None, "the player is still in"
        pings_ms.append(ping_ms)
    return pings_ms


def seen_address(server: OpenArenaServer, player: OpenArenaClient) -> str:
    return next(seen.address for seen in server.players() if seen.name == player.name)


@pytest.mark.parametrize("capture", ["divert", "tun"])
def test_a_player_plays_through_the_relay_and_nothing_is_lost_leaked_or_left_behind(
    world: BoosterWorld, game_server: OpenArenaServer, tmp_path: Path, capture: str
) -> None:
    straight = join(world, tmp_path / "straight")
    straight_pings_ms = sample_pings_ms(game_server, straight, STRAIGHT_S)
    assert seen_address(game_server, straight) == world.client.ipv4
    straight.quit()
    before = network_state(world.client)

    connection = world.player.connect("openarena", "--capture", capture)
    went_straight = world.counter.packets("straight")
    relayed, relayed_back = world.counter.packets("relayed"), world.counter.packets("relayed_back")
    player = join(world, tmp_path / "boosted")
    pings_ms = sample_pings_ms(game_server, player, PLAY_S)

    assert seen_address(game_server, player) == world.relay_host.ipv4
    assert world.counter.packets("straight") == went_straight
    assert world.counter.packets("relayed") - relayed > PLAY_S * SMALLEST_RATE_PER_S
    assert world.counter.packets("relayed_back") - relayed_back > PLAY_S * SMALLEST_RATE_PER_S
    assert game_server.faults() == NO_FAULTS
    assert player.faults() == NO_FAULTS
    assert statistics.median(pings_ms) - statistics.median(straight_pings_ms) <= MAX_PING_RISE_MS
    status = world.player.status()
    assert (status.state, status.capture, status.game) == ("connected", capture, "openarena")
    assert status.traffic is not None
    assert status.traffic.leaked == 0

    player.quit()
    assert world.player.disconnect("--wait").disconnected
    assert connection.process.wait(timeout=15) == 0
    assert network_state(world.client) == before
    assert world.client.process_ids() == []


def test_a_match_that_runs_already_stays_direct_until_it_ends(
    world: BoosterWorld, game_server: OpenArenaServer, tmp_path: Path
) -> None:
    player = join(world, tmp_path / "running")
    world.player.connect("openarena", "--capture", "divert")
    relayed = world.counter.packets("relayed")
    sample_pings_ms(game_server, player, 10)
    assert seen_address(game_server, player) == world.client.ipv4
    assert world.counter.packets("relayed") == relayed
    assert (game_server.faults(), player.faults()) == (NO_FAULTS, NO_FAULTS)
    assert "direct" in {flow.route for flow in world.player.status().flows}
    player.quit()

    second = join(world, tmp_path / "next")
    assert seen_address(game_server, second) == world.relay_host.ipv4
    second.quit()
    world.player.disconnect("--now")
