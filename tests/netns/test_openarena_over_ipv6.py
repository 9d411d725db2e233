"""OpenArena over IPv6 from end to end: the game's server has no IPv4 socket, and the relay is reached over either protocol."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import openarena
from support.booster_world import BoosterWorld, booster_world, network_state
from support.openarena import OpenArenaClient, OpenArenaServer, PacketFaults
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.game, pytest.mark.timeout(300)]

PLAY_S = 20.0
SMALLEST_RATE_PER_S = 55
"""The game sends 63 packets a second, the server 60."""

MOST_PING_MS = 20
"""The network has no delay; a player whom the server does not hear has 999."""

NO_FAULTS = PacketFaults(lost=0, late_or_doubled=0)


@pytest.fixture
def world(tmp_path: Path, relay_over_ipv6: bool) -> Iterator[BoosterWorld]:
    for binary in openarena.BINARIES:
        require_binary(binary)
    with booster_world(tmp_path / "plg", relay_over_ipv6=relay_over_ipv6) as built:
        built.counter.count_udp("tunnel", built.client, built.relay_host)
        yield built


@pytest.mark.parametrize(
    ("relay_over_ipv6", "capture"),
    [(True, "divert"), (False, "tun")],
    ids=["relay over IPv6, divert", "relay over IPv4, tun"],
)
def test_a_player_plays_on_a_server_that_speaks_only_ipv6(
    world: BoosterWorld, tmp_path: Path, capture: str, relay_over_ipv6: bool
) -> None:
    server = OpenArenaServer(world.lab, world.game, world.game.ipv6, tmp_path / "server")
    server.wait_until_ready()
    before = network_state(world.client)
    connection = world.player.connect("openarena", "--capture", capture)
    player = OpenArenaClient(
        world.lab, world.client, f"[{world.game.ipv6}]:{openarena.DEFAULT_PORT}", tmp_path / "player"
    )
    player.wait_until_playing()
    names = ("tunnel", "relayed", "relayed_back")
    counted = [world.counter.packets(name) for name in names]
    pings_ms = []
    until_s = time.monotonic() + PLAY_S
    while time.monotonic() < until_s:
        time.sleep(1)
        seen = server.player(player.name)
        assert seen.address == world.relay_host.ipv6
        pings_ms.append(seen.ping_ms or 0)
    carried = [world.counter.packets(name) - count for name, count in zip(names, counted, strict=True)]
    print(f"in {PLAY_S:g} s {dict(zip(names, carried, strict=True))}, pings {pings_ms} ms")
    assert min(carried) > PLAY_S * SMALLEST_RATE_PER_S
    assert statistics.median(pings_ms) <= MOST_PING_MS
    assert (server.faults(), player.faults()) == (NO_FAULTS, NO_FAULTS)
    assert world.counter.packets("straight") == 0
    status = world.player.status()
    assert [(flow.destination, flow.route) for flow in status.flows] == [
        (f"[{world.game.ipv6}]:{openarena.DEFAULT_PORT}", "relay")
    ]
    assert status.relay is not None
    assert status.relay.address.startswith("[") is relay_over_ipv6
    assert status.traffic is not None
    assert status.traffic.leaked == 0

    player.quit()
    assert world.player.disconnect("--wait").disconnected
    assert connection.process.wait(timeout=15) == 0
    assert network_state(world.client) == before
    assert world.client.process_ids() == []
