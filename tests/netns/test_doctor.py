"""`plg doctor` on machines of its own: the real server, two real relays and a game server, over lines that are made bad.

client --8 ms-- near relay, --36 ms-- far relay, --50 ms-- game (there and back; support/measuring_world.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from plg.lab.impairment import Impairment
from plg.lab.processes import run_command
from plg.lab.product import PlayerProcess
from support.measuring_world import MeasuringWorld, measuring_world

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeasuringWorld]:
    with measuring_world(tmp_path_factory.mktemp("doctor")) as made:
        yield made


def doctor(
    world: MeasuringWorld, *words: str, player: PlayerProcess | None = None
) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and checks by their id."""
    done = (player or world.player).plg("doctor", *words, "--json", check=False)
    document = msgspec.json.decode(done.stdout)
    return done.exit_code, {check["id"]: check for check in document["checks"]}


def lines(world: MeasuringWorld, *, near_loss: float = 0, game_loss: float = 0) -> None:
    """Loss in percent each way; delays as they were."""
    world.wire.impair_both_ways(world.client, world.near, Impairment(delay_ms=4, loss_percent=near_loss))
    world.wire.impair_both_ways(world.client, world.game, Impairment(delay_ms=25, loss_percent=game_loss))


def test_over_good_lines_everything_is_measured_for_real(world: MeasuringWorld) -> None:
    lines(world)
    _, checks = doctor(world, "openarena")
    codes = {name: check["code"] for name, check in checks.items()}
    assert codes["server"] == "server_plain"
    assert codes["clock"] == "clock_right"
    assert codes["login"] == "login_good"
    assert codes["relays"] == "relays_answer"
    assert (codes["mtu"], checks["mtu"]["facts"]["packet_bytes"]) == ("mtu_fits", 1500)
    assert codes["rights"] == "rights_there"
    assert (codes["nat"], checks["nat"]["facts"]["told"]) == ("nat_none_on_the_way", 2)
    assert checks["relays"]["facts"]["nearest"] == "Near"
    facts = checks["line"]["facts"]
    assert 8 <= facts["relay_ms"] < 30
    assert 50 <= facts["game_ms"] < 80
    assert facts["router_ms"] < 15
    assert {check["verdict"] for check in checks.values()} <= {"ok", "warn", "unknown"}


@pytest.mark.parametrize(("game_loss", "code"), [(0, "line_trouble_relay"), (15, "line_trouble_beyond")])
def test_loss_is_found_on_the_way_on_which_it_is(world: MeasuringWorld, game_loss: float, code: str) -> None:
    lines(world, near_loss=15, game_loss=game_loss)
    exit_code, checks = doctor(world, "openarena", "--only", "line")
    found = checks["line"]
    assert (found["code"], found["verdict"] in {"warn", "fail"}) == (code, True), found["facts"]
    assert exit_code in {20, 21}
    assert found["facts"]["router_loss_percent"] == 0


HOUSE = "192.168.77"


@contextmanager
def behind_the_client(world: MeasuringWorld, translation: str) -> Iterator[PlayerProcess]:
    """The player's account on a machine at home, for which the client's machine is the router: `translation` is what
    nftables does to everything that leaves the house."""
    name = translation.replace("-", "").split(" ")[-1][:10]
    home, router = world.lab.add_host(name), world.client
    ends = ["house", "netns", router.name, "type", "veth", "peer", "name", "eth9", "netns", home.name]
    run_command(["ip", "link", "add", *ends])
    try:
        for host, interface, number in ((router, "house", 1), (home, "eth9", 2)):
            host.run(["ip", "address", "add", f"{HOUSE}.{number}/24", "dev", interface])
            host.run(["ip", "link", "set", interface, "up"])
        home.run(["ip", "route", "replace", "default", "via", f"{HOUSE}.1"])
        router.write_sysctl("net/ipv4/ip_forward", "1")
        chain = f'type nat hook postrouting priority srcnat;\noifname "eth0" {translation};\n'
        router.run(["nft", "-f", "-"], input_text=f"table ip house {{\nchain out {{\n{chain}}}\n}}\n")
        yield PlayerProcess(home, world.player.folder, world.player.server_url)
    finally:
        router.run(["nft", "delete", "table", "ip", "house"], check=False)
        router.run(["ip", "link", "delete", "house"])


@pytest.mark.parametrize(
    ("translation", "code", "mapping", "exit_code"),
    [
        ("masquerade", "nat_endpoint_independent", "endpoint-independent", 0),
        ("masquerade fully-random", "nat_symmetric", "address- or port-dependent", 20),
    ],
)
def test_a_real_address_translation_is_named_by_what_two_relays_see(
    world: MeasuringWorld, translation: str, code: str, mapping: str, exit_code: int
) -> None:
    lines(world)
    with behind_the_client(world, translation) as player:
        ended_with, checks = doctor(world, "--only", "nat", player=player)
    found = checks["nat"]
    assert (found["code"], found["facts"]["mapping"], ended_with) == (code, mapping, exit_code), found
    assert found["facts"]["address"] == f"{HOUSE}.2"
    assert world.client.ipv4 in found["facts"]["seen"]
