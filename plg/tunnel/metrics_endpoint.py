"""A local door for Prometheus: `GET /metrics` of the running tunnel.

Small on purpose: it lives on the loop that carries packets, so it never waits for a client, holds few of them, and makes the text at most
a few times a second however often it is asked.
"""

import asyncio
import contextlib
import ipaddress
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from plg.contract.cli_output import StatusDocument
from plg.tunnel.grants import HostPort
from plg.tunnel.metrics_text import CONTENT_TYPE, ProcessFigures, exposition

MAX_REQUEST_BYTES: Final = 8192
"""Implementation. A scraper's request has a few hundred."""
MAX_CLIENTS: Final = 8
MAX_REQUESTS_PER_S: Final = 50
"""Implementation. Prometheus asks every few seconds; whoever asks more often than this is hung up on."""
CLIENT_TIMEOUT_S: Final = 3.0
KEPT_TEXT_S: Final = 0.25
"""Implementation. How long an answer is given again instead of made anew."""

DEFAULT_HOST: Final = "127.0.0.1"


class MetricsEndpoint:
    """Serves one tunnel's figures from `open()` to `close()`."""

    def __init__(self, read_status: Callable[[], StatusDocument], place: HostPort, version: str) -> None:
        self._read_status = read_status
        self._place = place
        self._version = version
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._asked_at_s: deque[float] = deque(maxlen=MAX_REQUESTS_PER_S)
        self._text: bytes = b""
        self._made_at_s = float("-inf")

    async def open(self) -> HostPort:
        """Listens, and gives the address (the port, where 0 was asked for). Raises OSError."""
        self._server = await asyncio.start_server(
            self._serve, self._place.host, self._place.port, limit=MAX_REQUEST_BYTES, backlog=MAX_CLIENTS
        )
        return HostPort(self._place.host, int(self._server.sockets[0].getsockname()[1]))

    async def close(self) -> None:
        """Nobody is waited for."""
        if self._server is None:
            return
        self._server.close()
        clients = set(self._clients)
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= MAX_CLIENTS or self._is_too_often():
            writer.transport.abort()
            return
        self._clients.add(task)
        try:
            async with asyncio.timeout(CLIENT_TIMEOUT_S):
                writer.write(self._answer(await reader.readuntil(b"\r\n\r\n")))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # TimeoutError is an OSError
            pass  # slow, wrong or gone: its own affair
        finally:
            self._clients.discard(task)
            writer.transport.abort()

    def _is_too_often(self) -> bool:
        now_s = time.monotonic()
        full = len(self._asked_at_s) == MAX_REQUESTS_PER_S
        if full and now_s - self._asked_at_s[0] < 1.0:
            return True
        self._asked_at_s.append(now_s)
        return False

    def _answer(self, request: bytes) -> bytes:
        lines = request.split(b"\r\n")
        words = lines[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _response(400, b"not understood\n")
        method, target, _version = words
        if not self._is_for_us(lines[1:]):
            return _response(421, b"ask by address\n")
        if target.partition(b"?")[0] != b"/metrics":
            return _response(404, b"see /metrics\n")
        if method not in {b"GET", b"HEAD"}:
            return _response(405, b"only GET\n")
        answer = _response(200, self._metrics())
        return answer if method == b"GET" else answer[: answer.index(b"\r\n\r\n") + 4]

    def _is_for_us(self, headers: list[bytes]) -> bool:
        """On loopback only requests by address or as localhost: a web page whose name leads here must not read the figures."""
        if not is_loopback(self._place.host):
            return True
        named = [line.partition(b":")[2].strip() for line in headers if line.lower().startswith(b"host:")]
        if len(named) > 1:
            return False
        host = named[0].decode("latin-1").lower() if named else "localhost"
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        return is_loopback(name)

    def _metrics(self) -> bytes:
        now_s = time.monotonic()
        if now_s - self._made_at_s >= KEPT_TEXT_S:
            self._text = exposition(self._read_status(), process_figures(), self._version).encode()
            self._made_at_s = now_s
        return self._text


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it, or can be meant by it."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def process_figures() -> ProcessFigures:
    """Of this very process."""
    import psutil

    return ProcessFigures(time.process_time(), int(psutil.Process(os.getpid()).memory_info().rss))


_PHRASES = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 421: "Misdirected Request"}


def _response(status: int, body: bytes) -> bytes:
    allow = "Allow: GET, HEAD\r\n" if status == 405 else ""
    kind = CONTENT_TYPE if status == 200 else "text/plain; charset=utf-8"
    head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{allow}"
    return f"{head}Connection: close\r\nCache-Control: no-store\r\n\r\n".encode() + body
