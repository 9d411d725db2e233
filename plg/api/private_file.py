"""Files that only their owner may read, replaced whole or not at all."""

import os
import stat
import sys
import tempfile
from pathlib import Path

from plg.api.errors import TokenFileUnusable

MAX_BYTES = 1_000_000
"""Implementation. A token file holds a few kilobytes; more is not one of ours and is not read into memory."""


def make_private_directory(path: Path) -> bool:
    """Makes `path` with mode 0700. True when it stood open to others and was closed."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0:
            return False
        path.chmod(0o700)
    except OSError as error:
        raise TokenFileUnusable(path, error.strerror or str(error)) from error
    return True


def close_to_others(path: Path) -> bool:
    """Takes the rights of group and others away. True when there were any (never on Windows, where the profile's ACL holds)."""
    if sys.platform == "win32":
        return False
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077 == 0:
            return False
        path.chmod(0o600)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise TokenFileUnusable(path, error.strerror or str(error)) from error
    return True


def read_private(path: Path) -> bytes | None:
    """The content, at most MAX_BYTES + 1 of it; None when there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenFileUnusable(path, error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise TokenFileUnusable(path, error.strerror or str(error)) from error


def replace_private(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, mode 0600: after a crash or a full disk either the old or the new file is there, whole.

    Run by root in somebody's directory (`sudo plg connect`), the file goes to the directory's owner, who must read it later.
    """
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes mode 0600
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            if sys.platform != "win32" and os.geteuid() == 0:
                owner = path.parent.stat()
                os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        Path(temporary).replace(path)
        temporary = None
        _sync_directory(path.parent)
    except OSError as error:
        raise TokenFileUnusable(path, error.strerror or str(error)) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    """Makes the rename itself durable; Windows has no such call."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
