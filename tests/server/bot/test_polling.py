"""One process asks Telegram, the others wait; nothing that was not answered is confirmed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiogram.types import Update
from tortoise.exceptions import DBConnectionError

from plg_server.bot.dispatching import Updates
from plg_server.bot.polling import LEASE_NAME, Polling, chat_of
from plg_server.bot.troubles import BadToken
from plg_server.models.leases import Lease
from plg_server.services.leases import Held
from support.bot_world import BotDriver, eventually
from support.fake_telegram import Refusal


@dataclass
class Polled:
    """A polling that runs."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[str] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None

    async def end(self) -> None:
        self.stop.set()
        assert self.task is not None
        await self.task


@asynccontextmanager
async def polling(bot: BotDriver) -> AsyncIterator[Polled]:
    """Polls until the block ends."""
    polled = Polled()
    async with asyncio.TaskGroup() as group:
        run = Polling(bot.world, bot.client, bot.updates, polled.stop, polled.told.append, pauses_s=(0.01,)).run()
        polled.task = group.create_task(run)
        try:
            yield polled
        finally:
            polled.stop.set()


async def test_updates_are_answered_then_confirmed_and_the_last_ones_at_the_end(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    first = bot.telegram.write(ann, "/help")
    async with polling(bot) as polled:
        await eventually(lambda: bot.telegram.told(ann))
        last = bot.telegram.write(ann, "/help")
        await eventually(lambda: len(bot.telegram.told(ann)) == 2)
        await polled.end()
    assert bot.telegram.polled[:2] == [None, first + 1]
    assert (bot.telegram.polled[-1], bot.telegram.pending) == (last + 1, [])
    with bot.world.database.active():
        assert (await Lease.get(id=LEASE_NAME)).held_until is None


async def test_a_second_process_waits_says_so_once_and_takes_over(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    async with polling(bot) as first:
        await eventually(lambda: bot.telegram.polled)
        async with polling(bot) as second:
            await eventually(lambda: second.told)
            assert "waits until it ends" in second.told[0]
            await first.end()
            bot.telegram.write(ann, "/help")
            await eventually(lambda: bot.telegram.told(ann))
            await second.end()
        assert len(second.told) == 1


async def test_a_program_elsewhere_with_the_same_bot_is_told_in_one_line_until_it_ends(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    bot.telegram.troubles["getUpdates"] = [Refusal(409, "Conflict: terminated by other getUpdates request")] * 3
    async with polling(bot) as polled:
        bot.telegram.write(ann, "/help")
        await eventually(lambda: bot.telegram.told(ann))
        await polled.end()
    (line,) = polled.told
    assert "409 Conflict" in line


async def test_failures_and_waits_of_telegram_are_lived_through_and_no_update_is_lost(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    bot.telegram.troubles["deleteWebhook"] = [Refusal(500, "x")] * 3
    bot.telegram.troubles["getUpdates"] = [
        Refusal(500, "x"), Refusal(429, "x", retry_after=1), Refusal(502, "x"),
    ]  # fmt: skip
    for _ in range(3):
        bot.telegram.write(ann, "/help")
    object.__setattr__(bot.client, "_pause", lambda _seconds: asyncio.sleep(0))
    async with polling(bot) as polled:
        await eventually(lambda: len(bot.telegram.told(ann)) == 3)
        await polled.end()
    assert polled.told == []


async def test_a_webhook_that_was_set_before_is_taken_away(bot: BotDriver) -> None:
    bot.telegram.webhook = {"url": "https://bot.example.org/", "secret_token": "s"}
    ann = bot.telegram.person(7)
    bot.telegram.write(ann, "/help")
    async with polling(bot):
        await eventually(lambda: bot.telegram.told(ann))
    assert bot.telegram.webhook is None


async def test_a_token_that_is_taken_back_ends_it(bot: BotDriver) -> None:
    bot.telegram.troubles["getUpdates"] = [Refusal(401, "Unauthorized")]
    with pytest.raises(BadToken):
        await Polling(bot.world, bot.client, bot.updates, asyncio.Event(), lambda _line: None).run()


async def test_one_chats_updates_are_answered_in_their_order(bot: BotDriver) -> None:
    people = [bot.telegram.person(number) for number in (7, 8, 9)]
    for text in ("/help", "/games", "hello"):
        for person in people:
            bot.telegram.write(person, text)
    async with polling(bot):
        await eventually(lambda: len(bot.telegram.sent) == 9)
    for person in people:
        said = [message.plain[:8] for message in bot.telegram.told(person)]
        assert said == ["What I c", said[1], "I did no"]
        assert "games" in bot.telegram.told(person)[1].plain


class HangingUpdates(Updates):
    """A process that dies while it answers."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def take(self, update: Update) -> None:
        self.begun.set()
        await asyncio.Event().wait()


async def test_an_update_that_a_dead_process_did_not_answer_comes_to_the_next_one(bot: BotDriver) -> None:
    ann, hanging = bot.telegram.person(7), HangingUpdates()
    bot.telegram.write(ann, "/help")
    async with asyncio.TaskGroup() as group:
        dying = Polling(bot.world, bot.client, hanging, asyncio.Event(), lambda _line: None)
        task = group.create_task(dying.run())
        await hanging.begun.wait()
        task.cancel()
    assert bot.telegram.told(ann) == []
    async with polling(bot):
        await eventually(lambda: bot.telegram.told(ann))


async def test_a_database_that_is_away_is_waited_for(bot: BotDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, hold, failures = bot.telegram.person(7), bot.world.leases.hold, [DBConnectionError("away")] * 2

    def failing(name: str, for_: timedelta) -> AbstractAsyncContextManager[Held | None]:
        if failures:
            raise failures.pop()
        return hold(name, for_)

    monkeypatch.setattr(bot.world.leases, "hold", failing)
    bot.telegram.write(ann, "/help")
    async with polling(bot):
        await eventually(lambda: bot.telegram.told(ann))


async def test_updates_of_no_chat_have_one_turn_together(bot: BotDriver) -> None:
    assert chat_of(Update.model_validate({"update_id": 1})) == 0
