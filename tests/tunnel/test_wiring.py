"""The real parts: sockets that the capture lets pass, and the first cause of a failure."""

import asyncio

from plg.api.errors import ServerUnreachable, UnreachableReason
from plg.contract.sessions import StartSessionRequest
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.wiring import first_cause, open_path
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


def test_the_real_cause_is_found_inside_groups() -> None:
    cause = ServerUnreachable("http://x", UnreachableReason.OTHER)
    assert first_cause(BaseExceptionGroup("", [asyncio.CancelledError(), ExceptionGroup("", [cause])])) is cause


async def test_a_way_to_a_relay_is_opened_from_the_interface_that_was_asked_for() -> None:
    relay = LoopbackRelay().open()
    grant = await LoopbackServer({"one": relay}).start_session(StartSessionRequest(game="lab-game"))
    paths = [await open_path(grant.relay, interface) for interface in (None, LocalInterface("lo"))]
    for path in paths:
        path.start(lambda _datagrams: None)
        path.send(b"\x00" * 64)
    async with asyncio.timeout(5):
        while len(relay.sources) < 2:  # noqa: ASYNC110 - filled by the relay's reader
            await asyncio.sleep(0.01)
    for path in paths:
        path.close()
    relay.close()
