"""A round of reminders, on its own and on two replicas at once."""

import asyncio
from datetime import timedelta

from plg_server.database import Database
from plg_server.jobs.reminders import PlanReminders
from plg_server.models.mail import OutboxMail
from support.billing_world import MovingClock
from support.operator_rows import account_row


async def test_a_round_tells_everybody_once_and_says_how_many(database: Database) -> None:
    clock = MovingClock()
    now = clock()
    with database.active():
        for number in range(3):
            await account_row(
                f"{number}@example.org",
                now,
                plan_name="monthly",
                plan_expires_at=now + timedelta(days=2),
                email_verified_at=now if number else None,
            )
        rounds = await asyncio.gather(PlanReminders(clock).tick(), PlanReminders(clock).tick())
        assert sum(one["reminded"] for one in rounds) == 2
        clock.forward(hours=5)
        assert await PlanReminders(clock).tick() == {"reminded": 0, "passed_over": 1}
        assert await OutboxMail.all().count() == 2
