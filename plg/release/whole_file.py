"""Files that are there whole or not at all, also after a crash or on a full disk."""

import contextlib
import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from plg.release.errors import CannotWrite

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def told_as(path: Path) -> Iterator[None]:
    """Turns an OSError inside the block into CannotWrite about `path`."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotWrite(
            str(path), why, is_full=error.errno in _FULL, is_forbidden=error.errno in _FORBIDDEN
        ) from error


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Writes beside, makes it durable, renames. Run by root in somebody's folder, the file is that person's. Raises CannotWrite."""
    temporary: Path | None = None
    try:
        with told_as(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            temporary = Path(name)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
                if sys.platform != "win32":
                    os.fchmod(stream.fileno(), mode)
                    if os.geteuid() == 0:
                        owner = path.parent.stat()
                        os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
            temporary.replace(path)
            temporary = None
            sync_folder(path.parent)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Makes names in a folder durable; Windows has no such call. Raises OSError."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Makes every file and name below durable. Raises OSError."""
    for place, _folders, files in os.walk(folder):
        for name in files:
            descriptor = os.open(Path(place) / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(place))
