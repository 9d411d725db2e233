"""Packaged games with full datagrams and several sockets, unchanged, with the profiles as they come: Teeworlds and DDNet."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.contract.cli_output import StatusDocument
from plg.lab.product import Connection
from support import ddnet, teeworlds
from support.booster_world import BoosterWorld, booster_world, network_state
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.game, pytest.mark.timeout(300)]

STAY_S = 20.0
LARGE_BYTES = teeworlds.LARGE_PAYLOAD_BYTES
SMALLEST_RATE_PER_S = 10
"""A tee that stands still sends its input about 20 times a second, and the server 25 snapshots; a starved game sends fewer."""

BATCHES = 3


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    for binary in (*teeworlds.BINARIES, *ddnet.BINARIES):
        require_binary(binary)
    with booster_world(tmp_path / "plg") as built:
        built.counter.count_udp("large_up", built.relay_host, built.game, payload_at_least=LARGE_BYTES)
        built.counter.count_udp("large_down", built.game, built.relay_host, payload_at_least=LARGE_BYTES)
        yield built


def stay(world: BoosterWorld) -> StatusDocument:
    """Plays on; both ways keep their rate. Returns what the product says of itself at the end."""
    names = ("relayed", "relayed_back")
    before = [world.counter.packets(name) for name in names]
    time.sleep(STAY_S)
    carried = [world.counter.packets(name) - count for name, count in zip(names, before, strict=True)]
    print(f"packets in {STAY_S:g} s up and down: {carried}")
    assert min(carried) > STAY_S * SMALLEST_RATE_PER_S
    return world.player.status()


def assert_nothing_went_past_the_relay(world: BoosterWorld, status: StatusDocument) -> None:
    assert world.counter.packets("straight") == 0
    assert world.counter.packets("straight_back") == 0
    assert status.traffic is not None
    assert (status.traffic.leaked, status.traffic.dropped) == (0, {})


def relayed_ports(world: BoosterWorld, status: StatusDocument, port: int) -> set[int]:
    """The game's own ports from which the tunnel carries packets to the game's server."""
    server = f"{world.game.ipv4}:{port}"
    return {flow.local_port for flow in status.flows if flow.destination == server and flow.route == "relay"}


def leave(world: BoosterWorld, connection: Connection, before: dict[str, str]) -> None:
    assert world.player.disconnect("--wait").disconnected
    assert connection.process.wait(timeout=15) == 0
    assert network_state(world.client) == before
    assert world.client.process_ids() == []


@pytest.mark.parametrize("capture", ["divert", "tun"])
def test_teeworlds_fetches_a_map_in_datagrams_of_1395_bytes_and_plays_on(
    world: BoosterWorld, tmp_path: Path, capture: str
) -> None:
    server = teeworlds.TeeworldsServer(world.game, tmp_path / "server")
    server.wait_until_ready()
    before = network_state(world.client)
    connection = world.player.connect("teeworlds", "--capture", capture)
    player = teeworlds.TeeworldsPlayer(world.lab, world.client, world.game.ipv4, tmp_path / "player")
    player.wait_until_playing(server)
    large = world.counter.packets("large_down")
    status = stay(world)
    print(f"{large} datagrams of {LARGE_BYTES} bytes and more came down")
    assert large >= teeworlds.LARGE_PAYLOADS
    [fetched] = player.fetched_maps()
    assert fetched.read_bytes() == server.map_file.read_bytes()
    assert server.addresses() == [world.relay_host.ipv4]
    assert server.departures() == []
    assert len(relayed_ports(world, status, teeworlds.DEFAULT_PORT)) == 1
    assert_nothing_went_past_the_relay(world, status)

    player.quit()
    server.wait_for(lambda _: server.departures() == [""], "player's farewell reaches the server", 10)
    leave(world, connection, before)


@pytest.mark.parametrize("capture", ["divert", "tun"])
def test_ddnet_plays_two_tees_over_three_sockets_and_sends_full_datagrams(
    world: BoosterWorld, tmp_path: Path, capture: str
) -> None:
    server = ddnet.DdnetServer(world.game, tmp_path / "server")
    server.wait_until_ready()
    before = network_state(world.client)
    connection = world.player.connect("ddnet", "--capture", capture)
    player = ddnet.DdnetPlayer(world.lab, world.client, world.game.ipv4, tmp_path / "player")
    server.wait_for_tees(1)
    player.bring_the_second_tee()
    server.wait_for_tees(2)
    player.become_administrator(server)
    lines = ddnet.dense_lines(BATCHES * ddnet.MOST_LINES)
    for batch in range(BATCHES):
        player.command(lines[batch * ddnet.MOST_LINES : (batch + 1) * ddnet.MOST_LINES])
        server.wait_for_commands((batch + 1) * ddnet.MOST_LINES)
    status = stay(world)
    print(f"{world.counter.packets('large_up')} datagrams of {LARGE_BYTES} bytes and more went up")
    assert server.commands() == lines
    assert world.counter.packets("large_up") >= BATCHES
    tees = server.tees(2)
    assert [tee.address for tee in tees] == [world.relay_host.ipv4] * 2
    assert len({tee.port for tee in tees}) == 2
    # One for each tee, and a third with which the game asks the server for its state.
    assert len(player.udp_ports()) == 3
    assert relayed_ports(world, status, ddnet.DEFAULT_PORT) == player.udp_ports()
    assert server.departures() == []
    assert_nothing_went_past_the_relay(world, status)

    player.quit()
    server.wait_for(lambda _: len(server.departures()) == 2, "both farewells reach the server", 10)
    leave(world, connection, before)
