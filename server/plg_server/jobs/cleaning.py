"""Keeping tables small."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from plg_server.ids import utc_now
from plg_server.services.cleaning import clean

EVERY = timedelta(hours=1)
"""What has expired is refused by its own end already; nobody waits for this."""


class Cleaning:
    """`tick` is the work of one round; it needs an active database."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    async def tick(self) -> Mapping[str, int]:
        """How many rows of each kind went."""
        return await clean(self._clock())
