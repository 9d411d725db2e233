"""The endpoint at which visitors' browsers measure their round trip to this relay: a browser cannot send our UDP probes.

It has a thread of its own, so that a TLS handshake (about 1 ms of arithmetic, without Python's lock) holds up no packet, and it takes
so few connections that what it does under that lock stays below some percent of a processor, whatever strangers send.
"""

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from plg_relay.errors import FailureKind, RelayError
from plg_relay.limits import TokenBucket, source_prefix
from plg_relay.web_ping_talk import PingTalk

MAX_CONNECTIONS = 128
MAX_CONNECTIONS_PER_SOURCE = 8
"""Browsers open at most six to one host."""

ACCEPTS_PER_S = 50.0
"""New connections. Those beyond wait in the kernel's queue or are dropped there, at no cost to us."""

BACKLOG = 64

CONNECTION_S = 20.0
"""The whole life of a connection, handshake included: a visit's pings take a few seconds."""

HANDSHAKE_S = 5.0

START_S = 10.0
END_S = 2.0

log = logging.getLogger(__name__)


def web_ping_tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The certificate (PEM, with its chain) as the endpoint shows it; None without one. Raises RelayError."""
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # An encrypted key must not ask at a terminal that nobody looks at.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
        raise RelayError(
            FailureKind.CONFIG, f"cannot use the certificate {certificate} with the key {key}: {reason}"
        ) from error
    return context


class WebPing:
    """Use as `async with`: it answers inside. `outcomes` counts requests and connections by what became of them."""

    def __init__(self, bound: socket.socket, tls: ssl.SSLContext | None) -> None:
        """`bound` is a TCP socket with its address; it stays the caller's to close."""
        self.outcomes: Counter[str] = Counter()
        self._bound = bound
        self._tls = tls
        self._sources: Counter[str] = Counter()
        self._room = asyncio.Semaphore(MAX_CONNECTIONS)
        self._accepts = TokenBucket(ACCEPTS_PER_S, ACCEPTS_PER_S, time.monotonic())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web ping", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._bound.getsockname()[1])

    async def __aenter__(self) -> Self:
        self._bound.setblocking(False)
        self._bound.listen(BACKLOG)
        self._thread.start()
        await asyncio.to_thread(self._began.wait, START_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it has ended this very moment
                self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, END_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:
            # Players do not need it: the relay goes on without.
            log.exception("the endpoint for browsers' pings has ended")
        finally:
            self._began.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began.set()
        async with asyncio.TaskGroup() as group:
            accepting = group.create_task(self._accept(), name="web ping: accept")
            await self._stop.wait()
            accepting.cancel()

    async def _accept(self) -> None:
        async with asyncio.TaskGroup() as talks:
            while True:
                await self._room.acquire()
                if not self._accepts.take(1.0, time.monotonic()):
                    await asyncio.sleep(1.0 / ACCEPTS_PER_S)
                    self._accepts.take(1.0, time.monotonic())
                talk = await self._next_talk()
                if talk is None:
                    self._room.release()
                else:
                    talks.create_task(talk, name="web ping: talk")

    async def _next_talk(self) -> Coroutine[None, None, None] | None:
        """The next connection's conversation; None when it came to nothing."""
        try:
            opened, address = await asyncio.get_running_loop().sock_accept(self._bound)
        except OSError as error:  # no descriptor is free, or the caller has gone already
            self.outcomes["not_accepted"] += 1
            log.debug("a browser's connection was not accepted: %s", error)
            await asyncio.sleep(1.0 / ACCEPTS_PER_S)
            return None
        source = source_prefix(address[0])
        if self._sources[source] >= MAX_CONNECTIONS_PER_SOURCE:
            opened.close()
            self.outcomes["too_many"] += 1
            return None
        self._sources[source] += 1
        return self._talk(opened, source)

    async def _talk(self, opened: socket.socket, source: str) -> None:
        connection = _Connection(PingTalk(self.outcomes))
        try:
            async with asyncio.timeout(CONNECTION_S):
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: connection,
                    opened,
                    ssl=self._tls,
                    ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_S,
                )
                await connection.ended.wait()
        except TimeoutError:
            self.outcomes["timed_out"] += 1
        except OSError:  # ssl.SSLError is one
            self.outcomes["handshake"] += 1
        finally:
            connection.abort()
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]
            self._room.release()


class _Connection(asyncio.Protocol):
    """Moves bytes between a transport and a PingTalk."""

    def __init__(self, talk: PingTalk) -> None:
        self.ended = asyncio.Event()
        self._talk = talk
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        answer, ends = self._talk.feed(data)
        self._transport.write(answer)
        if ends:
            self._transport.close()

    def pause_writing(self) -> None:
        """Who asks and does not read is not waited for."""
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.ended.set()

    def abort(self) -> None:
        """Without a word."""
        if self._transport is not None:
            self._transport.abort()
