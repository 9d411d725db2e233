"""What waits is said once, to whom it is for, as quickly as Telegram wants it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from plg_server.bot.sending import Sending
from plg_server.bot.troubles import BadToken
from plg_server.models.telegram import TelegramLink, TelegramMessage
from plg_server.services import telegram_queue
from plg_server.services.telegram_queue import MessageKind
from support.bot_world import BotDriver, eventually
from support.fake_telegram import Person, Refusal

REMINDER = {"plan": "monthly", "ends_on": "2026-12-01", "days_left": 2}


async def waiting(bot: BotDriver, number: int = 7, **facts: Any) -> Person:
    """Somebody whom a reminder waits for. Needs no active database."""
    person, account = await bot.linked(number, language="ru")
    with bot.world.database.active():
        day = timedelta(days=1)
        await telegram_queue.put(MessageKind.REMINDER, account.id, "1", {**REMINDER, **facts}, bot.clock(), day)
    return person


async def sent(bot: BotDriver) -> float:
    with bot.world.database.active():
        return await Sending(bot.world, bot.client, asyncio.Event()).round()


async def state(bot: BotDriver) -> TelegramMessage:
    with bot.world.database.active():
        return await TelegramMessage.get()


async def test_a_message_is_said_once_in_the_chats_language_by_two_processes(bot: BotDriver) -> None:
    ann = await waiting(bot)
    await asyncio.gather(sent(bot), sent(bot))
    (told,) = bot.telegram.told(ann)
    assert "закончится 2026-12-01: осталось 2 дня" in told.plain
    assert told.labels == ["Продлить подписку"]
    assert (await state(bot)).state == "sent"
    await sent(bot)
    assert len(bot.telegram.told(ann)) == 1


async def test_who_blocked_the_bot_gets_no_more_reminders(bot: BotDriver) -> None:
    ann = await waiting(bot)
    ann.has_blocked = True
    await sent(bot)
    with bot.world.database.active():
        link = await TelegramLink.get()
    assert (link.reminders, link.blocked_at is None, (await state(bot)).state) == (False, False, "stale")


async def test_a_wait_that_telegram_wants_is_kept_and_nothing_is_sent_meanwhile(bot: BotDriver) -> None:
    ann, bob = await waiting(bot), await waiting(bot, 8)
    bot.telegram.troubles["sendMessage"] = [Refusal(429, "Too Many Requests: retry after 30", retry_after=30)]
    assert await sent(bot) == 30.0
    assert bot.telegram.told(ann) + bot.telegram.told(bob) == []
    bot.clock.forward(seconds=29)
    await sent(bot)
    assert len(bot.telegram.sent) == 1
    bot.clock.forward(seconds=2)
    await sent(bot)
    assert (len(bot.telegram.told(ann)), len(bot.telegram.told(bob))) == (1, 1)


@pytest.mark.parametrize("code", [500, 502])
async def test_what_fails_is_tried_again_later(bot: BotDriver, code: int) -> None:
    ann = await waiting(bot)
    bot.telegram.troubles["sendMessage"] = [Refusal(code, "Internal Server Error")]
    await sent(bot)
    assert (bot.telegram.told(ann), (await state(bot)).state) == ([], "waiting")
    bot.clock.forward(seconds=11)
    await sent(bot)
    assert len(bot.telegram.told(ann)) == 1


async def test_what_telegram_never_takes_is_given_up(bot: BotDriver) -> None:
    await waiting(bot)
    bot.telegram.troubles["sendMessage"] = [Refusal(400, "Bad Request: chat not found")]
    await sent(bot)
    row = await state(bot)
    assert (row.state, "chat not found" in row.last_error) == ("given_up", True)
    bot.telegram.refused.clear()


async def test_what_is_of_no_use_any_more_or_for_nobody_is_not_said(bot: BotDriver) -> None:
    ann = await waiting(bot)
    bot.clock.forward(days=2)
    await sent(bot)
    assert (await state(bot)).state == "stale"
    bob = await waiting(bot, 8)
    with bot.world.database.active():
        await TelegramLink.filter(chat_id=8).update(reminders=False)
    await sent(bot)
    assert bot.telegram.told(ann) + bot.telegram.told(bob) == []


async def test_it_goes_on_until_it_is_stopped_and_ends_with_the_token(bot: BotDriver) -> None:
    ann = await waiting(bot)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Sending(bot.world, bot.client, stop, tick_s=0.01).run())
        await eventually(lambda: bot.telegram.told(ann))
        stop.set()
    await waiting(bot, 8)
    bot.telegram.troubles["sendMessage"] = [Refusal(401, "Unauthorized")]
    with pytest.raises(BadToken):
        await Sending(bot.world, bot.client, asyncio.Event(), tick_s=0.01).run()
