"""Password hashes: argon2id in threads, a bounded number at a time, with the same work whether the account exists or not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP Password Storage Cheat Sheet, first choice of the small ones: 19 MiB, 2 passes, 1 lane (33 ms on a 2-core machine).
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1

QUEUE_LIMIT = 64
"""Waiting hashes at which a sign-in is turned away: at 33 ms each the last one would wait more than a second."""


class PasswordsBusy(Exception):
    """Too many sign-ins wait already."""


class Passwords:
    """Hashes and verifies. Made by the application, closed by it."""

    def __init__(self, workers: int) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="argon2")
        self._slots = asyncio.Semaphore(workers)
        self._waiting = 0
        # Verified against when the e-mail is unknown, so that the answer takes as long as for a wrong password.
        self._nobody = self._hasher.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        """The encoded argon2id hash. Raises PasswordsBusy."""
        async with self._place():
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password is the account's. None (no such account) costs the same and is never right."""
        async with self._place():
            right = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._verify_now, encoded or self._nobody, password
            )
        return right and encoded is not None

    def _verify_now(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def close(self) -> None:
        """End the threads; a hash under way is finished first."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._waiting >= QUEUE_LIMIT:
            raise PasswordsBusy
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1
