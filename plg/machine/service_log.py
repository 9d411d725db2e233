"""The log of a tunnel in the background: a new file for each start, the last ones kept, each of bounded size.

The log lies in a private directory of its owner. Nothing is written through a link, and a file is only ever renamed within that directory.
"""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

LOG_NAME: Final = "tunnel.log"
"""In the runtime directory: what a tunnel in the background would say on a terminal."""
KEPT_LOGS: Final = 3
"""Implementation. Logs of earlier starts: tunnel.log.1 is the newest of them."""
MAX_LOG_BYTES: Final = 1 << 20
"""Implementation. Some ten thousand remarks; a tunnel makes a few in an hour."""
KEPT_TAIL_BYTES: Final = 1 << 18
"""Implementation. So much stays when a running tunnel's log has become too long."""
MAX_LINE_BYTES: Final = 16 * 1024
"""Implementation. A longer line is cut: no remark of ours is near it."""


def begin_log(directory: Path) -> BinaryIO:
    """Put the last log aside and open a new one for adding, mode 0600. Raises OSError."""
    path = directory / LOG_NAME
    for number in range(KEPT_LOGS, 0, -1):
        source = older_log(directory, number - 1)
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISREG(source.lstat().st_mode):
                source.replace(older_log(directory, number))
            else:
                source.unlink()  # a link that somebody put there is neither followed nor kept
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab", buffering=0)


def older_log(directory: Path, number: int) -> Path:
    """The log of so many starts ago; 0 is the present one."""
    return directory / (f"{LOG_NAME}.{number}" if number else LOG_NAME)


def bound_log(descriptor: int) -> bool:
    """When the file that this process talks to has become too long, keep its end only; True when it was cut.

    The file must be open for adding, as `begin_log` opens it. Anything else than such a file is left alone.
    """
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size <= MAX_LOG_BYTES or sys.platform == "win32":
            return False
        import fcntl

        if not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND:
            return False
        with Path(f"/proc/self/fd/{descriptor}").open("rb") as stream:
            stream.seek(-KEPT_TAIL_BYTES, os.SEEK_END)
            tail = stream.read(KEPT_TAIL_BYTES)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, tail.partition(b"\n")[2])
    except OSError:
        return False
    return True


def last_lines(stream: BinaryIO, count: int) -> list[bytes]:
    """The last `count` whole or begun lines, with the stream left at its end; at most MAX_LOG_BYTES are looked at."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - MAX_LOG_BYTES))
    lines = stream.read(MAX_LOG_BYTES).splitlines()
    return [line[:MAX_LINE_BYTES] for line in lines[max(0, len(lines) - count) :]] if count else []


def open_log(directory: Path) -> BinaryIO | None:
    """The present log for reading; None when there is none. Raises OSError, also for anything that is no plain file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(directory / LOG_NAME, flags)
    except FileNotFoundError:
        return None
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise PermissionError(1, "is no plain file", str(directory / LOG_NAME))
    return stream


class LogFollower:
    """New lines of the present log, also when it is cut short or a new one is begun."""

    def __init__(self, directory: Path, stream: BinaryIO) -> None:
        self._directory = directory
        self._stream = stream
        self._begun = b""

    def new_lines(self) -> Iterator[bytes]:
        """What has come since the last look; never waits. Raises OSError."""
        yield from self._read()
        found = os.fstat(self._stream.fileno())
        if found.st_size < self._stream.tell():
            self._stream.seek(0)  # it has been cut: everything in it counts as new
            yield from self._read()
        with contextlib.suppress(FileNotFoundError):
            present = (self._directory / LOG_NAME).lstat()
            if (present.st_dev, present.st_ino) != (found.st_dev, found.st_ino):
                successor = open_log(self._directory)
                if successor is not None:
                    self._stream.close()
                    self._stream = successor
                    yield from self._read()

    def close(self) -> None:
        self._stream.close()

    def _read(self) -> Iterator[bytes]:
        while piece := self._stream.read(1 << 16):
            *lines, self._begun = (self._begun + piece).split(b"\n")
            yield from (line[:MAX_LINE_BYTES] for line in lines)
            self._begun = self._begun[:MAX_LINE_BYTES]
