"""Round trips by query protocols: a real game server, a slow one, and none."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from plg.probe.game_query import QueryProtocol
from plg.probe.query_ping import QueryPing, UdpCarrier
from support.query_server import QueryServer

Ask = Callable[[QueryPing], Awaitable[float | None]]


def ping_of(server: QueryServer, protocol: QueryProtocol) -> QueryPing:
    return QueryPing(protocol, UdpCarrier("127.0.0.1", server.port))


@pytest.mark.parametrize("protocol", list(QueryProtocol))
async def test_a_round_trip_is_as_long_as_the_server_takes(protocol: QueryProtocol) -> None:
    with QueryServer(delay_s=0.03) as server:
        ping = ping_of(server, protocol)
        rtts = [await ping.ask() for _ in range(4)]
        ping.close()
    assert all(rtt is not None and 30 <= rtt < 300 for rtt in rtts), rtts
    assert ping.answer is not None
    assert (ping.answer.name, ping.answer.players) == ("Query Test", 3)


async def test_a_lost_answer_is_none_and_the_next_question_comes_from_another_port() -> None:
    with QueryServer() as server:
        ping = ping_of(server, QueryProtocol.A2S)
        assert await ping.ask() is not None
        server.delay_s = 0.2
        assert await ping.ask(0.05) is None
        server.delay_s = 0.0
        await asyncio.sleep(0.01)
        began = time.perf_counter()
        rtt = await ping.ask()
        assert rtt is not None
        assert rtt <= (time.perf_counter() - began) * 1000
        await asyncio.sleep(0.3)  # the late answer goes to a port that nobody listens on
        ping.close()
    assert len(server.sources) == 2


async def test_nobody_there_is_no_answer_and_no_failure() -> None:
    with QueryServer() as server:
        port = server.port
    ping = QueryPing(QueryProtocol.QUAKE3, UdpCarrier("127.0.0.1", port))
    assert [await ping.ask(0.05) for _ in range(3)] == [None] * 3
    ping.close()


async def test_every_socket_is_prepared() -> None:
    prepared = []
    with QueryServer() as server:
        carrier = UdpCarrier("127.0.0.1", server.port, prepare=lambda opened: prepared.append(opened.fileno()))
        ping = QueryPing(QueryProtocol.QUAKE3, carrier)
        assert await ping.ask() is not None
        carrier.change_port()
        assert await ping.ask() is not None
        ping.close()
    assert len(prepared) == 2
