"""Telling linked players that their plan ends soon: once for each end, however many processes look."""

from collections.abc import Mapping
from datetime import timedelta

from plg_server.bot.world import BotWorld
from plg_server.models.telegram import TelegramLink
from plg_server.services import telegram_queue
from plg_server.services.reminders import AHEAD, is_worth_telling
from plg_server.services.subscriptions import days_left
from plg_server.services.telegram_queue import MessageKind

EVERY = timedelta(minutes=30)
"""An end is known days before: half an hour more or less is nobody's concern."""

USEFUL_FOR = timedelta(days=2)
"""A reminder that comes after the end is worse than none."""

PAGE = 200


class PlanMessages:
    """`tick` is the work of one round; it needs an active database. Doing it twice at once reminds nobody twice."""

    def __init__(self, world: BotWorld) -> None:
        self._world = world

    async def tick(self) -> Mapping[str, int]:
        """How many were reminded."""
        now = self._world.clock()
        reminded, last_id = 0, ""
        ending = TelegramLink.filter(
            reminders=True,
            blocked_at=None,
            account__banned_at=None,
            account__plan_name__not_isnull=True,
            account__plan_expires_at__gt=now,
            account__plan_expires_at__lte=now + AHEAD,
        ).select_related("account")
        while page := await ending.filter(id__gt=last_id).order_by("id").limit(PAGE):
            for link in page:
                reminded += await self._remind(link)
            last_id = page[-1].id
        return {"reminded": reminded}

    async def _remind(self, link: TelegramLink) -> bool:
        now, account = self._world.clock(), link.account
        ends_at = account.plan_expires_at
        if ends_at is None or account.plan_name is None or not await is_worth_telling(account, now):
            return False
        facts = {
            "plan": account.plan_name,
            "ends_on": ends_at.date().isoformat(),
            "days_left": days_left(ends_at, now),
        }
        # The end is a part of the key: another end is another reminder.
        about = str(int(ends_at.timestamp()))
        useful_for = min(USEFUL_FOR, ends_at - now)
        return await telegram_queue.put(MessageKind.REMINDER, account.id, about, facts, now, useful_for)
