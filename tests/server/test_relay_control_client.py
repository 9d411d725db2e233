"""Calls to relays' control API: made soon, and harmless when they fail."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from plg.contract.relay_control import RevokeRequest
from plg_server import relay_control_client
from plg_server.relay_control_client import RelayControl

REVOCATION = RevokeRequest(cid="0123456789abcdef", expires_at_s=2_000_000_000)


async def test_a_revocation_arrives_with_the_relays_control_key() -> None:
    heard: list[tuple[str | None, Any]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append((request.headers.get("X-Relay-Key"), await request.json()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/v1/revocations", take)
    async with TestServer(app) as server, RelayControl() as control:
        control.push(str(server.make_url("/")), "key", REVOCATION)
        await control.idle()

    assert heard == [("key", {"cid": "0123456789abcdef", "user_ref": None, "expires_at_s": 2_000_000_000})]
    assert control.failed == 0


async def test_a_relay_that_is_away_refuses_or_redirects_is_counted_and_nothing_else_happens() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=401)

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:9/elsewhere")

    app = web.Application()
    app.router.add_post("/refuses/v1/revocations", refuse)
    app.router.add_post("/redirects/v1/revocations", redirect)
    async with TestServer(app) as server, RelayControl() as control:
        base = str(server.make_url("/"))
        for url in (
            f"http://127.0.0.1:{unused_port()}",
            base + "refuses",
            base + "redirects",
            "http://[bad",
            "nonsense",
        ):
            control.push(url, "key", REVOCATION)
        await control.idle()

    assert control.failed == 5


async def test_a_relay_that_hangs_is_given_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(relay_control_client, "CALL_TIMEOUT_S", 0.2)
    release = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/v1/revocations", hang)
    async with TestServer(app) as server, RelayControl() as control:
        control.push(str(server.make_url("/")), "key", REVOCATION)
        await control.idle()
        release.set()

    assert control.failed == 1


async def test_more_calls_than_the_queue_holds_are_dropped_and_counted(monkeypatch: Any) -> None:
    monkeypatch.setattr(relay_control_client, "QUEUE_LENGTH", 2)
    control = RelayControl()
    for _ in range(5):
        control.push("http://127.0.0.1:9", "key", REVOCATION)
    assert control.dropped == 3


async def test_a_drain_is_told_and_a_failure_comes_back_as_one_line() -> None:
    heard: list[tuple[str | None, Any]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append((request.headers.get("X-Relay-Key"), await request.json()))
        return web.json_response({})

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_post("/v1/drain", take)
    app.router.add_post("/refuses/v1/drain", refuse)
    async with TestServer(app) as server, RelayControl() as control:
        base = str(server.make_url("/"))
        assert await control.drain(base, "key", 60) is None
        refused = await control.drain(base + "refuses", "key", 60)
        away = [
            await control.drain(url, "key", 0) for url in (f"http://127.0.0.1:{unused_port()}", "http://[bad", None)
        ]

    assert heard == [("key", {"seconds": 60})]
    assert refused is not None
    assert "401" in refused
    assert all(why is not None and "\n" not in why and "key" not in why for why in away)
