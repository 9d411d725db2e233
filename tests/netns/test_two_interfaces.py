"""A player with two network interfaces: either may fall silent in the middle of a match, and no packet of the game is missing."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml
from support.booster_world import BoosterWorld, booster_world

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")
PORT = 27500
CELL_PATH = 2
"""The last path that the server allows; the one before it is kept for a transit, which one relay alone cannot have."""
CELL_ADDRESS, CELL_GATEWAY = "10.78.0.2", "10.78.0.1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    with booster_world(tmp_path / "plg", games_toml("lab-game", "Lab Game", ["{game}"], [str(PORT)])) as built:
        _plug_in_a_second_link(built)
        yield built


def _plug_in_a_second_link(world: BoosterWorld) -> None:
    """`cell0` beside `eth0`: another address, another way to the router, a default route of its own that is less wanted."""
    client, router = world.client, world.lab.router
    client.run(["ip", "link", "add", "cell0", "type", "veth", "peer", "name", "to-cell"])
    client.run(["ip", "link", "set", "to-cell", "netns", router.name])
    router.run(["ip", "addr", "add", f"{CELL_GATEWAY}/24", "dev", "to-cell"])
    router.run(["ip", "link", "set", "to-cell", "up"])
    client.run(["ip", "addr", "add", f"{CELL_ADDRESS}/24", "dev", "cell0"])
    client.run(["ip", "link", "set", "cell0", "up"])
    client.run(["ip", "route", "add", "default", "via", CELL_GATEWAY, "dev", "cell0", "metric", "500"])
    router.run(["nft", "add table inet silence; add chain inet silence way { type filter hook forward priority 0; }"])


def _silence(world: BoosterWorld, address: str) -> None:
    """Nothing goes between this address of the player and the relay any more; sockets do not notice."""
    relay = world.relay_host.ipv4
    for pair in (f"ip saddr {address} ip daddr {relay}", f"ip saddr {relay} ip daddr {address}"):
        world.lab.router.run(["nft", f"add rule inet silence way {pair} drop"])


def _speak(world: BoosterWorld) -> None:
    world.lab.router.run(["nft", "flush chain inet silence way"])


def _states(world: BoosterWorld) -> dict[int, tuple[str, str | None, str]]:
    return {path.path: (path.kind, path.via, path.state) for path in world.player.status().paths}


def _wait_for(world: BoosterWorld, path: int, state: str) -> None:
    deadline = time.monotonic() + 20
    while _states(world).get(path, ("", None, ""))[2] != state:
        assert time.monotonic() < deadline, _states(world)
        time.sleep(0.1)


def test_either_interface_may_fall_silent_in_the_middle_of_a_match(world: BoosterWorld, tmp_path: Path) -> None:
    serve = [*STAND_IN, "server", "--host", world.game.ipv4, "--port", str(PORT), "--policy", "bound"]
    world.game.spawn(serve)
    target = f"{world.game.ipv4}:{PORT}"
    world.player.connect("lab-game", "--target", target, "--via", "eth0,cell0", "--mode", "redundant")
    _wait_for(world, CELL_PATH, "active")
    assert {number: entry[:2] for number, entry in _states(world).items()} == {
        0: ("direct", "eth0"),
        CELL_PATH: ("interface", "cell0"),
    }
    report = tmp_path / "player.ndjson"
    with report.open("wb") as out:
        play = [*STAND_IN, "client", "--server", target, "--seconds", "16", "--json"]
        player = world.client.spawn(play, stdout=out)
    _wait_for(world, CELL_PATH, "active")
    time.sleep(1)
    _silence(world, CELL_ADDRESS)
    _wait_for(world, CELL_PATH, "dead")
    time.sleep(0.5)
    _speak(world)
    _wait_for(world, CELL_PATH, "active")
    time.sleep(1)
    _silence(world, world.client.ipv4)
    _wait_for(world, 0, "dead")
    time.sleep(0.5)
    _speak(world)
    _wait_for(world, 0, "active")
    assert player.wait(timeout=60) == 0

    end = json.loads(report.read_text().splitlines()[-1])["player"]
    print(end)
    assert end["lost_up"] == 0
    assert end["lost_down"] == 0
    assert world.counter.packets("straight") == 0
    assert world.player.status().exit_switches == 0
