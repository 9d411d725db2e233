"""Which relays a player gets, and what he is told: one that lies, one that closes down, one that is alone, names that are wrong."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plg.lab.game_addresses import AddressPolicy
from plg.lab.impairment import Impairment
from plg.lab.namespaces import Host, Link
from plg.lab.product import RelayProcess
from support.fault_scenes import GAMES, boosted_match, play_on, slug_of
from support.mock_match import MockMatch
from support.multipath_world import MultipathWorld, happenings, multipath_world, wait_until_measured

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

STAY_S = 2.0
FOUND_OUT_S = 30.0
"""The tunnel compares claim and evidence every ten seconds."""
FORGOTTEN_S = 40.0
"""A relay silent for 15 s is off the list."""
GIVEN_UP_S = 13.0
"""An exit that closes down and is silent is given up after 10 s."""
LIAR = "near"
LIARS_WAY_MS = 60.0
"""Its true way to the game, one way: far longer than what a game server thinks about an answer."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultipathWorld]:
    with multipath_world(tmp_path_factory.mktemp("plg"), GAMES) as built:
        yield built


def test_a_relay_that_makes_its_way_to_the_game_look_short_does_not_keep_a_player_who_has_measured(
    world: MultipathWorld, tmp_path: Path
) -> None:
    place = second_address(world.game)
    for name, delay_ms in (("client", 25.0), (LIAR, LIARS_WAY_MS), ("far", 2.0), ("spare", 5.0)):
        world.wire.impair_both_ways(world.hosts[name], place, Impairment(delay_ms=delay_ms))
    answer_own_pings(world.hosts[LIAR], place.ipv4)
    slug = slug_of(AddressPolicy.BOUND)
    match = MockMatch(world.lab, world.game, world.client, tmp_path, AddressPolicy.BOUND, at=place.ipv4)
    try:
        wait_until_measured(world, slug, match.address)
        lied_to = world.player.connect(slug, "--target", match.address, "--mode", "redundant")
        first = world.player.status()
        assert first.relay is not None
        assert first.relay.name == LIAR
        assert first.predicted_total_ms is not None
        assert first.predicted_total_ms < 2 * LIARS_WAY_MS
        match.play(channels=2)
        deadline = time.monotonic() + FOUND_OUT_S
        while not happenings(lied_to, "relay_distrusted"):
            assert time.monotonic() < deadline, lied_to.documents()[-1]
            time.sleep(0.5)
        found_out = happenings(lied_to, "relay_distrusted")
        world.lab.stop(lied_to.process)

        warned = world.player.connect(slug, "--target", match.address, "--mode", "redundant")
        second = world.player.status()
        world.lab.stop(warned.process)
    finally:
        match.stop()
        world.hosts[LIAR].run(["nft", "delete", "table", "ip", "lie"])
        (world.player.folder / "config" / "exits.json").unlink(missing_ok=True)
    print(found_out)
    assert [event["detail"]["name"] for event in found_out] == [LIAR]
    assert found_out[0]["detail"]["measured_ms"] >= 2 * LIARS_WAY_MS
    assert second.relay is not None
    assert second.relay.name != LIAR


def test_an_exit_that_closes_down_keeps_the_match_and_the_next_one_begins_elsewhere(
    world: MultipathWorld, tmp_path: Path
) -> None:
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant") as scene:
        relay = world.relays[scene.exit]
        with closing_down(world, relay):
            play_on(STAY_S)
            during = scene.match.seen()
            busy = world.player.plg("connect", slug_of(AddressPolicy.BOUND), "--force", "--json", check=False)
            scene.match.let_another_play(STAY_S)
            after = scene.match.seen()
            world.cut_off(scene.exit)
            play_on(GIVEN_UP_S)
            orphaned = scene.match.seen()
            world.mend_all(scene.exit)
            scene.match.stop()
            world.player.disconnect("--now")
            world.player.wait_for_relays(relay)  # cut off for so long, it had left the server's list
            to_it = world.player.plg(
                "connect", slug_of(AddressPolicy.BOUND), "--node", scene.exit, "--force", "--json", check=False
            )
    assert during.flows == (True, True)
    assert (during.lost_up, during.lost_down, during.doubled) == (0, 0, (0, 0))
    assert (len(during.sources), during.visits, during.refused) == (1, 1, 0)
    assert scene.hosts_seen(during.sources) == {scene.exit}
    assert scene.count("relay_draining") == 1
    assert busy.exit_code == 9
    assert after.visits == 2
    assert scene.standby is not None
    assert scene.hosts_seen(after.sources) == {scene.exit, scene.standby}
    assert after.refused == 0
    assert scene.hosts_seen(orphaned.sources) == {scene.exit, scene.standby}
    assert [event["detail"]["to"] for event in scene.events("exit_switched")] == [scene.standby]
    assert to_it.exit_code == 7
    print(to_it.stderr)


def test_the_only_relay_left_carries_the_match_alone_and_the_player_is_told(
    world: MultipathWorld, tmp_path: Path
) -> None:
    gone = [name for name in world.relays if name != "far"]
    for name in gone:
        world.cut_off(name)
    wait_until_listed(world, {"far"})
    with boosted_match(world, tmp_path, AddressPolicy.BOUND, "redundant", ways=1, standby=False) as scene:
        play_on(STAY_S)
        status = world.player.status()
        seen = scene.match.seen()
    world.player.wait_for_relays(*(world.relays[name] for name in gone))
    print(status.degraded_because)
    assert status.state == "connected"
    assert len(status.paths) == 1
    assert status.degraded_because
    assert [event["detail"] for event in scene.events("degraded")]
    assert seen.flows == (True, True)
    assert (seen.lost_up, seen.lost_down, len(seen.sources)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("options", "code", "exit_code"),
    [
        (["--node", "no-such-relay"], "node_not_found", 8),
        (["--via", "eth7"], "interface_unknown", 8),
        (["--via", "eth0,idle0"], "interface_down", 7),
        (["--max-overhead", "0.9"], "usage", 2),
        (["--mode", "psychic"], "usage", 2),
    ],
)
def test_a_wish_that_cannot_be_is_one_clear_line_and_nothing_is_carried(
    world: MultipathWorld, options: list[str], code: str, exit_code: int
) -> None:
    if "eth0,idle0" in options:
        world.client.run(["ip", "link", "add", "idle0", "type", "veth", "peer", "name", "idle1"], check=False)
    target = f"{world.game.ipv4}:27501"
    done = world.player.plg(
        "connect", slug_of(AddressPolicy.BOUND), "--target", target, *options, "--json", check=False
    )
    told = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (done.exit_code, told["exit_code"], told["code"]) == (exit_code, exit_code, code)
    assert "\n" not in told["message"]
    assert world.counter.packets("straight") == 0


@contextmanager
def closing_down(world: MultipathWorld, relay: RelayProcess) -> Iterator[None]:
    """The relay drains; afterwards it is started again."""
    relay.process.send_signal(signal.SIGTERM)
    try:
        yield
    finally:
        world.lab.stop(relay.process)
        relay.start_again()
        world.player.wait_for_relays(relay)


def second_address(host: Host) -> Link:
    """One more address of a host, with lines of its own: nothing about it has been measured yet."""
    ipv4, ipv6 = f"{host.ipv4.rpartition('.')[0]}.3", host.ipv6.replace("::2", "::3")
    host.run(["ip", "address", "add", f"{ipv4}/24", "dev", host.interface])
    return Link(host.interface, host.router_interface, ipv4, ipv6)


def answer_own_pings(host: Host, address: str) -> None:
    """The host answers itself when it pings `address`, so what it reports about its way there is a lie; its datagrams go there."""
    rule = f"ip daddr {address} icmp type echo-request dnat to {host.ipv4}"
    chain = "chain output { type nat hook output priority -100; policy accept;"
    host.run(["nft", "-f", "-"], input_text=f"table ip lie {{\n {chain}\n  {rule}\n }}\n}}\n")


def wait_until_listed(world: MultipathWorld, names: set[str]) -> None:
    """Until the server offers exactly these relays."""
    deadline = time.monotonic() + FORGOTTEN_S
    while True:
        nodes = json.loads(world.player.plg("nodes", "--json").stdout)["nodes"]
        listed = {node["name"] for node in nodes if node["state"] == "up"}
        if listed == names:
            return
        assert time.monotonic() < deadline, nodes
        time.sleep(1)
