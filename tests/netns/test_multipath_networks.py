"""The player's own side changes under a match: an address translation, a network, one of two links."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plg.lab.game_addresses import AddressPolicy
from plg.lab.game_packets import now_us
from plg.lab.namespaces import Host, Link
from support.fault_scenes import GAMES, SLACK_MS, Scene, boosted_match, play_on
from support.multipath_world import RELAY_PORT, MultipathWorld, multipath_world

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

STAY_S = 2.0
ROAM_GAP_MS = 50.0
"""R11: what a changed address may cost downwards, beyond one round trip."""
ROUND_TRIP_MS = 24.0
"""To the exit or to the relay that replaced it, at most."""
ROUTE_LOOK_MS = 2000.0
"""How often the client asks the kernel which address it would use now; nothing tells it sooner that the old one is gone."""
WAY_GONE_MS = 700.0
"""R4, on the new network's own ways."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultipathWorld]:
    with multipath_world(tmp_path_factory.mktemp("plg"), GAMES, client_has_two_links=True) as built:
        yield built


def test_a_changed_address_translation_loses_nothing_upwards(world: MultipathWorld, tmp_path: Path) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "off") as scene:
        changed_us = now_us()
        with other_ports_at_the_router(scene):
            play_on(STAY_S)
            seen = scene.match.seen()
            up_ms, down_ms = scene.match.gap_up_ms(changed_us), scene.match.gap_down_ms(changed_us)
    print(f"lost {seen.lost_up} up, {seen.lost_down} down; nothing for {up_ms:.0f} ms up, {down_ms:.0f} ms down")
    assert seen.lost_up == 0
    assert down_ms <= ROUND_TRIP_MS + ROAM_GAP_MS + SLACK_MS
    assert seen.flows == (True, True)
    assert (len(seen.sources), seen.visits, seen.refused, seen.doubled) == (1, 1, 0, (0, 0))


def test_another_network_address_is_the_same_player_to_the_game_server(world: MultipathWorld, tmp_path: Path) -> None:
    client = world.client
    prefix, _, _ = client.ipv4.rpartition(".")
    client.write_sysctl("net/ipv4/conf/all/promote_secondaries", "1")
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant") as scene:
        changed_us = now_us()
        move_address(client, client.ipv4, f"{prefix}.3")
        try:
            play_on(ROUTE_LOOK_MS / 1000 + STAY_S)
            seen = scene.match.seen()
            gap_ms = max(scene.match.gap_up_ms(changed_us), scene.match.gap_down_ms(changed_us))
        finally:
            move_address(client, f"{prefix}.3", client.ipv4)
    print(f"nothing for {gap_ms:.0f} ms")
    assert gap_ms <= ROUTE_LOOK_MS + WAY_GONE_MS + SLACK_MS
    assert seen.flows == (True, True)
    assert (len(seen.sources), seen.visits, seen.refused, seen.doubled) == (1, 1, 0, (0, 0))
    assert scene.count("exit_switched") == 0


def test_of_two_links_either_may_be_pulled(world: MultipathWorld, tmp_path: Path) -> None:
    link = world.client.more_links[0]
    # As network managers do: no route leads over a link without a carrier.
    world.client.write_sysctl("net/ipv4/conf/all/ignore_routes_with_linkdown", "1")
    via = ("--via", f"{world.client.interface},{link.interface}")
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant", *via) as scene:
        kinds = {path.kind: path.via for path in world.player.status().paths}
        assert kinds["interface"] == link.interface
        with pulled(world, link):
            play_on(STAY_S)
            without_second = scene.match.seen()
        world.wait_until(
            "the second link's way",
            lambda status: any(
                path.kind == "interface" and path.state in {"active", "standby"} for path in status.paths
            ),
        )
        play_on(STAY_S)
        died_us = now_us()
        with pulled(world, world.client):
            play_on(STAY_S)
            without_first = scene.match.seen()
            gap_ms = max(scene.match.gap_up_ms(died_us), scene.match.gap_down_ms(died_us))
        lost = without_first.lost_since(without_second)
    print(f"without the first link nothing for {gap_ms:.0f} ms, lost {lost}")
    assert (without_second.lost_up, without_second.lost_down, without_second.doubled) == (0, 0, (0, 0))
    assert (without_second.flows, without_first.flows) == ((True, True), (True, True))
    assert lost == (0, 0)
    assert (len(without_first.sources), without_first.visits, without_first.refused) == (1, 1, 0)
    assert without_first.doubled == (0, 0)
    assert scene.count("exit_switched") == 0


@contextmanager
def pulled(world: MultipathWorld, link: Host | Link) -> Iterator[None]:
    """The router's end of a link is down: its other end has no carrier."""
    world.lab.router.run(["ip", "link", "set", link.router_interface, "down"])
    try:
        yield
    finally:
        world.lab.router.run(["ip", "link", "set", link.router_interface, "up"])


@contextmanager
def other_ports_at_the_router(scene: Scene) -> Iterator[None]:
    """From now on the exit sees other ports of the player, and what it sends to the old ones is lost."""
    world = scene.world
    client, exit_host = world.client, world.hosts[scene.exit]
    sockets = client.run(["ss", "-Hun", "dst", f"{exit_host.ipv4}:{RELAY_PORT}"]).stdout
    ports = [int(port) for port in re.findall(rf"{re.escape(client.ipv4)}(?:%\S+)?:(\d+)\s", sockets)]
    assert ports, sockets
    up = f'iifname "{client.router_interface}" ip daddr {exit_host.ipv4} udp sport'
    down = f'iifname "{exit_host.router_interface}" ip daddr {client.ipv4} udp dport'
    rules = "\n".join(
        f"  {up} {port} udp sport set {port ^ 1}\n  {down} {port} drop\n  {down} {port ^ 1} udp dport set {port}"
        for port in ports
    )
    chain = "chain ports { type filter hook prerouting priority -400; policy accept;"
    world.lab.router.run(["nft", "-f", "-"], input_text=f"table ip translation {{\n {chain}\n{rules}\n }}\n}}\n")
    try:
        yield
    finally:
        world.lab.router.run(["nft", "delete", "table", "ip", "translation"])


def move_address(host: Host, old: str, new: str) -> None:
    """One address goes as the other comes; the default route stays."""
    host.run(["ip", "address", "add", f"{new}/24", "dev", host.interface])
    host.run(["ip", "address", "del", f"{old}/24", "dev", host.interface])
