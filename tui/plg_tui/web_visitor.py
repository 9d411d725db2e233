"""One visitor of the dashboard in a browser: a process of its own that draws, and the browser's messages brought to it."""

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

WEB_DRIVER: Final = "textual.drivers.web_driver:WebDriver"
"""Specification (Textual): the driver that speaks with textual-serve over standard input and output."""
FRAMES_PER_S: Final = "30"
"""Implementation. The graph moves ten times a second; more frames would only cost."""
END_WAIT_S: Final = 5.0
"""Implementation. The dashboard closes within a second; one that hangs is ended by force."""

Cells = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Size(msgspec.Struct, frozen=True):
    """Of the browser's terminal, in cells."""

    width: Cells = 80
    height: Cells = 24


class Visitor(AppService):
    """Runs `command` as the words that it is, without a shell; what it says on standard error is ours to say."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], socket: web.WebSocketResponse) -> None:
        super().__init__(
            command[0],
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=self._close,
            download_manager=DownloadManager(),
        )
        self._words = tuple(command)
        self._environ = dict(environ)
        self._socket = socket
        self.process: Process | None = None

    async def _close(self) -> None:
        await self._socket.close()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return self._environ | {
            "TEXTUAL_DRIVER": WEB_DRIVER,
            "TEXTUAL_FPS": FRAMES_PER_S,
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM": "xterm-256color",
            "COLUMNS": str(width),
            "ROWS": str(height),
        }

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self.process = self._process = process = await asyncio.create_subprocess_exec(
            *self._words, stdin=PIPE, stdout=PIPE, env=self._build_environment(width, height)
        )
        self._stdin = process.stdin
        # The pipe that the base class reads to show it on standard output, where only results belong: at its end already.
        process.stderr = asyncio.StreamReader()
        process.stderr.feed_eof()
        return process

    async def run(self) -> None:
        """Also a dashboard that broke down leaves no page that waits for it."""
        try:
            await super().run()
        finally:
            with contextlib.suppress(ConnectionError):
                await self._close()

    async def end(self) -> None:
        """The dashboard is asked to close, and ended when it does not. A tunnel goes on either way."""
        try:
            async with asyncio.timeout(END_WAIT_S):
                await self.stop()
        except (TimeoutError, OSError):
            pass
        finally:
            # Also when whoever asked does not wait for the dashboard's own end: nothing is left running.
            if self.process is not None:
                await _end_by_force(self.process)


async def _end_by_force(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    try:
        await process.wait()
    except asyncio.CancelledError:
        await process.wait()  # a moment, as it was killed; without it nobody would take note of its end
        raise


async def serve_visitor(visitor: Visitor, socket: web.WebSocketResponse, size: Size) -> None:
    """Until the browser or the dashboard has gone. What the browser sends is checked; what makes no sense is left out."""
    try:
        await visitor.start(size.width, size.height)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await _pass_on(visitor, socket, message.data)
    finally:
        await visitor.end()


async def _pass_on(visitor: Visitor, socket: web.WebSocketResponse, text: str) -> None:
    try:
        message = msgspec.json.decode(text, type=list[msgspec.Raw])
        kind = msgspec.json.decode(message[0], type=str) if message else ""
        rest = message[1] if len(message) > 1 else msgspec.Raw(b"null")
        match kind:
            case "stdin":
                await visitor.send_bytes(msgspec.json.decode(rest, type=str).encode(errors="replace"))
            case "resize":
                size = msgspec.json.decode(rest, type=Size)
                await visitor.set_terminal_size(size.width, size.height)
            case "ping":
                await socket.send_json(
                    ["pong", msgspec.json.decode(rest, type=Annotated[str, msgspec.Meta(max_length=32)])]
                )
            case "focus":
                await visitor.focus()
            case "blur":
                await visitor.blur()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
