"""Games of other shapes, unchanged: slow lock-step, several sockets, the largest datagrams."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml
from support import doom
from support.booster_world import BoosterWorld, booster_world
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.timeout(300)]

STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")
STAND_IN_PORT = 27500
GAMES = games_toml("chocolate-doom", "Chocolate Doom", ["{game}"], ["2342"]) + games_toml(
    "lab-game", "Lab Game", ["{game}"], ["27500-27510"]
)


@pytest.fixture(params=[True, False], ids=["offload", "no offload"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BoosterWorld]:
    with booster_world(tmp_path / "plg", GAMES, offload=request.param) as built:
        yield built


@pytest.mark.game
@pytest.mark.parametrize("world", [True], indirect=True, ids=["offload"])
def test_two_players_of_doom_meet_one_of_them_through_the_relay(world: BoosterWorld, tmp_path: Path) -> None:
    for binary in doom.BINARIES:
        require_binary(binary)
    world.player.connect("chocolate-doom", "--capture", "divert")
    server = doom.DoomServer(world.game, tmp_path / "server")
    server.wait_until_ready()
    players = []
    for host in (world.client, world.friend):
        players.append(doom.DoomPlayer(host, world.game.ipv4, tmp_path / host.short_name))
        players[-1].wait_until_joined()
    for player in players:
        player.wait_until_playing()
    time.sleep(doom.SETTLING_MS / 1000)
    started_s, started_tics = time.monotonic(), players[0].tics()
    time.sleep(10)
    played_s = time.monotonic() - started_s
    assert (players[0].tics() - started_tics) / played_s == pytest.approx(doom.TICS_PER_S, rel=0.1)
    assert server.player_addresses() == [world.relay_host.ipv4, world.friend.ipv4]
    assert server.timed_out() == 0
    assert [player.resends() for player in players] == [0, 0]
    assert world.counter.packets("straight") == 0
    world.player.disconnect("--now")


@pytest.mark.parametrize("capture", ["divert", "tun"])
def test_a_game_with_three_sockets_and_1400_byte_payloads_both_ways_misses_nothing(
    world: BoosterWorld, tmp_path: Path, capture: str
) -> None:
    """The stand-in plays it, because packaged games of this shape (Teeworlds, DDNet) fill their datagrams only now and then."""
    host = world.game.ipv4
    report = tmp_path / "server.ndjson"
    with report.open("wb") as out:
        serve = [
            *STAND_IN,
            "server",
            "--host",
            host,
            "--port",
            str(STAND_IN_PORT),
            "--snapshot-bytes",
            "1400",
            "--json",
        ]
        world.game.spawn(serve, stdout=out)
    world.player.connect("lab-game", "--capture", capture)
    # 3 sockets x 30 a second x 1400 bytes are 1.0 Mbit/s up; a ticket allows 1.5.
    play = [*STAND_IN, "client", "--server", f"{host}:{STAND_IN_PORT}", "--channels", "3", "--input-bytes", "1400"]
    play += ["--ticks", "30"]
    played = world.client.run([*play, "--seconds", "10", "--json"])
    end = json.loads(played.stdout.splitlines()[-1])["player"]
    assert end["packets_down"] > 3 * 10 * 50
    assert (end["lost_up"], end["late_up"], end["doubled_up"]) == (0, 0, 0)
    assert (end["lost_down"], end["late_down"], end["doubled_down"]) == (0, 0, 0)
    channels = json.loads(report.read_text().splitlines()[-1])["channels"]
    assert len(channels) == 3
    sources = [address.rpartition(":") for channel in channels for address in channel["addresses"]]
    assert {source for source, _, _ in sources} == {world.relay_host.ipv4}
    assert len({port for _, _, port in sources}) == 3, "each local socket keeps one port of its own at the relay"
    assert world.counter.packets("straight") == 0
    world.player.disconnect("--now")
