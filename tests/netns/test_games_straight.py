"""The measuring instrument itself: real games, straight through the router, without any tunnel.

What a tunnel must not make worse is measured here, and the games' own counts are compared with losses that are known.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.impairment import Impairment
from plg.lab.namespaces import Lab
from plg.lab.traffic_counter import TrafficCounter
from plg.lab.wire import Wire
from support import doom, openarena
from support.requirements import require_binary, require_root

pytestmark = [pytest.mark.netns, pytest.mark.game, pytest.mark.timeout(300)]


@pytest.fixture
def lab() -> Iterator[Lab]:
    require_root()
    require_binary("nft")
    with Lab() as opened:
        yield opened


@pytest.fixture
def openarena_installed() -> None:
    for binary in openarena.BINARIES:
        require_binary(binary)


@pytest.fixture
def doom_installed() -> None:
    for binary in doom.BINARIES:
        require_binary(binary)


@pytest.mark.usefixtures("openarena_installed")
def test_a_player_stays_in_openarena_for_30_s_and_the_game_misses_nothing(lab: Lab, tmp_path: Path) -> None:
    client, game = lab.add_host("client"), lab.add_host("game")
    counter = TrafficCounter(lab)
    counter.count_udp("up", client, game)
    counter.count_udp("down", game, client)
    server = openarena.OpenArenaServer(lab, game, game.ipv4, tmp_path / "server")
    server.wait_until_ready()
    player = openarena.OpenArenaClient(lab, client, game.ipv4, tmp_path / "client")
    player.wait_until_playing()
    sent, received, started_s = counter.packets("up"), counter.packets("down"), time.monotonic()
    pings_ms = []
    while time.monotonic() - started_s < 30:
        time.sleep(1.2)
        pings_ms.append(server.quakestat_pings_ms()[player.name])
    elapsed_s = time.monotonic() - started_s
    assert [(seen.name, seen.address) for seen in server.players()] == [(player.name, client.ipv4)]
    assert 55 < (counter.packets("up") - sent) / elapsed_s < 75
    assert 55 < (counter.packets("down") - received) / elapsed_s < 75
    assert statistics.median(pings_ms) <= 10
    assert server.faults() == player.faults() == openarena.PacketFaults(lost=0, late_or_doubled=0)
    player.quit()
    assert player.process.returncode == 0


@pytest.mark.usefixtures("openarena_installed")
def test_openarena_counts_exactly_what_the_wire_drops_and_doubles(lab: Lab, tmp_path: Path) -> None:
    client, game = lab.add_host("client"), lab.add_host("game")
    with Wire(lab) as wire:
        server = openarena.OpenArenaServer(lab, game, game.ipv4, tmp_path / "server")
        server.wait_until_ready()
        player = openarena.OpenArenaClient(lab, client, game.ipv4, tmp_path / "client")
        player.wait_until_playing()
        before_up, before_down = wire.counts(client, game), wire.counts(game, client)
        wire.impair(client, game, Impairment(delay_ms=20, loss_percent=3))
        wire.impair(game, client, Impairment(delay_ms=20, loss_percent=3, duplicate_percent=2))
        time.sleep(15)
        wire.impair_both_ways(client, game, Impairment())
        time.sleep(2)
        up, down = wire.counts(client, game), wire.counts(game, client)
        lost_up, lost_down = up["lost"] - before_up["lost"], down["lost"] - before_down["lost"]
        assert lost_up > 5
        assert lost_down > 5
        # The two packets that were on their way when the delay was lifted may be overtaken.
        assert server.faults().lost == pytest.approx(lost_up, abs=2)
        assert player.faults().lost == pytest.approx(lost_down, abs=2)
        assert player.faults().late_or_doubled == pytest.approx(down["duplicated"], abs=2)
        player.quit()


@pytest.mark.usefixtures("doom_installed")
def test_two_players_play_doom_for_10_s_without_asking_for_a_packet_again(lab: Lab, tmp_path: Path) -> None:
    client, friend, game = lab.add_host("client"), lab.add_host("friend"), lab.add_host("game")
    server = doom.DoomServer(game, tmp_path / "server")
    server.wait_until_ready()
    players = []
    for host in (client, friend):
        players.append(doom.DoomPlayer(host, game.ipv4, tmp_path / host.short_name))
        players[-1].wait_until_joined()
    for player in players:
        player.wait_until_playing()
    started_s, started_tics = time.monotonic(), players[0].tics()
    time.sleep(10)
    played_s = time.monotonic() - started_s
    assert (players[0].tics() - started_tics) / played_s == pytest.approx(doom.TICS_PER_S, rel=0.1)
    assert server.player_addresses() == [client.ipv4, friend.ipv4]
    assert server.timed_out() == 0
    assert [player.resends() for player in players] == [0, 0]
