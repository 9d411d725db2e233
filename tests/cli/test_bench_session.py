"""A session for measuring, with a relay on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from plg.cli.bench_session import LOCAL_PORTS, BenchSession, FlowCarrier
from plg.contract.sessions import StartSessionRequest
from plg.protocol.errors import CloseReason, WelcomeStatus
from plg.tunnel.session_opening import RelaysUnreachable
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer

GAME = ("198.20.0.9", 27960)


@asynccontextmanager
async def opened(relay: LoopbackRelay) -> AsyncIterator[BenchSession]:
    grant = await LoopbackServer({"near": relay}).start_session(StartSessionRequest(game="lab-game", mode="off"))
    session = await BenchSession.open(grant)
    try:
        yield session
    finally:
        await session.close()
        relay.close()


async def test_pings_are_single_round_trips_on_the_sessions_path() -> None:
    async with opened(LoopbackRelay().open()) as session:
        rtts = [await session.ping(1.0) for _ in range(5)]
    assert all(rtt is not None and 0 <= rtt < 200 for rtt in rtts), rtts


async def test_a_ping_that_is_lost_is_none() -> None:
    relay = LoopbackRelay().open()
    async with opened(relay) as session:
        relay.send = lambda out: None  # type: ignore[method-assign]
        assert await session.ping(0.1) is None


async def test_a_flow_carries_questions_to_the_game_and_answers_back() -> None:
    came: list[bytes] = []
    relay = LoopbackRelay().open()
    async with opened(relay) as session:
        carrier = FlowCarrier(session, *GAME)
        carrier.start(came.append)
        carrier.send(b"one")
        await until(lambda: came == [b"re:one"])
        carrier.change_port()
        carrier.send(b"two")
        await until(lambda: came == [b"re:one", b"re:two"])
        carrier.close()
    assert [(destination, payload) for _port, destination, payload in relay.brain.arrived] == [
        (GAME, b"one"),
        (GAME, b"two"),
    ]
    assert len({port for port, _destination, _payload in relay.brain.arrived}) == 2


async def test_what_comes_to_an_old_port_is_not_handed_over() -> None:
    came: list[bytes] = []
    relay = LoopbackRelay().open()
    async with opened(relay) as session:
        carrier = FlowCarrier(session, *GAME)
        carrier.start(came.append)
        carrier.send(b"late")
        for _ in range(LOCAL_PORTS - 1):
            carrier.change_port()
        await until(lambda: bool(relay.brain.arrived))
        await asyncio.sleep(0.1)
        assert came == []


async def test_a_relay_that_refuses_says_why() -> None:
    relay = LoopbackRelay().open()
    relay.brain.refusal = WelcomeStatus.FULL
    with pytest.raises(RelaysUnreachable, match="full"):
        async with opened(relay):
            pass
    relay.close()


async def test_a_flow_that_the_relay_does_not_carry_is_noticed() -> None:
    relay = LoopbackRelay().open()
    relay.brain.denied.add(GAME)
    async with opened(relay) as session:
        carrier = FlowCarrier(session, *GAME)
        carrier.start(lambda _payload: None)
        carrier.send(b"one")
        await until(lambda: session.refused_flow is not None)


async def test_a_relay_that_ends_the_session_is_noticed() -> None:
    relay = LoopbackRelay().open()
    async with opened(relay) as session:
        assert await session.ping(1.0) is not None  # the relay knows now that the session stands
        assert not session.is_over
        relay.send(relay.brain.close_all(CloseReason.DRAINED))
        await until(lambda: session.is_over)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what happens there sets no event
            await asyncio.sleep(0.01)
