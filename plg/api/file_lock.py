"""A lock between processes on one file, so that two commands never rotate one refresh token at the same time."""

import asyncio
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
        deadline = time.monotonic() + self._timeout_s
        while not self._try(deadline):
            time.sleep(_POLL_S)

    async def acquire_async(self) -> None:
        """As `acquire`, leaving the loop free. No threads: waiting ones would fill the pool that the holder needs to go on."""
        deadline = time.monotonic() + self._timeout_s
        while not self._try(deadline):  # noqa: ASYNC110 - another process frees the lock: no event tells us
            await asyncio.sleep(_POLL_S)

    def _try(self, deadline: float) -> bool:
        """Takes the lock when it is free; raises when it is not and the time is over."""
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            except OSError as error:
                raise TokenFileUnusable(self._path, error.strerror or str(error)) from error
        if _try_lock(self._descriptor):
            return True
        if time.monotonic() >= deadline:
            self.release()
            raise TokenFileUnusable(self._path, f"another plg process has held the lock for {self._timeout_s:g} s")
        return False

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
