"""Newer tickets: to the right exit, one at a time, and only counted when it says that it took them."""

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from plg.capture.packet_source import FlowKey
from plg.contract.sessions import RelayEndpoint, SessionGrant, StartSessionRequest
from plg.protocol.destination import AccessList
from plg.protocol.events import ClientEvent, TicketRenewed
from plg.tunnel.clock import LoopClock
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.flow_routes import Approvals, FlowRoutes
from plg.tunnel.grants import BadGrant
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.session_opening import SessionOpening
from plg.tunnel.ticket_desk import TicketDesk
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.scripted_source import ScriptedSource

if TYPE_CHECKING:
    from plg.tunnel.relay_link import RelayLink

STRANGER = FlowKey(50000, "198.20.9.9", 27015)


async def open_path(relay: RelayEndpoint, interface: LocalInterface | None) -> RelayPath:
    return RelayPath(await find_relay(relay.host, relay.port))


class Desk:
    """A desk for one session on a loopback relay."""

    def __init__(self) -> None:
        self.relay = LoopbackRelay().open()
        self.server = LoopbackServer({"one": self.relay})
        self.clock = LoopClock()
        self.source = ScriptedSource()
        routes = FlowRoutes(AccessList(()), Approvals(anywhere=True))
        self.engine = TunnelEngine(self.source, routes, self.clock, lambda _key: None)
        self.source.handler = self.engine.handle_packet
        self.events: list[TunnelEvent] = []
        self.taken: list[SessionGrant] = []
        self.current: tuple[SessionGrant, RelayLink] | None = None
        self.desk = TicketDesk(self.server, self.engine, lambda: self.current, self.take, self.events.append)

    async def open(self) -> "Desk":
        opening = SessionOpening(
            self.server, StartSessionRequest(game="lab-game"), open_path, self.clock, os.urandom, self.events.append
        )
        opened = await opening.open([])
        self.current = (opened.grant, opened.link)
        opened.link.on_event = self.heard
        self.engine.use(opened.link)
        return self

    def heard(self, event: ClientEvent) -> None:
        if isinstance(event, TicketRenewed):
            self.desk.accepted()

    async def take(self, grant: SessionGrant) -> None:
        self.taken.append(grant)

    async def close(self) -> None:
        if self.current is not None:
            self.current[1].close()
        await asyncio.sleep(0.1)
        self.relay.close()

    def grant(self) -> SessionGrant:
        assert self.current is not None
        return self.current[0]


async def test_a_newer_ticket_counts_when_the_exit_has_taken_it() -> None:
    desk = await Desk().open()
    fresh = await desk.server.renew_session(desk.grant().session_id)
    await desk.desk.bring(fresh)
    assert len(desk.relay.brain.taken_tickets) == 1
    assert desk.taken == [fresh]
    await desk.close()


async def test_an_exit_that_does_not_answer_did_not_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.tunnel.ticket_desk.TICKET_ACCEPTED_S", 0.2)
    desk = await Desk().open()
    fresh = await desk.server.renew_session(desk.grant().session_id)
    desk.relay.close()
    with pytest.raises(TimeoutError):
        await desk.desk.bring(fresh)
    assert desk.taken == []
    await desk.close()


async def test_tickets_of_another_session_or_for_no_session_are_refused() -> None:
    desk = await Desk().open()
    fresh = await desk.server.renew_session(desk.grant().session_id)
    for wrong in ({"session_id": "another"}, {"cid": "0" * 16}):
        with pytest.raises(BadGrant):
            await desk.desk.bring(msgspec.structs.replace(fresh, **wrong))
    current, desk.current = desk.current, None
    with pytest.raises(BadGrant):
        await desk.desk.bring(fresh)
    desk.current = current
    await desk.close()


async def test_while_there_is_no_session_a_destination_goes_direct_without_asking() -> None:
    desk = await Desk().open()
    desk.source.game_sends(STRANGER, b"first")
    current, desk.current = desk.current, None
    await desk.desk.approve(STRANGER)
    assert desk.server.approvals == []
    assert desk.source.direct == [(STRANGER, b"first")]
    desk.current = current
    await desk.close()


async def test_an_approved_destination_is_told_and_carried() -> None:
    desk = await Desk().open()
    desk.source.game_sends(STRANGER, b"first")
    await desk.desk.approve(STRANGER)
    assert [event.what for event in desk.events] == [Happening.RELAY_CHOSEN, Happening.TARGET_APPROVED]
    async with asyncio.timeout(5):
        while not desk.relay.brain.arrived:  # noqa: ASYNC110 - filled by the relay's reader
            await asyncio.sleep(0.01)
    await desk.close()
