"""A lock between processes on one file, so that two commands never rotate one refresh token at the same time."""

import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from plg.api.errors import TokenFileUnusable

LOCK_TIMEOUT_S = 30.0
"""Implementation. Longer than the longest refresh (one request of at most 15 s), short enough to tell a person."""

_POLL_S = 0.02
"""Implementation. How often a waiting process looks again."""


class FileLock:
    """The lock of `path` (made when it is missing, mode 0600); the operating system frees it when the process dies.

    It holds between open files, so two threads or tasks of one process keep each other out too. `acquire` blocks its thread.
    """

    def __init__(self, path: Path, *, timeout_s: float = LOCK_TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Waits for at most `timeout_s`. Raises TokenFileUnusable when the file cannot be opened or the time is over."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise TokenFileUnusable(self._path, error.strerror or str(error)) from error
        try:
            taken = _wait_for_lock(descriptor, self._timeout_s)
        except BaseException:
            os.close(descriptor)
            raise
        if not taken:
            os.close(descriptor)
            raise TokenFileUnusable(self._path, f"another plg process has held the lock for {self._timeout_s:g} s")
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the lock back; without one it does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _wait_for_lock(descriptor: int, timeout_s: float) -> bool:
    """Tries until the lock is taken (True) or the time is over (False)."""
    deadline = time.monotonic() + timeout_s
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _try_lock(descriptor: int) -> bool:
    """Takes the lock when it is free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
