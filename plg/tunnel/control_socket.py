"""The running tunnel's door for its owner: status, watch, record, disconnect.

A Unix socket that only its owner can open (and root); where there are none, a loopback port with a token in a private file. Every
request is one bounded line; whoever is slow, silent or wrong is shown out.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import stat
import struct
import sys
from collections import deque
from hmac import compare_digest
from typing import Final, Protocol

import msgspec

from plg.contract.cli_output import DisconnectDocument, StatusDocument
from plg.tunnel.control_protocol import (
    MAX_REQUEST_BYTES,
    BadControlMessage,
    ControlAnswer,
    ControlRequest,
    PortFile,
    StopMode,
    encode,
    read_request,
)
from plg.tunnel.live_recording import LiveRecording
from plg.tunnel.path_recorder import Take
from plg.tunnel.runtime_place import RuntimePlace, socket_address

MAX_CLIENTS: Final = 16
"""Implementation. One status bar, one dashboard and a few scripts."""
REQUEST_TIMEOUT_S: Final = 5.0
SHOW_OUT_S: Final = 0.2
"""Implementation. How long a refused client's request is waited for; clients send it at once."""
RECORD_LOOK_S: Final = 0.5
"""Implementation. A full block waits so long for its way to the file: they come about every four seconds."""
WRITE_TIMEOUT_S: Final = 2.0
"""Implementation. A reader that takes no line for so long has stopped; the tunnel does not wait for it."""
_PEER_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


class ControlledTunnel(Protocol):
    """What the door leads to."""

    def status(self) -> StatusDocument: ...

    def live_flow_count(self) -> int:
        """How many relayed flows somebody seems to play on."""

    def request_stop(self, mode: StopMode) -> None:
        """Begin to leave: `wait` when no match is live any more, else at once."""

    async def wait_stopped(self) -> DisconnectDocument:
        """Returns when everything is put back."""

    def record(self, take: Take) -> LiveRecording | None:
        """Begin to take down what the paths do; None when that is being done already."""


class ControlSocket:
    """Serves one tunnel. `open()` replaces what a crashed run left: call it only while holding the run lock."""

    def __init__(
        self, place: RuntimePlace, tunnel: ControlledTunnel, *, use_port: bool = sys.platform == "win32"
    ) -> None:
        self._place = place
        self._tunnel = tunnel
        self._use_port = use_port
        self._token = secrets.token_urlsafe(32) if use_port else ""
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Raises OSError."""
        if self._use_port:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_REQUEST_BYTES)
            port = int(self._server.sockets[0].getsockname()[1])
            self._write_port_file(PortFile(port, self._token))
        else:
            self._server = await asyncio.start_unix_server(self._serve, sock=self._bind(), limit=MAX_REQUEST_BYTES)

    async def close(self) -> None:
        """Shut the door: answers that are under way are finished first, then nothing stays behind."""
        if self._server is None:
            return
        self._server.close()
        if self._clients:
            _, late = await asyncio.wait(self._clients, timeout=WRITE_TIMEOUT_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        path = self._place.control_port_file if self._use_port else self._place.control_socket
        path.unlink(missing_ok=True)

    def _bind(self) -> socket.socket:
        path = self._place.control_socket
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise FileExistsError(17, "is in the way and is no socket", str(path))
            path.unlink()
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with socket_address(path) as address:
                opened.bind(address)
            path.chmod(0o600)
            owner = self._place.owner_uid
            if owner is not None and owner != os.geteuid():
                os.chown(path, owner, -1, follow_symlinks=False)
        except BaseException:
            opened.close()
            raise
        return opened

    def _write_port_file(self, content: PortFile) -> None:
        path = self._place.control_port_file
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(content))

    # --- one client --------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._clients.add(task)
        try:
            if len(self._clients) > MAX_CLIENTS:
                await self._show_out(reader, writer, "too many clients")
            elif not self._is_owner(writer):
                await self._show_out(reader, writer, "only the owner of the tunnel may ask")
            else:
                await self._converse(reader, writer)
        except OSError:  # TimeoutError is one
            pass  # gone, or not reading: its own affair
        finally:
            await _hang_up(writer)
            self._clients.discard(task)

    def _is_owner(self, writer: asyncio.StreamWriter) -> bool:
        """The directory's rights keep strangers out already; this holds where somebody widened them."""
        if self._use_port or not hasattr(socket, "SO_PEERCRED"):
            return True
        peer = writer.get_extra_info("socket")
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
        _, uid, _ = _PEER_CREDENTIALS.unpack(packed)
        return uid in {0, os.geteuid(), self._place.owner_uid}

    async def _show_out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, why: str) -> None:
        """Refuse without listening; the request is still taken off the socket, or closing it would take the answer away too."""
        await self._answer(writer, ControlAnswer(error=why))
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(SHOW_OUT_S):
                await reader.readuntil(b"\n")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                line = await reader.readuntil(b"\n")
            request = read_request(line)
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            await self._answer(writer, ControlAnswer(error=f"a request has at most {MAX_REQUEST_BYTES} bytes"))
            return
        except BadControlMessage as error:
            await self._answer(writer, ControlAnswer(error=str(error)))
            return
        if self._use_port and not compare_digest(request.token.encode(), self._token.encode()):
            await self._answer(writer, ControlAnswer(error="wrong token"))
        elif request.ask == "status":
            await self._answer(writer, ControlAnswer(status=self._tunnel.status()))
        elif request.ask == "watch":
            await self._watch(writer, request.interval_s)
        elif request.ask == "record":
            await self._record(reader, writer)
        elif request.ask == "disconnect":
            await self._disconnect(writer, request)
        else:
            await self._answer(writer, ControlAnswer(error="ask for status, watch, record or disconnect"))

    async def _watch(self, writer: asyncio.StreamWriter, interval_s: float) -> None:
        """A status now and every `interval_s`, until the client goes or the tunnel ends."""
        while not writer.is_closing():
            await self._answer(writer, ControlAnswer(status=self._tunnel.status()))
            try:
                async with asyncio.timeout(interval_s):
                    await self._tunnel.wait_stopped()
            except TimeoutError:
                continue
            await self._answer(writer, ControlAnswer(status=self._tunnel.status()))
            return

    async def _record(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Blocks of the file as they are made, until the client closes its end, the tunnel ends or the file is full."""
        blocks: deque[bytes] = deque()
        recording = self._tunnel.record(blocks.append)
        if recording is None:
            await self._answer(writer, ControlAnswer(error="a recording is running already"))
            return
        try:
            while not recording.is_over and not reader.at_eof():
                while blocks:
                    await self._answer(writer, ControlAnswer(recording=blocks.popleft()))
                try:
                    async with asyncio.timeout(RECORD_LOOK_S):
                        await self._tunnel.wait_stopped()
                except TimeoutError:
                    continue
                break
        finally:
            recording.stop()
        while blocks:
            await self._answer(writer, ControlAnswer(recording=blocks.popleft()))

    async def _disconnect(self, writer: asyncio.StreamWriter, request: ControlRequest) -> None:
        live = self._tunnel.live_flow_count()
        if live and request.mode is StopMode.ASK:
            await self._answer(writer, ControlAnswer(live_flows=live))
            return
        if live and request.mode is StopMode.WAIT:
            await self._answer(writer, ControlAnswer(waiting_for=live))
        self._tunnel.request_stop(StopMode.WAIT if request.mode is StopMode.WAIT else StopMode.NOW)
        await self._answer(writer, ControlAnswer(disconnected=await self._tunnel.wait_stopped()))

    async def _answer(self, writer: asyncio.StreamWriter, answer: ControlAnswer) -> None:
        """Raises OSError or TimeoutError when the client is gone or does not read."""
        writer.write(encode(answer))
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await writer.drain()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close, with what was said before still delivered to a client that reads."""
    writer.close()
    try:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await writer.wait_closed()
    except OSError:  # TimeoutError is one
        writer.transport.abort()
