"""Linked players are told of each end of their plan once."""

import asyncio
from datetime import timedelta
from typing import Any

from plg_server.bot.reminding import PlanMessages
from plg_server.bot.sending import text_of
from plg_server.ids import new_id
from plg_server.models.accounts import Account
from plg_server.models.billing import Cancellation
from plg_server.models.telegram import TelegramLink, TelegramMessage
from plg_server.services import telegram_links
from support.bot_world import BotDriver

DAY = timedelta(days=1)


async def ending(bot: BotDriver, number: int, after: timedelta, **columns: Any) -> Account:
    _person, account = await bot.linked(number, plan_name="monthly", plan_expires_at=bot.clock() + after, **columns)
    return account


async def test_one_end_is_told_once_by_however_many_processes(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    account = await ending(bot, 7, 2 * DAY, language="ru")
    with bot.world.database.active():
        found = await asyncio.gather(*(PlanMessages(bot.world).tick() for _ in range(6)))
        assert sum(one["reminded"] for one in found) == 1
        assert await PlanMessages(bot.world).tick() == {"reminded": 0}
        row = await TelegramMessage.get()
        assert row.useless_at <= bot.clock() + 2 * DAY
        text = text_of(row, await TelegramLink.get())
        assert "monthly" in text.text
        assert text.buttons[0][0].data == "plans"
        await Account.filter(id=account.id).update(plan_expires_at=bot.clock() + 2 * DAY + timedelta(hours=1))
        assert await PlanMessages(bot.world).tick() == {"reminded": 1}


async def test_nobody_is_told_who_should_not_be(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    await ending(bot, 7, 4 * DAY)
    await ending(bot, 8, -DAY)
    cancelled = await ending(bot, 9, DAY)
    await ending(bot, 10, DAY, banned_at=None)
    quiet = await ending(bot, 11, DAY)
    blocked = await ending(bot, 12, DAY)
    banned = await ending(bot, 13, DAY)
    with bot.world.database.active():
        await Cancellation.create(id=new_id(), account=cancelled, cancelled_at=bot.clock())
        await TelegramLink.filter(account_id=quiet.id).update(reminders=False)
        await telegram_links.mark_blocked(12, bot.clock())
        await Account.filter(id=banned.id).update(banned_at=bot.clock())
        assert blocked.id
        assert await PlanMessages(bot.world).tick() == {"reminded": 1}
        assert (await TelegramMessage.get()).account_id == (await TelegramLink.get(chat_id=10)).account_id
