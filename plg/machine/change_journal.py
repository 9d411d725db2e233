"""What was changed in the operating system and is to be put back: written to the disk before each change, with what undoes it.

One file for each change, so that no crash can damage the record of another one. The journal knows nothing of what the changes are:
whoever rolls back gives the functions that undo them, by kind. Standard library only, because the capture's watchdog loads it.
"""

import contextlib
import json
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

PREFIX: Final = "change-"
SUFFIX: Final = ".json"
DAMAGED_SUFFIX: Final = ".damaged"
MAX_ENTRY_BYTES: Final = 64 * 1024
"""Implementation. What undoes a change is a few names and values."""
MAX_ENTRIES: Final = 1000
"""Implementation. More is no journal of ours; what is beyond is not read."""
_KIND: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_ID: Final = re.compile(r"[0-9]{20}-[0-9a-f]{8}")
_KEYS: Final = {"version", "kind", "undo", "boot_id", "holder", "at"}


class JournalUnusable(Exception):
    """The journal cannot be kept there, so nothing may be changed; the text says why in one line."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class ProcessIdentity(NamedTuple):
    """A process that is not mistaken for a later one with the same number. The start is in ticks of the system's own clock."""

    pid: int
    started_ticks: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `kind` names the function that undoes it, `undo` is what that function is given (plain JSON values).

    `boot_id`: the change ends by itself with this run of the machine (`this_boot()`); None: it outlives a restart. `holder`: the
    change is wanted while this process lives (`identify_process(os.getpid())`); None: until somebody undoes it on purpose.
    `change_id` and `at` (seconds since 1970) are the journal's.
    """

    kind: str
    undo: Mapping[str, Any]
    boot_id: str | None = None
    holder: ProcessIdentity | None = None
    change_id: str = ""
    at: float = 0.0

    @property
    def is_abandoned(self) -> bool:
        """Whether the process that wanted it is dead."""
        return self.holder is not None and identify_process(self.holder.pid) != self.holder


@dataclass(frozen=True, slots=True)
class NotBelieved:
    """A file that looked like an entry. `kept_as` is where a damaged one was put; None when it was left where it is."""

    path: Path
    why: str
    kept_as: Path | None


Undoer = Callable[[Mapping[str, Any]], object]
"""Puts one change back; harmless when that was done already. It is given `Change.undo` and may raise anything."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a change: `trouble` says in one line why it is still there, None when it is undone."""

    change: Change
    trouble: str | None = None


def journal_directory(environ: Mapping[str, str]) -> Path:
    """Where this user's journal is: it outlives a restart. Under sudo it is root's own, because only root can undo what root has done."""
    if override := environ.get("PLG_CONFIG_DIR"):
        return Path(override).expanduser().absolute() / "changes"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home()) / "plg" / "changes"
    if os.geteuid() == 0:
        return Path("/var/lib/plg/changes")
    state = environ.get("XDG_STATE_HOME")
    return (
        (Path(state) if state and Path(state).is_absolute() else Path.home() / ".local" / "state") / "plg" / "changes"
    )


class ChangeJournal:
    """The journal in `directory`, which is made when the first change is recorded."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.not_believed: list[NotBelieved] = []
        """What the last `pending()` did not take for an entry."""

    def record(self, change: Change) -> str:
        """On the disk when this returns: only then make the change. Gives its id. Raises JournalUnusable or ValueError (kind, undo)."""
        if not _KIND.fullmatch(change.kind):
            raise ValueError(f"not the name of a kind of change: {change.kind!r}")
        at = time.time()
        content = json.dumps(
            {
                "version": 1,
                "kind": change.kind,
                "undo": dict(change.undo),
                "boot_id": change.boot_id,
                "holder": change.holder,
                "at": round(at, 3),
            },
            allow_nan=False,
        ).encode()
        if len(content) > MAX_ENTRY_BYTES:
            raise ValueError(f"what undoes a change has at most {MAX_ENTRY_BYTES} bytes")
        try:
            make_journal_directory(self.directory)
            names = self._names()
            if len(names) >= MAX_ENTRIES:
                raise JournalUnusable(self.directory, f"holds {len(names)} changes already")
            after = max((int(name[:20]) for name in names), default=0) + 1  # also when the clock was put back
            change_id = f"{max(time.time_ns(), after):020d}-{os.urandom(4).hex()}"
            self._write(self._path(change_id), content)
        except OSError as error:
            raise JournalUnusable(self.directory, error.strerror or str(error)) from error
        return change_id

    def done(self, change_id: str) -> None:
        """The change is undone (or was never made). Harmless when it is not there. Raises JournalUnusable."""
        if not _ID.fullmatch(change_id):
            raise ValueError(f"not the id of a change: {change_id!r}")
        try:
            self._path(change_id).unlink(missing_ok=True)
            _sync_directory(self.directory)
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalUnusable(self.directory, error.strerror or str(error)) from error

    def pending(self) -> list[Change]:
        """Changes that are not undone, oldest first; those that ended with an earlier run of the machine are dropped.

        Only private files of our own are believed; a damaged one is set aside, and all that was not believed is in `not_believed`.
        Raises JournalUnusable when the directory is there and cannot be trusted or read.
        """
        self.not_believed = []
        try:
            if not self.directory.exists():
                return []
            check_journal_directory(self.directory)
            names = self._names()
        except OSError as error:
            raise JournalUnusable(self.directory, error.strerror or str(error)) from error
        changes = []
        for change_id in names[:MAX_ENTRIES]:
            change = self._read(change_id)
            if change is None:
                continue
            if change.boot_id is not None and change.boot_id != this_boot():
                self.done(change_id)
                continue
            changes.append(change)
        return changes

    def _names(self) -> list[str]:
        """Ids by name, oldest first."""
        found = (entry.name for entry in self.directory.iterdir())
        ids = (name.removeprefix(PREFIX).removesuffix(SUFFIX) for name in found if name.startswith(PREFIX))
        return sorted(name for name in ids if _ID.fullmatch(name))

    def _path(self, change_id: str) -> Path:
        return self.directory / f"{PREFIX}{change_id}{SUFFIX}"

    def _write(self, path: Path, content: bytes) -> None:
        """Beside, then renamed, both on the disk."""
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)

    def _read(self, change_id: str) -> Change | None:
        path = self._path(change_id)
        try:
            content = read_own_file(path, MAX_ENTRY_BYTES)
        except FileNotFoundError:
            return None  # undone meanwhile by another process
        except OSError as error:
            self.not_believed.append(NotBelieved(path, error.strerror or str(error), None))
            return None
        try:
            return replace(read_entry(content), change_id=change_id)
        except ValueError as error:
            kept_as = path.with_name(path.name + DAMAGED_SUFFIX)
            try:
                path.replace(kept_as)
            except OSError:
                kept_as = path
            self.not_believed.append(NotBelieved(path, str(error), kept_as))
            return None


def roll_back(
    journal: ChangeJournal,
    undoers: Mapping[str, Undoer],
    *,
    which: Callable[[Change], bool] = lambda change: change.is_abandoned,
) -> list[Undone]:
    """Undo what `which` picks (what dead processes held), newest first. A failure stops nothing: it is told, and its change stays written
    down. Raises JournalUnusable.
    """
    results = []
    for change in reversed([change for change in journal.pending() if which(change)]):
        undo = undoers.get(change.kind)
        if undo is None:
            results.append(Undone(change, "this version does not know how to undo it"))
            continue
        try:
            undo(change.undo)
        except Exception as error:  # noqa: BLE001 - one change that cannot be undone must not keep the others
            results.append(Undone(change, " ".join(str(error).split()) or type(error).__name__))
            continue
        journal.done(change.change_id)
        results.append(Undone(change))
    return results


def read_entry(content: bytes) -> Change:
    """The change that a file describes, without its id. Raises ValueError unless it has exactly the shape that `record` writes."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or set(document) != _KEYS or document["version"] != 1:
        raise ValueError("not an entry of this version")
    kind, undo, boot_id, holder, at = (document[key] for key in ("kind", "undo", "boot_id", "holder", "at"))
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or not isinstance(undo, dict):
        raise ValueError("no kind, or nothing that undoes it")
    if not (boot_id is None or (isinstance(boot_id, str) and 0 < len(boot_id) <= 64)):
        raise ValueError("not the id of a boot")
    if not isinstance(at, int | float) or isinstance(at, bool):
        raise ValueError("not a time")  # noqa: TRY004 - one kind of failure for everything that a file can hold
    return Change(kind, undo, boot_id, None if holder is None else _holder(holder), at=float(at))


def _holder(value: object) -> ProcessIdentity:
    match value:
        case [int(pid), int(ticks)] if not isinstance(pid, bool) and not isinstance(ticks, bool) and 0 < pid < 1 << 31:
            return ProcessIdentity(pid, ticks)
    raise ValueError("not a process")


# --- files that only we may have written ------------------------------------------------------------------------------


def make_journal_directory(path: Path) -> None:
    """Raises OSError or JournalUnusable."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_journal_directory(path)


def check_journal_directory(path: Path) -> None:
    """Raises JournalUnusable when somebody else could have put a file there; OSError when it is not there."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise JournalUnusable(path, "is not a directory")
    if sys.platform == "win32":
        return  # the profile's access list keeps others away
    if found.st_uid != os.geteuid():
        raise JournalUnusable(path, f"belongs to user {found.st_uid}")
    if found.st_mode & 0o022:
        raise JournalUnusable(path, "others may write there")


def read_own_file(path: Path, limit_bytes: int, owner_uid: int | None = None) -> bytes:
    """The content of a plain private file of ours, or of user `owner_uid`. Raises OSError, whose `strerror` says what is wrong with it."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError(1, "is no plain file", str(path))
        if sys.platform != "win32":
            is_ours = found.st_uid in {os.geteuid(), owner_uid}
            if not is_ours or found.st_mode & 0o022 or found.st_nlink != 1:
                raise PermissionError(1, "is not a private file of ours", str(path))
        content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise PermissionError(1, f"has more than {limit_bytes} bytes", str(path))
    return content


def _sync_directory(path: Path) -> None:
    """Makes a rename or a removal durable; Windows has no such call."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- this run of the machine ------------------------------------------------------------------------------------------


def identify_process(pid: int) -> ProcessIdentity | None:
    """None when there is no such process (a zombie counts as gone)."""
    if not sys.platform.startswith("linux"):
        return _identify_elsewhere(pid)
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text[text.rindex(")") + 2 :].split()
        return None if fields[0] in "ZX" else ProcessIdentity(pid, int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None


def _identify_elsewhere(pid: int) -> ProcessIdentity | None:
    import psutil

    try:
        return ProcessIdentity(pid, round(psutil.Process(pid).create_time() * 1000))
    except (psutil.Error, ValueError):
        return None


def this_boot() -> str:
    """Changes whenever the machine restarts. Elsewhere than on Linux it is the minute of the start, as the system remembers it."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil

    return f"minute-{round(psutil.boot_time() / 60)}"


def holders(changes: Iterable[Change]) -> set[ProcessIdentity]:
    """The living processes that want these changes."""
    return {change.holder for change in changes if change.holder is not None and not change.is_abandoned}
