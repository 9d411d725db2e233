"""Unpacking a release's folder: only files and folders, only below one folder, bounded; links, devices and odd names are refused."""

import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Final

from plg.release.errors import NotTrusted, Untrusted
from plg.release.whole_file import told_as

MAX_ENTRIES: Final = 10_000
"""Implementation. The folder of today has about 250."""
MAX_UNPACKED_BYTES: Final = 1_000_000_000
"""Implementation. Twenty times the folder of today."""
CHUNK_BYTES: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z0-9_+@=.,() -]{1,200}")
"""Implementation. No separator of any system, no drive, no stream, no control character."""


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks a .tar.gz into `folder`, which must not exist yet; gives the one folder inside. Raises NotTrusted, CannotWrite."""
    with told_as(folder):
        folder.mkdir(mode=0o700)
        tops: set[str] = set()
        entries = total = 0
        try:
            with tarfile.open(archive, "r|gz") as stream:
                for entry in stream:
                    entries, total = entries + 1, total + entry.size
                    if entries > MAX_ENTRIES or total > MAX_UNPACKED_BYTES:
                        raise _unsafe("too much inside")
                    parts = _safe_parts(entry)
                    tops.add(parts[0])
                    _write(stream, entry, folder.joinpath(*parts))
        except (tarfile.TarError, EOFError) as error:
            raise _unsafe(str(error)) from error
        if len(tops) != 1 or not (folder / min(tops)).is_dir():
            raise _unsafe("not one folder")
        return folder / tops.pop()


def _write(stream: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    if entry.isdir():
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    content = stream.extractfile(entry)
    if content is None:
        raise _unsafe(entry.name)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        with path.open("xb") as target:  # a name that came twice is refused
            while chunk := content.read(CHUNK_BYTES):
                target.write(chunk)
    except FileExistsError:
        raise _unsafe(entry.name) from None
    path.chmod(0o755 if entry.mode & 0o100 else 0o644)


def _safe_parts(entry: tarfile.TarInfo) -> tuple[str, ...]:
    """The names on the way down. Raises NotTrusted."""
    path = PurePosixPath(entry.name)
    if not (entry.isreg() or entry.isdir()) or path.is_absolute() or not path.parts:
        raise _unsafe(entry.name)
    for part in path.parts:
        if part == ".." or not _NAME.fullmatch(part) or part.endswith((".", " ")):
            raise _unsafe(entry.name)
    return path.parts


def _unsafe(what: str) -> NotTrusted:
    return NotTrusted(Untrusted.UNSAFE_ARCHIVE, what[:100])
