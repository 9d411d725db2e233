"""A player whose link carries 1300 bytes (tunnels of a provider): the relay's datagrams of up to 1400 still arrive."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml
from support.booster_world import BoosterWorld, booster_world

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")
PORT = 27500
LINK_BYTES = 1300

LOST_WHILE_THE_PATH_IS_LEARNT = 5
"""Datagrams towards the player that are too big until the router's word (ICMP, RFC 1191) has reached the relay."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    games = games_toml("lab-game", "Lab Game", ["{game}"], [str(PORT)])
    with booster_world(tmp_path / "plg", games, client_mtu=LINK_BYTES) as built:
        yield built


@pytest.mark.parametrize(("capture", "input_bytes"), [("divert", 1260), ("tun", 1330)])
def test_payloads_that_fill_the_link_and_more_arrive_both_ways(
    world: BoosterWorld, tmp_path: Path, capture: str, input_bytes: int
) -> None:
    address = f"{world.game.ipv4}:{PORT}"
    serve = [*STAND_IN, "server", "--host", world.game.ipv4, "--port", str(PORT), "--snapshot-bytes", "1330"]
    world.game.spawn(serve)
    world.player.connect("lab-game", "--capture", capture)
    play = [*STAND_IN, "client", "--server", address, "--input-bytes", str(input_bytes), "--seconds", "5", "--json"]
    played = world.client.run(play)
    end = json.loads(played.stdout.splitlines()[-1])["player"]
    print(end)
    assert end["packets_down"] > 5 * 50
    assert (end["lost_up"], end["doubled_up"], end["doubled_down"]) == (0, 0, 0)
    assert end["lost_down"] <= LOST_WHILE_THE_PATH_IS_LEARNT
    assert world.counter.packets("straight") == 0
    world.player.disconnect("--now")
