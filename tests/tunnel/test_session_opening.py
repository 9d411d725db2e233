"""From the server's word to an established session."""

import asyncio
import os
import time

import pytest

from plg.contract.sessions import RelayEndpoint, RelayMeasurement, StartSessionRequest
from plg.tunnel.clock import LoopClock
from plg.tunnel.grants import BadGrant
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.session_opening import SessionOpening
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


async def open_path(relay: RelayEndpoint, interface: LocalInterface | None) -> RelayPath:
    assert interface is None
    return RelayPath(await find_relay(relay.host, relay.port))


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


async def test_the_order_of_exits_goes_to_the_server_without_those_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.protocol.client_session.HANDSHAKE_TIMEOUT_S", 0.3)
    silent, relay = LoopbackRelay().open(), LoopbackRelay(relay_id=43).open()
    silent.close()
    server = LoopbackServer({"other": relay, "dead": silent})
    opened = await opening(server, []).open([], ["dead", "other"])
    assert opened.grant.relay.node_id == "other"
    assert [request.exit_ids for request in server.starts] == [["dead", "other"], ["other"]]
    assert opened.unix_ms_offset + LoopClock().time() * 1000 == pytest.approx(time.time() * 1000, abs=2000)
    opened.link.close()
    await asyncio.sleep(0.1)
    relay.close()
