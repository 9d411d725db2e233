"""Reminding whoever's plan ends in three days."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from plg_server.ids import utc_now
from plg_server.services.reminders import endings, is_wanted, remind

EVERY = timedelta(minutes=30)
"""An end is known days before: half an hour more or less is nobody's concern."""


class PlanReminders:
    """`tick` is the work of one round; it needs an active database. Doing it twice at once reminds nobody twice."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    async def tick(self) -> Mapping[str, int]:
        """How many were reminded, and how many need no reminder."""
        now = self._clock()
        reminded = passed_over = 0
        async for account in endings(now):
            if await is_wanted(account, now) and await remind(account, now):
                reminded += 1
            else:
                passed_over += 1
        return {"reminded": reminded, "passed_over": passed_over}
