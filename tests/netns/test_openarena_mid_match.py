"""What a player does to the tunnel in the middle of a live match of OpenArena: take it over, leave when it is over."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.cli.exit_codes import ExitCode
from plg.lab.product import PLG
from support import openarena
from support.booster_world import BoosterWorld, booster_world, network_state
from support.openarena import OpenArenaClient, OpenArenaServer, PacketFaults
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.game, pytest.mark.timeout(300)]

NO_FAULTS = PacketFaults(lost=0, late_or_doubled=0)
SMALLEST_RATE_PER_S = 55
"""The game sends 63 packets a second."""

DROPPED_S = 3.0
"""Long enough that the server's `status` shows 999 for a player whom it no longer hears."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    for binary in openarena.BINARIES:
        require_binary(binary)
    with booster_world(tmp_path / "plg") as built:
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


@pytest.mark.parametrize("capture", ["divert", "tun"])
def test_a_live_match_is_taken_over_at_once_and_the_player_who_is_dropped_joins_again_without_waiting(
    world: BoosterWorld, game_server: OpenArenaServer, tmp_path: Path, capture: str
) -> None:
    """OpenArena knows a player by the address (`address_change` of its profile), so it no longer hears the one who moved."""
    player = join(world, tmp_path / "player")
    before = network_state(world.client)
    connection = world.player.connect("openarena", "--capture", capture, "--take-over")
    straight, relayed = world.counter.packets("straight"), world.counter.packets("relayed")
    time.sleep(DROPPED_S)
    assert straight > 0
    assert world.counter.packets("straight") == straight
    assert world.counter.packets("relayed") - relayed > DROPPED_S * SMALLEST_RATE_PER_S
    assert [flow.route for flow in world.player.status().flows] == ["relay"]
    dropped = game_server.player(player.name)
    assert (dropped.address, dropped.ping_ms) == (world.client.ipv4, openarena.UNHEARD_PING_MS)

    player.join_again(world.game.ipv4)
    joined_faults = game_server.faults(), player.faults()
    relayed = world.counter.packets("relayed")
    time.sleep(20)
    assert world.counter.packets("relayed") - relayed > 20 * SMALLEST_RATE_PER_S
    assert game_server.player(player.name).address == world.relay_host.ipv4
    assert (game_server.faults(), player.faults()) == joined_faults
    assert world.counter.packets("straight") == straight

    player.quit()
    assert world.player.disconnect("--wait").disconnected
    assert connection.process.wait(timeout=15) == 0
    assert network_state(world.client) == before


def test_a_wish_to_leave_waits_until_the_live_match_is_over_and_the_match_does_not_notice(
    world: BoosterWorld, game_server: OpenArenaServer, tmp_path: Path
) -> None:
    before = network_state(world.client)
    connection = world.player.connect("openarena", "--capture", "divert")
    player = join(world, tmp_path / "player")
    time.sleep(2)
    refused = world.player.plg("disconnect", "--json", check=False)
    assert refused.exit_code == ExitCode.BUSY
    assert json.loads(refused.stderr)["error"]["code"] == "match_live"

    answer = tmp_path / "disconnect.json"
    started_s = time.monotonic()
    with answer.open("wb") as out:
        waiting = world.client.spawn([*PLG, "disconnect", "--wait", "--json"], env=world.player.environment, stdout=out)
    relayed = world.counter.packets("relayed")
    time.sleep(20)
    assert waiting.poll() is None
    assert connection.process.poll() is None
    assert world.counter.packets("relayed") - relayed > 20 * SMALLEST_RATE_PER_S
    assert game_server.player(player.name).address == world.relay_host.ipv4
    assert (game_server.faults(), player.faults()) == (NO_FAULTS, NO_FAULTS)

    player.quit()
    played_s = time.monotonic() - started_s
    assert waiting.wait(timeout=30) == 0
    assert connection.process.wait(timeout=15) == 0
    left = json.loads(answer.read_text())
    print(f"{left}; the match went on for {played_s:.1f} s")
    assert (left["disconnected"], left["was_live"]) == (True, True)
    assert left["waited_s"] > 20
    assert world.counter.packets("straight") == 0
    assert network_state(world.client) == before
    assert world.client.process_ids() == []
