"""HTTP servers for the client's tests: the real PLG server, and one that answers what a test wrote for it; each in a thread of its own."""

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from aiohttp import web

from plg_server.app import create_app
from plg_server.config import load_config

START_S = 90.0
"""Migrating and opening a new SQLite database takes a second; two busy cores need more."""


@contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """Serves `app` on a loopback port that the system chooses; the base URL. Everything is closed when the block ends."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)

    async def start() -> str:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.run_until_complete(settle())

    async def settle() -> None:
        """Closed connections say so to their transports one turn of the loop later."""
        for _turn in range(5):
            await asyncio.sleep(0)
        await loop.shutdown_default_executor()

    thread = threading.Thread(target=run, name="local server")
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(START_S)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_S)
        loop.close()


def real_server(data_dir: Path) -> web.Application:
    """The PLG server on SQLite in `data_dir`, with its limits of tries per minute off and nothing to say below an error."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return create_app(load_config(None, {}, {"data_dir": str(data_dir), "rate_limits_on": False}))


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that the scripted server got."""

    method: str
    path: str
    query: dict[str, str]
    token: str | None
    body: bytes


@dataclass
class Script:
    """Answers for each "METHOD /path", used up in order; the last one stays. Anything else is a 404 without a problem document."""

    answers: Mapping[str, list[web.Response]]
    seen: list[Seen] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    def slow_app(self) -> web.Application:
        """Takes every request and answers none while the client waits."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._wait)
        return app

    async def _wait(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.path, dict(request.query), None, b""))
        await asyncio.Event().wait()
        return web.Response(status=503)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization")
        token = authorization.removeprefix("Bearer ") if authorization else None
        self.seen.append(Seen(request.method, request.path, dict(request.query), token, await request.read()))
        left = self.answers.get(f"{request.method} {request.path}")
        if not left:
            return web.Response(status=404, text="nothing here")
        answer = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def json_answer(body: bytes, status: int = 200) -> web.Response:
    """A contract body."""
    return web.Response(status=status, body=body, content_type="application/json")


def problem_answer(status: int, code: str, detail: str = "no", *, nearest: list[str] | None = None) -> web.Response:
    """A problem document."""
    body = {
        "title": "t",
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": "r-1",
        "nearest": nearest or [],
    }
    return web.json_response(body, status=status, content_type="application/problem+json")
