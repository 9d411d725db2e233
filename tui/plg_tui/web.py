"""The dashboard in a browser of this machine: `plg dashboard --web`.

Nobody logs in to it, so it listens on loopback alone, its address holds a key that only this terminal shows, and it answers only
requests that name it as a browser of this machine does (the Host header; the Origin of the socket): a page of somebody else that
makes the browser call it, also under a name that leads here (DNS rebinding), gets nothing.
"""

import asyncio
import contextlib
import ipaddress
import secrets
import signal
import socket as sockets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from plg_tui.web_page import HEADERS, PAGE_SCRIPT, PAGE_STYLE, STATIC_FILES, page
from plg_tui.web_visitor import Size, Visitor, serve_visitor

KEY_BYTES: Final = 24
"""Implementation. 192 random bits: not to be guessed by another account of this machine."""
MOST_VISITORS: Final = 4
"""Implementation. Each is a process of some 80 MB; a person has a few tabs open by mistake, not more."""
MAX_MESSAGE_BYTES: Final = 256_000
"""Implementation. A large paste fits."""
PING_EVERY_S: Final = 15.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotLoopback(ValueError):
    """The dashboard may not listen there."""


def loopback_address(host: str) -> str:
    """The IP address to listen on. Raises NotLoopback for whatever others could reach."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise NotLoopback(host) from None
    if not address.is_loopback:
        raise NotLoopback(host)
    return str(address)


def host_names(address: str, port: int) -> frozenset[str]:
    """The Host headers that a browser of this machine sends."""
    own = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return frozenset({own, f"localhost:{port}"})


class WebDashboard:
    """`command` draws for one visitor. Raises OSError when it cannot listen."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], *, host: str, port: int) -> None:
        self._command = tuple(command)
        self._environ = dict(environ)
        self._address = loopback_address(host)
        self._key = secrets.token_urlsafe(KEY_BYTES)
        self._visitors = 0
        self._open: set[web.WebSocketResponse] = set()
        family = sockets.AF_INET6 if ":" in self._address else sockets.AF_INET
        self._socket = sockets.socket(family, sockets.SOCK_STREAM)
        try:
            self._socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            self._socket.bind((self._address, port))
        except BaseException:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._hosts = host_names(self._address, self.port)

    @property
    def url(self) -> str:
        """With the key: for this person's eyes."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self.port}/{self._key}/"

    def close(self) -> None:
        """For a dashboard that is not served; `serve` closes by itself."""
        self._socket.close()

    async def serve(self, ready: Callable[[], object]) -> None:
        """Until it is cancelled, or told to end by a signal; every visitor's process has ended then."""
        runner = web.AppRunner(self._app(), access_log=None, handle_signals=False)
        try:
            await runner.setup()
            await web.SockSite(runner, self._socket).start()
            ready()
            await _until_told_to_end()
        finally:
            for opened in list(self._open):
                await opened.close()
            await runner.cleanup()
            self._socket.close()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=1)
        base = f"/{self._key}"
        statics = _statics_folder()
        app.add_routes([web.get(f"{base}/", self._index), web.get(f"{base}/ws", self._visit)])
        app.add_routes([web.get(f"{base}/page.css", _text(PAGE_STYLE, "text/css"))])
        app.add_routes([web.get(f"{base}/page.js", _text(PAGE_SCRIPT, "text/javascript"))])
        for name, (place, kind) in STATIC_FILES.items():
            app.add_routes([web.get(f"{base}/{name}", _file(statics / place, kind))])
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses before anything is looked up: what a stranger's page can send is always wrong in one of these."""
        if request.headers.getall("Host", []) not in [[host] for host in self._hosts]:
            return web.Response(status=421, text="421: not a name of this dashboard\n", headers=HEADERS)
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return web.Response(status=403, text="403: another page may not call the dashboard\n", headers=HEADERS)
        try:
            answer = await handler(request)
        except web.HTTPException as refusal:
            return web.Response(status=refusal.status, text=f"{refusal.status}: {refusal.reason}\n", headers=HEADERS)
        if not answer.prepared:
            answer.headers.update(HEADERS)
        return answer

    async def _index(self, request: web.Request) -> web.Response:
        return web.Response(text=page(f"ws://{request.host}/{self._key}/ws"), content_type="text/html")

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden
        if self._visitors >= MOST_VISITORS:
            raise web.HTTPServiceUnavailable
        try:
            size = msgspec.convert(dict(request.query), Size, strict=False)
        except msgspec.ValidationError:
            size = Size()
        self._visitors += 1
        opened = web.WebSocketResponse(heartbeat=PING_EVERY_S, max_msg_size=MAX_MESSAGE_BYTES)
        try:
            await opened.prepare(request)
            self._open.add(opened)
            with contextlib.suppress(ConnectionResetError):
                await serve_visitor(Visitor(self._command, self._environ, opened), opened, size)
        finally:
            self._open.discard(opened)
            self._visitors -= 1
        return opened


async def _until_told_to_end() -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    caught = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, told.set)
        except (NotImplementedError, RuntimeError):  # Windows, or not the main thread: Ctrl-C cancels instead
            continue
        caught.append(number)
    try:
        await told.wait()
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


def _statics_folder() -> Path:
    found = find_spec("textual_serve")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("textual_serve", name="textual_serve")
    return Path(found.origin).parent / "static"


def _text(text: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind)

    return answer


def _file(path: Path, kind: str) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    async def answer(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers={"Content-Type": kind})

    return answer
