"""Downloads that an operator puts up: a folder with a signed index (ops/packaging makes it) and, if wanted, wheels beside it.

The server believes the index no more than a browser does: it shows what stands in it, and gives out those files alone whose size is as
the index says. Signatures are checked by the program that updates itself, with the key that its owner trusts.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from plg.contract.schema import Answer

INDEX_NAME = "index.json"
MAX_INDEX_BYTES = 512_000
"""Longer ones are believed by no client."""

WHEEL = re.compile(r"[A-Za-z0-9_.]{1,64}-[A-Za-z0-9_.!+]{1,64}-[A-Za-z0-9_.-]{1,64}\.whl")
"""Wheel file names (packaging.python.org, "Binary distribution format")."""

WHEELS_LIMIT = 20

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


class _File(Answer, frozen=True, kw_only=True):
    platform: Annotated[str, Meta(max_length=40)]
    form: Annotated[str, Meta(max_length=32)]
    name: Annotated[str, Meta(max_length=128)]
    size: Annotated[int, Meta(ge=1)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class _Release(Answer, frozen=True, kw_only=True):
    version: Annotated[str, Meta(max_length=40)]
    files: list[_File]


class _Index(Answer, frozen=True, kw_only=True):
    channel: Annotated[str, Meta(max_length=32)]
    published_at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    expires_at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    releases: list[_Release]


class _Signature(Answer, frozen=True, kw_only=True):
    key: Annotated[str, Meta(max_length=100, pattern=r"^[A-Za-z0-9+/]+=*$")]


class _Envelope(Answer, frozen=True, kw_only=True):
    payload: str
    signatures: list[_Signature]


@dataclass(frozen=True)
class Download:
    """One file that may be fetched. `form` is "single", "folder", "installer" or "wheel"; a wheel's platform is empty."""

    name: str
    platform: str
    form: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class ReleasesShown:
    """What the folder holds: the newest version of its index, and the wheels. `keys` are those that signed, in base64."""

    version: str
    channel: str
    published_at: str
    expires_at: str
    keys: tuple[str, ...]
    downloads: tuple[Download, ...]

    @property
    def has_index(self) -> bool:
        """Whether there is a signed index at all."""
        return bool(self.version)

    def of(self, system: str) -> list[Download]:
        """The downloads of "linux", "windows" or another system's name, and those for any."""
        return [one for one in self.downloads if not one.platform or one.platform.partition("-")[0] == system]


NOTHING = ReleasesShown("", "", "", "", (), ())


class Releases:
    """Reads the folder anew whenever something in it changed. `folder` of None means that nothing is put up."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: tuple[object, ReleasesShown] = (None, NOTHING)

    async def shown(self) -> ReleasesShown:
        """What is there now; nothing when the folder is missing or its index cannot be read."""
        return NOTHING if self._folder is None else await asyncio.to_thread(self._look, self._folder)

    async def file(self, name: str) -> Path | None:
        """The path of a file that may be fetched: the index, or what `shown` lists. None for everything else."""
        if self._folder is None or _FILE_NAME.fullmatch(name) is None:
            return None
        shown = await self.shown()
        allowed = {one.name for one in shown.downloads} | ({INDEX_NAME} if shown.has_index else set())
        return self._folder / name if name in allowed else None

    def _look(self, folder: Path) -> ReleasesShown:
        state = _state_of(folder)
        if state != self._known[0]:
            self._known = (state, _read(folder))
        return self._known[1]


def _state_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes: they change whenever a file does."""
    state: list[tuple[str, int, int]] = []
    try:
        for path in sorted(folder.iterdir()):
            found = path.stat()
            state.append((path.name, found.st_mtime_ns, found.st_size))
    except OSError:
        return ()
    return tuple(state)


def _read(folder: Path) -> ReleasesShown:
    wheels = tuple(_wheels(folder))
    try:
        content = _beginning(folder / INDEX_NAME)
        envelope = msgspec.json.decode(content, type=_Envelope)
        index = msgspec.json.decode(base64.b64decode(envelope.payload, validate=True), type=_Index)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error, ValueError):
        return ReleasesShown("", "", "", "", (), wheels)
    # make_index writes the newest version first.
    newest = index.releases[0] if index.releases else None
    listed = [
        Download(one.name, one.platform, one.form, one.size, one.sha256)
        for one in (newest.files if newest is not None else [])
        if _FILE_NAME.fullmatch(one.name) and _size_of(folder / one.name) == one.size
    ]
    return ReleasesShown(
        newest.version if newest is not None else "",
        index.channel,
        index.published_at,
        index.expires_at,
        tuple(one.key for one in envelope.signatures[:8]),
        (*listed, *wheels),
    )


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_INDEX_BYTES)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None


def _wheels(folder: Path) -> list[Download]:
    found: list[Download] = []
    try:
        for path in sorted(folder.glob("*.whl"))[:WHEELS_LIMIT]:
            size = _size_of(path)
            if size is not None and WHEEL.fullmatch(path.name):
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                found.append(Download(path.name, "", "wheel", size, digest))
    except OSError:
        return found
    return found
