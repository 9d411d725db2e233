"""The exit in reserve, with loopback relays on real sockets."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from plg.contract.sessions import RelayEndpoint, SessionGrant, StartSessionRequest
from plg.protocol.errors import CloseReason, WelcomeStatus
from plg.tunnel.clock import LoopClock
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.standby_exit import CONNECTING, LOST, READY, StandbyExit
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


async def open_path(relay: RelayEndpoint, interface: LocalInterface | None) -> RelayPath:
    return RelayPath(await find_relay(relay.host, relay.port))


class Reserve:
    """A standby that runs, with a server that hands out two exits."""

    def __init__(self) -> None:
        self.relays = {"one": LoopbackRelay().open(), "two": LoopbackRelay(relay_id=43).open()}
        self.second = self.relays["two"]
        self.server = LoopbackServer(self.relays, has_standby=True)
        self.events: list[TunnelEvent] = []
        self.clock = LoopClock()
        self.standby = StandbyExit(open_path, self.clock, os.urandom, self.events.append)

    async def grant(self) -> SessionGrant:
        return await self.server.start_session(StartSessionRequest(game="lab-game"))

    def offer(self, grant: SessionGrant, epoch: int = 1) -> None:
        self.standby.offer(grant, grant.server_time_ms - self.clock.time() * 1000, epoch)

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the conditions are of many kinds
                await asyncio.sleep(0.01)

    def what(self) -> list[Happening]:
        return [event.what for event in self.events]


@asynccontextmanager
async def reserve() -> AsyncIterator[Reserve]:
    found = Reserve()
    running = asyncio.ensure_future(found.standby.run())
    await asyncio.sleep(0)
    try:
        yield found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        found.standby.forget()
        await asyncio.sleep(0.1)
        for relay in found.relays.values():
            relay.close()


async def test_the_standby_is_shaken_hands_with_and_carries_nothing() -> None:
    async with reserve() as found:
        assert (found.standby.state, found.standby.is_ready, found.standby.heard_at_s()) == (LOST, False, None)
        found.offer(await found.grant())
        await found.until(lambda: found.standby.is_ready)
        assert found.standby.state == READY
        assert found.standby.grant is not None
        assert found.standby.grant.relay.node_id == "two"
        assert found.what() == [Happening.STANDBY_READY]
        assert found.second.brain.members
        assert found.second.brain.arrived == []


async def test_asked_for_a_sign_of_life_it_gives_one() -> None:
    async with reserve() as found:
        found.offer(await found.grant())
        await found.until(lambda: found.standby.is_ready)
        await asyncio.sleep(0.2)
        asked_at_s = found.clock.time()
        found.standby.probe()
        await found.until(lambda: (found.standby.heard_at_s() or 0.0) > asked_at_s, 1.0)


async def test_a_newer_ticket_reaches_the_standby_without_a_new_hand_shake() -> None:
    async with reserve() as found:
        grant = await found.grant()
        found.offer(grant)
        await found.until(lambda: found.standby.is_ready)
        found.offer(await found.server.renew_session(grant.session_id))
        await found.until(lambda: found.second.brain.taken_tickets)
        assert found.what() == [Happening.STANDBY_READY]


async def test_taken_it_is_the_callers_and_its_flows_name_the_epoch() -> None:
    async with reserve() as found:
        found.offer(await found.grant(), epoch=3)
        await found.until(lambda: found.standby.is_ready)
        taken = found.standby.take()
        assert taken is not None
        assert found.standby.take() is None
        assert (found.standby.is_ready, found.standby.grant) == (False, None)
        grant, link = taken
        assert grant.relay.node_id == "two"
        assert link.send_payload((50000, "198.20.0.7", 27015), b"next payload")
        await found.until(lambda: found.second.brain.arrived)
        assert found.second.brain.arrived[0][2] == b"next payload"
        assert found.second.brain.epochs == [3]
        link.close()


async def test_another_standby_or_none_replaces_it() -> None:
    async with reserve() as found:
        found.offer(await found.grant())
        await found.until(lambda: found.standby.is_ready)
        other = await found.grant()
        found.offer(other)
        await found.until(lambda: found.standby.is_ready)
        await found.until(lambda: found.second.brain.closed)
        assert found.second.brain.closed[0] == CloseReason.REPLACED
        found.offer(msgspec.structs.replace(other, standby=None), 1)
        assert not found.standby.is_ready
        await asyncio.sleep(0.1)
        assert found.standby.state == LOST


async def test_a_standby_that_refuses_is_asked_again_but_not_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.tunnel.standby_exit.RETRY_FIRST_S", 0.3)
    async with reserve() as found:
        found.second.brain.refusal = WelcomeStatus.FULL
        found.standby._pause_s = 0.3
        found.offer(await found.grant())
        await found.until(lambda: found.second.sources)
        await asyncio.sleep(0.2)
        assert len(found.second.sources) == 1
        found.second.brain.refusal = None
        await found.until(lambda: found.standby.is_ready)


async def test_a_standby_that_closes_its_session_is_lost_and_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.tunnel.standby_exit.RETRY_FIRST_S", 0.2)
    async with reserve() as found:
        found.offer(await found.grant())
        await found.until(lambda: found.standby.is_ready)
        found.second.send(found.second.brain.close_all(CloseReason.DRAINED))
        await found.until(lambda: Happening.STANDBY_LOST in found.what())
        assert found.standby.state in {LOST, CONNECTING}
        await found.until(lambda: found.standby.is_ready)


async def test_an_address_that_cannot_be_reached_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with reserve() as found:
        found.standby._pause_s = 0.1
        grant = await found.grant()
        assert grant.standby is not None
        nowhere = msgspec.structs.replace(grant.standby.relay, host="no-such-host.invalid")
        found.offer(msgspec.structs.replace(grant, standby=msgspec.structs.replace(grant.standby, relay=nowhere)), 1)
        await asyncio.sleep(0.3)
        assert found.standby.state == LOST
        found.offer(grant)
        await found.until(lambda: found.standby.is_ready)
