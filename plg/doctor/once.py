"""A measurement that several checks need and that is made once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The first who asks does the work, the others wait for it. When it was cancelled (that check's time was up), the next one tries;
    a failure is remembered and raised for everybody.
    """

    def __init__(self, make: Callable[[], Awaitable[T]]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._made: list[T] = []
        self._failed: Exception | None = None

    async def get(self) -> T:
        """The result. Raises what the making raised."""
        async with self._lock:
            if self._failed is not None:
                raise self._failed
            if not self._made:
                try:
                    self._made.append(await self._make())
                except Exception as error:
                    self._failed = error
                    raise
            return self._made[0]
