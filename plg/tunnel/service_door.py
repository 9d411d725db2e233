"""The service's own door: a socket that one user (and root) may use, and nobody else.

Whoever knocks is known by the kernel's word (SO_PEERCRED), not by what he says; on a loopback port, where the system tells no owner, by a
token from a private file. Every request is one bounded line; whoever is slow, silent or wrong is shown out.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import stat
import struct
from hmac import compare_digest
from pathlib import Path
from typing import Final, Protocol

import msgspec

from plg.tunnel.control_protocol import PortFile
from plg.tunnel.runtime_place import socket_address
from plg.tunnel.service_protocol import (
    MAX_REQUEST_BYTES,
    BadServiceMessage,
    CommandEnd,
    ServiceAbout,
    ServiceAnswer,
    ServiceRequest,
    encode,
    read_request,
)

MAX_CLIENTS: Final = 8
"""Implementation. One command, a dashboard and a status bar of one person."""
REQUEST_TIMEOUT_S: Final = 5.0
SHOW_OUT_S: Final = 0.2
"""Implementation. How long a refused client's request is waited for; clients send it at once."""
WRITE_TIMEOUT_S: Final = 5.0
_PEER_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


class ServiceBusy(Exception):
    """Another command of the user is under way."""


class CannotRun(Exception):
    """The command cannot be started, or takes too long; one line."""


class ServiceDesk(Protocol):
    """What the door leads to. `run` and `end_tunnel` raise ServiceBusy or CannotRun."""

    def about(self) -> ServiceAbout: ...

    async def run(self, request: ServiceRequest, /) -> CommandEnd:
        """Connect or restore, as the user, to the command's end."""

    async def end_tunnel(self, request: ServiceRequest, /) -> CommandEnd:
        """Disconnect what `request` connected; harmless when it has ended."""


class DirectoryUnsafe(Exception):
    """Somebody else could replace the socket; one line."""


class ServiceDoor:
    """Serves one user. With `user_id` None a loopback port, told in the private file `path`; else a Unix socket at `path`, whose directory
    is made for root alone to write to. Only one service may hold a path: the caller sees to that.
    """

    def __init__(self, path: Path, user_id: int | None, desk: ServiceDesk) -> None:
        self._path = path
        self._user_id = user_id
        self._desk = desk
        self._token = "" if user_id is not None else secrets.token_urlsafe(32)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Raises OSError or DirectoryUnsafe."""
        if self._user_id is not None:
            self._server = await asyncio.start_unix_server(self._serve, sock=self._bind(), limit=MAX_REQUEST_BYTES)
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_REQUEST_BYTES)
        self._path.unlink(missing_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(PortFile(int(self._server.sockets[0].getsockname()[1]), self._token)))

    async def close(self) -> None:
        """Shut the door; conversations under way are broken off."""
        if self._server is None:
            return
        self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    def _bind(self) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(self._path.lstat().st_mode):
                raise FileExistsError(17, "is in the way and is no socket", str(self._path))
            self._path.unlink()
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            before = os.umask(0o177)  # from its first moment on nobody else can open it
            try:
                with socket_address(self._path) as address:
                    opened.bind(address)
            finally:
                os.umask(before)
            if self._user_id != os.geteuid():
                os.chown(self._path, int(self._user_id or 0), -1, follow_symlinks=False)
        except BaseException:
            opened.close()
            raise
        return opened

    # --- one client --------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._clients.add(task)
        try:
            if not self._is_owner(writer):
                await self._show_out(reader, writer, "refused", "this service is for another user")
            elif len(self._clients) > MAX_CLIENTS:
                await self._show_out(reader, writer, "busy", "too many clients")
            else:
                await self._converse(reader, writer)
        except OSError:  # TimeoutError is one
            pass  # gone, or not reading: its own affair
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await writer.wait_closed()
            self._clients.discard(task)

    def _is_owner(self, writer: asyncio.StreamWriter) -> bool:
        if self._user_id is None:
            return True  # the token decides
        peer = writer.get_extra_info("socket")
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
        _, uid, _ = _PEER_CREDENTIALS.unpack(packed)
        return uid in {0, self._user_id}

    async def _show_out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, code: str, why: str) -> None:
        """Refuse without listening; the request is still taken off the socket, or closing it would take the answer away too."""
        await self._answer(writer, ServiceAnswer(error=why, code=code))
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
            text = f"a request has at most {MAX_REQUEST_BYTES} bytes"
            await self._answer(writer, ServiceAnswer(error=text, code="bad_request"))
            return
        except BadServiceMessage as error:
            await self._answer(writer, ServiceAnswer(error=str(error), code="bad_request"))
            return
        if self._user_id is None and not compare_digest(request.token.encode(), self._token.encode()):
            await self._answer(writer, ServiceAnswer(error="wrong token", code="refused"))
        elif request.ask == "about":
            await self._answer(writer, ServiceAnswer(about=self._desk.about()))
        else:
            await self._run(reader, writer, request)

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: ServiceRequest) -> None:
        try:
            end = await self._desk.run(request)
        except ServiceBusy:
            await self._answer(writer, ServiceAnswer(error="another command of yours is under way", code="busy"))
            return
        except CannotRun as error:
            await self._answer(writer, ServiceAnswer(error=str(error), code="failed"))
            return
        # Who hung up before the answer (Ctrl-C while it connected) wants no tunnel any more.
        is_held = (request.attached or reader.at_eof()) and request.ask == "connect" and end.exit_code == 0
        try:
            await self._answer(writer, ServiceAnswer(end=end))
            while is_held and await reader.read(MAX_REQUEST_BYTES):
                pass  # there is nothing more to say: only the end of the conversation counts
        finally:
            if is_held:
                with contextlib.suppress(ServiceBusy, CannotRun):
                    await self._desk.end_tunnel(request)

    async def _answer(self, writer: asyncio.StreamWriter, answer: ServiceAnswer) -> None:
        """Raises OSError or TimeoutError when the client is gone or does not read."""
        writer.write(encode(answer))
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await writer.drain()


def make_service_directory(path: Path) -> None:
    """A directory in which only this process's user (root) can put a socket, and everybody can look. Raises DirectoryUnsafe or OSError."""
    made = []
    for step in (path.parent, path):
        try:
            step.mkdir(mode=0o755)
            made.append(step)
        except FileExistsError:
            pass
    for step in made:
        step.chmod(0o755)  # whatever the umask was
    for step in (path, path.parent):
        found = step.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise DirectoryUnsafe(f"{step} is no directory that only user {os.geteuid()} can change")
