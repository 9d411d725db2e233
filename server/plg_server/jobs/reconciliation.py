"""Telling the operator what does not agree between money, days and accounts. Nothing is changed."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from plg_server.ids import utc_now
from plg_server.services.reconciliation import Difference, findings

EVERY = timedelta(hours=1)
"""It reads every account's days, and what it finds waits for a person anyway."""

TOLD_OF_EACH = 20
"""Lines in the log for one kind of difference in one round; the metric has the whole number."""


class Reconciliation:
    """`tick` is the work of one round; it needs an active database."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    async def tick(self) -> Mapping[str, int]:
        """How many differences of each kind there are; every kind is named, also with 0."""
        counts = Counter[Difference]()
        async for finding in findings(self._clock()):
            counts[finding.what] += 1
            if counts[finding.what] <= TOLD_OF_EACH:
                structlog.get_logger().warning(
                    "ledger_difference",
                    what=finding.what.value,
                    subject=finding.subject,
                    account=finding.account_id,
                    detail=finding.detail,
                )
        return {what.value: counts[what] for what in Difference}
