"""The in-process bad line, over real sockets on loopback."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from typing import cast

import pytest

from plg.lab.impairment import Impairment
from plg.lab.impairment_proxy import MAX_PLAYERS, ImpairmentProxy


class Echo(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.sources: list[tuple[str, int]] = []
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.sources.append(addr)
        assert self.transport is not None
        self.transport.sendto(data, addr)


RunningEcho = tuple[tuple[str, int], Echo]


class Player(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.put_nowait((asyncio.get_running_loop().time(), data))


@pytest.fixture
async def echo() -> AsyncIterator[RunningEcho]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    yield transport.get_extra_info("sockname"), protocol
    transport.close()


async def join(address: tuple[str, int]) -> tuple[asyncio.DatagramTransport, Player]:
    return await asyncio.get_running_loop().create_datagram_endpoint(Player, remote_addr=address)


async def test_a_round_trip_takes_the_delay_of_both_directions(echo: RunningEcho) -> None:
    async with ImpairmentProxy(echo[0], up=Impairment(delay_ms=30), down=Impairment(delay_ms=20)) as proxy:
        transport, player = await join(proxy.address)
        times_ms = []
        for number in range(15):
            sent_s = asyncio.get_running_loop().time()
            transport.sendto(bytes([number]))
            at_s, payload = await asyncio.wait_for(player.received.get(), 5)
            assert payload == bytes([number])
            times_ms.append((at_s - sent_s) * 1000)
        transport.close()
    # The first one also waits for the socket to be made. A loaded machine adds, nothing subtracts.
    assert min(times_ms) >= 50
    assert statistics.median(times_ms) < 70


async def test_players_do_not_get_each_others_packets(echo: RunningEcho) -> None:
    async with ImpairmentProxy(echo[0]) as proxy:
        players = [await join(proxy.address) for _ in range(3)]
        for number, (transport, _) in enumerate(players):
            transport.sendto(b"player %d" % number)
        for number, (transport, player) in enumerate(players):
            assert (await asyncio.wait_for(player.received.get(), 5))[1] == b"player %d" % number
            transport.close()
    assert len(set(echo[1].sources)) == 3


async def test_the_line_can_be_cut_and_mended_while_it_runs(echo: RunningEcho) -> None:
    async with ImpairmentProxy(echo[0]) as proxy:
        transport, player = await join(proxy.address)
        proxy.up.impairment = Impairment(blackhole=True)
        transport.sendto(b"lost")
        async with asyncio.timeout(5):
            while proxy.up.counts.lost == 0:  # noqa: ASYNC110 - the product has no event for a lost packet
                await asyncio.sleep(0.005)
        proxy.up.impairment = Impairment()
        transport.sendto(b"arrives")
        assert (await asyncio.wait_for(player.received.get(), 5))[1] == b"arrives"
        transport.close()
    assert player.received.empty()


async def test_duplicated_packets_arrive_twice(echo: RunningEcho) -> None:
    async with ImpairmentProxy(echo[0], down=Impairment(duplicate_percent=100)) as proxy:
        transport, player = await join(proxy.address)
        transport.sendto(b"twin")
        for _ in range(2):
            assert (await asyncio.wait_for(player.received.get(), 5))[1] == b"twin"
        transport.close()


async def test_more_players_than_the_bound_are_refused_and_counted(echo: RunningEcho) -> None:
    async with ImpairmentProxy(echo[0]) as proxy:
        for port in range(1, MAX_PLAYERS + 3):
            proxy.from_player(b"x", ("127.0.0.1", port))
        assert proxy.refused == 2


async def test_an_unopened_proxy_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        _ = ImpairmentProxy(("127.0.0.1", 9)).address
