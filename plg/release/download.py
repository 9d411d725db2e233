"""Fetching: bounded in bytes and time, over https alone (or from this very machine), resumed where the line broke."""

import asyncio
import hashlib
import ipaddress
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from plg import __version__
from plg.release.errors import IndexUnreachable, NotTrusted, TooLarge, UnsafeAddress, Untrusted
from plg.release.index_format import MAX_INDEX_BYTES, ReleaseFile
from plg.release.whole_file import told_as

INDEX_TIMEOUT_S: Final = 20.0
"""Implementation. The longest a person waits for half a megabyte."""
DOWNLOAD_TIMEOUT_S: Final = 3600.0
"""Implementation. 20 MB at 45 kbit/s; a server that sends one byte a second for ever is left."""
SILENCE_TIMEOUT_S: Final = 30.0
"""Implementation. A line that says nothing for this long is broken; what came is kept for the next try."""
MAX_REDIRECTS: Final = 5
CHUNK_BYTES: Final = 65_536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole file."""


def safe_address(address: str) -> str:
    """The address itself. Raises UnsafeAddress unless it is https, or http to this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - asking is what checks it
    except ValueError:
        raise UnsafeAddress(address) from None
    if parts.username is not None or not host or not address.isprintable() or " " in address:
        raise UnsafeAddress(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return address
    raise UnsafeAddress(address)


async def fetch_index(address: str) -> bytes:
    """The published file, not yet believed. Raises UnsafeAddress, IndexUnreachable, TooLarge."""
    content = bytearray()
    async with _answer(address, INDEX_TIMEOUT_S, {}) as answer:
        if answer.status != 200:
            raise IndexUnreachable(address, f"HTTP {answer.status}")
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_INDEX_BYTES:
                raise TooLarge(MAX_INDEX_BYTES)
    return bytes(content)


async def fetch_file(index_address: str, file: ReleaseFile, folder: Path, progress: Progress) -> Path:
    """The file beside the index, in `folder`, with exactly the size and the content that were signed.

    What an earlier try left is continued. A line that breaks leaves what came; anything that is wrong leaves nothing. Raises
    UnsafeAddress, IndexUnreachable, NotTrusted, CannotWrite.
    """
    address = urljoin(index_address, file.name)
    part = folder / f"{file.sha256}.part"
    resumed = _usable_bytes(part, file.size)
    try:
        if resumed < file.size:
            await _fetch_rest(address, file, part, resumed, progress)
        if resumed and _digest(part) != file.sha256:
            # The earlier try may have left something else: once more from the beginning before anybody is accused.
            _forget(part)
            await _fetch_rest(address, file, part, 0, progress)
        _must_match(part, file)
    except IndexUnreachable:
        raise
    except Exception:
        _forget(part)
        raise
    return part


async def _fetch_rest(address: str, file: ReleaseFile, part: Path, offset: int, progress: Progress) -> None:
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    async with _answer(address, DOWNLOAD_TIMEOUT_S, headers) as answer:
        begins = _content_begins(answer, offset)
        if begins is None:
            if offset:
                _forget(part)  # the next try begins anew, or a server without that range would be asked for it for ever
            raise IndexUnreachable(address, f"HTTP {answer.status}")
        with _open_part(part, begins) as stream:
            count = begins
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                count += len(chunk)
                if count > file.size:
                    raise NotTrusted(Untrusted.WRONG_SIZE, file.name)
                with told_as(part):  # around the disk alone: a line that breaks is an OSError too
                    _write_all(stream, chunk)
                progress(count, file.size)
            with told_as(part):
                os.fsync(stream.fileno())
    if count != file.size:
        raise NotTrusted(Untrusted.WRONG_SIZE, file.name)


def _content_begins(answer: aiohttp.ClientResponse, offset: int) -> int | None:
    """At which byte of the file this answer's body begins; None when it has no such body."""
    if answer.status == 200:
        return 0
    if answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        return offset
    return None


@asynccontextmanager
async def _answer(address: str, timeout_s: float, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer behind all redirects, each of which must be safe too. Failures of the line become IndexUnreachable."""
    timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=10.0, sock_read=SILENCE_TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(
            timeout=timeout,
            headers={"User-Agent": f"plg/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a netrc entry would sign our calls behind our back
        ) as http:
            target = safe_address(address)
            for _ in range(MAX_REDIRECTS + 1):
                async with http.get(URL(target, encoded=True), headers=headers, allow_redirects=False) as answer:
                    if answer.status not in _REDIRECTS:
                        yield answer
                        return
                    target = _redirected(target, answer.headers.get("Location", ""))
            raise IndexUnreachable(address, "too many redirects")
    except TimeoutError as error:
        raise IndexUnreachable(address, "timed out") from error
    except (aiohttp.ClientError, asyncio.IncompleteReadError, ValueError) as error:  # ValueError: no such host can be
        raise IndexUnreachable(address, str(error) or type(error).__name__) from error


def _redirected(source: str, location: str) -> str:
    """Where a redirect leads. Raises UnsafeAddress: never from https to http, not even on this machine."""
    target = safe_address(urljoin(source, location))
    if urlsplit(source).scheme == "https" and urlsplit(target).scheme != "https":
        raise UnsafeAddress(target)
    return target


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _open_part(part: Path, begins: int) -> FileIO:
    """Made for us alone, never through a link; positioned at `begins`, what follows is cut off. Not buffered: a write that fails must
    not be tried again when the file is closed. Raises CannotWrite."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with told_as(part):
        stream = FileIO(os.open(part, flags, 0o600), "r+b")
        stream.truncate(begins)
        stream.seek(begins)
    return stream


def _write_all(stream: FileIO, chunk: bytes) -> None:
    """An unbuffered write may take less than all, just before a disk is full."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[stream.write(rest) :]


def _usable_bytes(part: Path, size: int) -> int:
    """How much of the file an earlier try left; more than there should be is thrown away."""
    try:
        found = part.lstat().st_size
    except FileNotFoundError:
        return 0
    if found > size or part.is_symlink():
        _forget(part)
        return 0
    return found


def _digest(path: Path) -> str:
    with told_as(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _must_match(part: Path, file: ReleaseFile) -> None:
    if _digest(part) != file.sha256:
        raise NotTrusted(Untrusted.WRONG_CONTENT, file.name)


def _forget(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)
