"""The service's file put into the system and taken out again: written down before, and only what we wrote is ever replaced or removed."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from plg.machine.change_journal import Change, ChangeJournal

KIND: Final = "service_file"
MAX_FILE_BYTES: Final = 64 * 1024


class ForeignFile(Exception):
    """A file of that name is there, and it is not as we wrote it."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def install_file(path: Path, text: str, journal: ChangeJournal) -> bool:
    """Put the file there, whole or not at all; False when it is there already, as it should be.

    Raises ForeignFile, OSError, JournalUnusable.
    """
    content = text.encode()
    found = _content(path)
    if found == content and _is_ours(path, found, journal):
        return False
    if found is not None and found != content and not _is_ours(path, found, journal):
        raise ForeignFile(path)
    earlier = _changes(path, journal)
    journal.record(Change(KIND, {"path": str(path), "sha256": _sum(content)}))
    if found != content:
        _replace(path, content)
    for change in earlier:
        journal.done(change.change_id)
    return True


def uninstall_file(path: Path, journal: ChangeJournal) -> bool:
    """Take the file away; False when there is none. Raises ForeignFile, OSError, JournalUnusable."""
    found = _content(path)
    if found is not None:
        if not _is_ours(path, found, journal):
            raise ForeignFile(path)
        path.unlink(missing_ok=True)
    for change in _changes(path, journal):
        journal.done(change.change_id)
    return found is not None


def undo_file(undo: Mapping[str, Any]) -> None:
    """For `roll_back`: remove the file if it is still the one that was written. Raises ForeignFile or OSError."""
    path = Path(str(undo["path"]))
    found = _content(path)
    if found is None:
        return
    if _sum(found) != undo["sha256"]:
        raise ForeignFile(path)
    path.unlink(missing_ok=True)


def _changes(path: Path, journal: ChangeJournal) -> list[Change]:
    return [change for change in journal.pending() if change.kind == KIND and change.undo.get("path") == str(path)]


def _is_ours(path: Path, content: bytes, journal: ChangeJournal) -> bool:
    return any(change.undo.get("sha256") == _sum(content) for change in _changes(path, journal))


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes | None:
    """What is there; None for nothing. Links are not followed: one in that place is not ours (OSError)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)


def _replace(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
