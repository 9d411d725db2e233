"""What the bot has to say: put in once, taken by one, tried again, given up."""

import asyncio
from datetime import datetime, timedelta

from plg_server.database import Database
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.telegram import TelegramMessage
from plg_server.services import telegram_queue
from plg_server.services.telegram_queue import MAX_TRIES, MessageKind
from support.operator_rows import account_row

DAY = timedelta(days=1)


async def put(account: Account, about: str, now: datetime) -> bool:
    return await telegram_queue.put(MessageKind.REMINDER, account.id, about, {"plan": "monthly"}, now, DAY)


async def test_one_thing_is_put_in_once_however_many_come_to_it_at_once(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann, bob = await account_row("ann@example.org", now), await account_row("bob@example.org", now)
        assert sum(await asyncio.gather(*(put(ann, "1", now) for _ in range(8)))) == 1
        assert not await put(ann, "1", now + DAY)
        assert await put(ann, "2", now)
        assert await put(bob, "1", now)
        assert await TelegramMessage.all().count() == 3


async def test_a_message_is_taken_by_one_and_comes_back_when_that_one_dies(database: Database) -> None:
    now = utc_now()
    with database.active():
        await put(await account_row("ann@example.org", now), "1", now)
        taken = await asyncio.gather(*(telegram_queue.take(now) for _ in range(6)))
        assert sum(row is not None for row in taken) == 1
        assert await telegram_queue.take(now + telegram_queue.LEASE - timedelta(seconds=1)) is None
        again = await telegram_queue.take(now + telegram_queue.LEASE)
        assert again is not None
        await telegram_queue.mark_sent(again, now)
        assert await telegram_queue.take(now + DAY) is None
        assert (await TelegramMessage.get()).state == "sent"


async def test_failures_are_tried_again_later_and_later_and_then_given_up(database: Database) -> None:
    now = utc_now()
    with database.active():
        await put(await account_row("ann@example.org", now), "1", now)
        waits, gave_up = [], False
        for _ in range(MAX_TRIES):
            row = await telegram_queue.take(now)
            assert row is not None
            gave_up = await telegram_queue.put_off(row, "x" * 500, now)
            waits.append((await TelegramMessage.get()).due_at - now)
            now += timedelta(hours=1)
        assert gave_up
        assert waits[:5] == list(telegram_queue.RETRY_AFTER)
        assert (await TelegramMessage.get()).state == "given_up"


async def test_a_wait_that_telegram_wants_is_no_failure(database: Database) -> None:
    now = utc_now()
    with database.active():
        await put(await account_row("ann@example.org", now), "1", now)
        for _ in range(MAX_TRIES + 5):
            row = await telegram_queue.take(now)
            assert row is not None
            assert not await telegram_queue.put_off(row, "429", now, timedelta(seconds=9))
            assert await telegram_queue.take(now + timedelta(seconds=8)) is None
            now += timedelta(seconds=9)


async def test_what_a_wrong_clock_put_off_is_woken(database: Database) -> None:
    now = utc_now()
    with database.active():
        await put(await account_row("ann@example.org", now), "1", now + DAY)
        assert await telegram_queue.take(now) is None
        assert await telegram_queue.wake(now) == 1
        assert await telegram_queue.take(now) is not None
