"""What replicas share and may lose: short-lived values with an end. In memory for one server, in Redis for several.

Nothing lives here that must survive: accounts, sessions and revocations are in the database.
"""

import asyncio
import time
from typing import Protocol

import redis.asyncio as redis
from redis.exceptions import RedisError

OPERATION_TIMEOUT_S = 1.0
"""A Redis that does not answer in this time counts as gone; it is beside us, not across an ocean."""

KEY_PREFIX = "plg:"

MEMORY_ENTRIES_LIMIT = 100_000
"""Bound of the in-memory store, so that no caller can grow it without end: the entry that ends first makes room."""


class StoreUnavailable(Exception):
    """The store does not answer. The request gets 503 `store_unavailable`, unless its caller can do without."""


class Store(Protocol):
    """Text by key, always with an end. Every call may raise StoreUnavailable."""

    @property
    def kind(self) -> str:
        """ "memory" or "redis"."""

    async def get(self, key: str) -> str | None:
        """The value, or None when it was never set or has ended."""

    async def set(self, key: str, value: str, ttl_s: float) -> None:
        """Set for `ttl_s` seconds from now."""

    async def add(self, key: str, value: str, ttl_s: float) -> bool:
        """Set only if the key is free; True for the one caller that set it."""

    async def incr(self, key: str, ttl_s: float) -> int:
        """Count up from 0; the end is set by the first count and not moved by later ones."""

    async def delete(self, key: str) -> None:
        """Remove, if it is there."""

    async def ping(self) -> None:
        """One round trip."""

    async def close(self) -> None:
        """Let go of connections."""


class MemoryStore:
    """For one server process. Nothing here awaits, so every operation is atomic."""

    kind = "memory"

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, float]] = {}

    def _live(self, key: str) -> tuple[str, float] | None:
        entry = self._values.get(key)
        if entry is not None and entry[1] <= time.monotonic():
            del self._values[key]
            return None
        return entry

    def _put(self, key: str, value: str, end: float) -> None:
        if key not in self._values and len(self._values) >= MEMORY_ENTRIES_LIMIT:
            now = time.monotonic()
            self._values = {name: entry for name, entry in self._values.items() if entry[1] > now}
            while len(self._values) >= MEMORY_ENTRIES_LIMIT:
                del self._values[min(self._values, key=lambda name: self._values[name][1])]
        self._values[key] = (value, end)

    async def get(self, key: str) -> str | None:
        entry = self._live(key)
        return None if entry is None else entry[0]

    async def set(self, key: str, value: str, ttl_s: float) -> None:
        self._put(key, value, time.monotonic() + ttl_s)

    async def add(self, key: str, value: str, ttl_s: float) -> bool:
        if self._live(key) is not None:
            return False
        self._put(key, value, time.monotonic() + ttl_s)
        return True

    async def incr(self, key: str, ttl_s: float) -> int:
        entry = self._live(key)
        value, end = entry if entry is not None else ("0", time.monotonic() + ttl_s)
        count = int(value) + 1
        self._put(key, str(count), end)
        return count

    async def delete(self, key: str) -> None:
        self._values.pop(key, None)

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        self._values.clear()


class RedisStore:
    """For several replicas. Connections are made when needed and again after Redis was away."""

    kind = "redis"

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=OPERATION_TIMEOUT_S,
            socket_connect_timeout=OPERATION_TIMEOUT_S,
        )

    async def get(self, key: str) -> str | None:
        try:
            value = await self._client.get(KEY_PREFIX + key)
        except (RedisError, OSError) as error:
            raise _gone(error) from error
        return None if value is None else str(value)

    async def set(self, key: str, value: str, ttl_s: float) -> None:
        try:
            await self._client.set(KEY_PREFIX + key, value, px=_milliseconds(ttl_s))
        except (RedisError, OSError) as error:
            raise _gone(error) from error

    async def add(self, key: str, value: str, ttl_s: float) -> bool:
        try:
            return bool(await self._client.set(KEY_PREFIX + key, value, px=_milliseconds(ttl_s), nx=True))
        except (RedisError, OSError) as error:
            raise _gone(error) from error

    async def incr(self, key: str, ttl_s: float) -> int:
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                # Setting the end only where there is none keeps a count from living for ever when we die in between.
                pipe.set(KEY_PREFIX + key, 0, px=_milliseconds(ttl_s), nx=True)
                pipe.incr(KEY_PREFIX + key)
                results = await pipe.execute()
        except (RedisError, OSError) as error:
            raise _gone(error) from error
        return int(results[1])

    async def delete(self, key: str) -> None:
        try:
            await self._client.delete(KEY_PREFIX + key)
        except (RedisError, OSError) as error:
            raise _gone(error) from error

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(OPERATION_TIMEOUT_S):
                await self._client.ping()
        except (RedisError, OSError) as error:
            raise _gone(error) from error

    async def close(self) -> None:
        await self._client.aclose()


def _milliseconds(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))


def _gone(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"Redis does not answer: {type(error).__name__}")


def open_store(url: str | None) -> Store:
    """The store for this configuration; no connection is made yet."""
    return MemoryStore() if url is None else RedisStore(url)
