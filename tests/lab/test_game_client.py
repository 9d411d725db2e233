"""The stand-in's player: what it reports is what happened on the way."""

import asyncio
from typing import Any

import pytest

from plg.lab.game_client import GameClient
from plg.lab.game_server import GameServer
from plg.lab.impairment import Impairment
from plg.lab.impairment_proxy import ImpairmentProxy


async def play_until(client: GameClient, packets_down: int) -> None:
    async with asyncio.timeout(20):
        while client.report().packets_down < packets_down:  # noqa: ASYNC110 - a player plays until it has seen enough
            await asyncio.sleep(0.02)


async def test_on_a_clean_line_nothing_is_lost_late_or_doubled() -> None:
    async with GameServer() as server, GameClient([server.address]) as client:
        await play_until(client, 64)
        report = client.report()
    assert (report.lost_up, report.late_up, report.doubled_up) == (0, 0, 0)
    assert (report.lost_down, report.late_down, report.doubled_down) == (0, 0, 0)
    assert report.loss_percent == 0
    assert report.rtt_ms_p50 is not None
    assert 0 < report.rtt_ms_p50 < 15
    assert report.packets_up == pytest.approx(report.packets_down, rel=0.5)


async def test_the_delays_of_a_line_are_seen_per_direction() -> None:
    async with GameServer() as server:
        line = ImpairmentProxy(server.address, up=Impairment(delay_ms=20), down=Impairment(delay_ms=50))
        async with line as proxy, GameClient([proxy.address]) as client:
            await play_until(client, 64)
            report = client.report()
    assert report.rtt_ms_p50 is not None
    assert 70 <= report.rtt_ms_p50 < 90
    assert report.one_way_up_ms_p50 is not None
    assert 20 <= report.one_way_up_ms_p50 < 32
    assert report.one_way_down_ms_p50 is not None
    assert 50 <= report.one_way_down_ms_p50 < 62


async def test_losses_and_doubles_are_the_lines_own_numbers() -> None:
    async with GameServer(ticks_per_s=200) as server:
        down = Impairment(loss_percent=20, duplicate_percent=10)
        async with (
            ImpairmentProxy(server.address, up=Impairment(loss_percent=30), down=down) as proxy,
            GameClient([proxy.address], ticks_per_s=200) as client,
        ):
            await play_until(client, 300)
            report, up, down_counts = client.report(), proxy.up.counts, proxy.down.counts
    # What is on its way, or lost at the very end, is not known to the receiver yet.
    assert report.lost_up == pytest.approx(up.lost, abs=12)
    assert report.lost_down == pytest.approx(down_counts.lost, abs=5)
    assert report.doubled_down == pytest.approx(down_counts.duplicated, abs=2)
    assert report.loss_percent is not None
    assert 15 < report.loss_percent < 35


async def test_the_longest_gap_is_the_outage() -> None:
    async with (
        GameServer() as server,
        ImpairmentProxy(server.address) as proxy,
        GameClient([proxy.address]) as client,
    ):
        await play_until(client, 20)
        proxy.down.impairment = Impairment(blackhole=True)
        await asyncio.sleep(0.3)
        proxy.down.impairment = Impairment()
        await play_until(client, 30)
        gap_ms = client.report().longest_gap_ms
    assert gap_ms is not None
    assert 300 <= gap_ms < 450


async def test_several_channels_use_sockets_of_their_own() -> None:
    async with GameServer() as server, GameClient([server.address], channels=3, input_bytes=1400) as client:
        await play_until(client, 30)
        assert len(set(client.local_addresses())) == 3
        assert {channel.channel for channel in server.report()} == {0, 1, 2}
        assert len({channel.address for channel in server.report()}) == 3


async def test_a_player_without_a_server_reports_nothing_rather_than_zero() -> None:
    async with GameClient([("127.0.0.1", 9)]) as client:
        await asyncio.sleep(0.1)
        report = client.report()
        assert client.recent_rtt_ms() is None
    assert report.packets_up > 0
    assert (report.rtt_ms_p50, report.jitter_ms, report.loss_percent, report.longest_gap_ms) == (None, None, None, None)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"channels": 0}, "1 to 8 channels"),
        ({"input_bytes": 1401}, "31 to 1400 bytes"),
        ({"channels": 3, "servers": 2}, "one for each of the 3 channels"),
    ],
)
def test_senseless_options_are_refused(options: dict[str, Any], complaint: str) -> None:
    servers = [("127.0.0.1", 9)] * options.pop("servers", 1)
    with pytest.raises(ValueError, match=complaint):
        GameClient(servers, **options)
