"""Once a day: the paid days without a measured gain are given back (`services.outcome_fair`)."""

from datetime import timedelta

import structlog

from plg_server.ids import utc_now
from plg_server.services.outcome_fair import give_fair_days
from plg_server.services.subscriptions import Clock

EVERY = timedelta(days=1)


class OutcomeFairDays:
    """`tick` is the work of one round; it needs an active database. A round that broke off is made good by the next one."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock

    async def tick(self) -> int:
        """How many days were given back."""
        given = await give_fair_days(self._clock())
        if given:
            structlog.get_logger().info("fair_days_given", days=given)
        return given
