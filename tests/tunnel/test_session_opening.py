"""From the server's word to an established session."""

import asyncio
import os

import pytest

from plg.contract.sessions import RelayMeasurement, SessionGrant, StartSessionRequest
from plg.tunnel.clock import LoopClock
from plg.tunnel.grants import BadGrant
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.session_opening import SessionOpening
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


async def open_path(grant: SessionGrant) -> RelayPath:
    return RelayPath(await find_relay(grant.relay.host, grant.relay.port))


def opening(server: LoopbackServer, events: list[TunnelEvent]) -> SessionOpening:
    request = StartSessionRequest(game="lab-game", target="198.20.0.7:27015", client_version="1")
    return SessionOpening(server, request, open_path, LoopClock(), os.urandom, events.append)


async def test_an_open_session_carries_and_the_wish_reaches_the_server() -> None:
    relay = LoopbackRelay().open()
    server = LoopbackServer({"one": relay})
    events: list[TunnelEvent] = []
    opened = await opening(server, events).open([RelayMeasurement(node_id="one", rtt_ms=1.5)])
    assert opened.link.carries
    assert opened.grant.relay.node_id == "one"
    told = server.starts[0]
    assert (told.game, told.target, told.client_version) == ("lab-game", "198.20.0.7:27015", "1")
    assert told.measurements == [RelayMeasurement(node_id="one", rtt_ms=1.5)]
    assert [event.what for event in events] == [Happening.RELAY_CHOSEN]
    closed = asyncio.Event()
    opened.link.close(on_closed=closed.set)
    await asyncio.wait_for(closed.wait(), 1)
    relay.close()


async def test_a_player_who_changes_his_mind_gives_the_session_back() -> None:
    silent = LoopbackRelay().open()
    silent.close()
    server = LoopbackServer({"one": silent})
    task = asyncio.ensure_future(opening(server, []).open([]))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.stops["session-1"].reason == "not_connected"


async def test_a_grant_that_makes_no_sense_is_refused_and_given_back() -> None:
    relay = LoopbackRelay().open()
    server = LoopbackServer({"one": relay}, targets=["not an address"])
    with pytest.raises(BadGrant):
        await opening(server, []).open([])
    assert list(server.stops) == ["session-1"]
    relay.close()
