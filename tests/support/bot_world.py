"""A bot over a server's database and a fake Telegram, in the test's own process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiogram.types import Update

from plg_server.bot.client import TelegramClient, open_client
from plg_server.bot.conversation import Conversation
from plg_server.bot.dispatching import Updates
from plg_server.bot.world import BotWorld, open_world
from plg_server.config import load_config
from plg_server.models.accounts import Account
from plg_server.operator_tasks import make_data_dir
from plg_server.services import telegram_links
from plg_server.services.plans import seed_plans
from support.billing_world import MovingClock
from support.fake_telegram import BOT_NAME, TOKEN, FakeTelegram, Person, Sent, fake_telegram
from support.migrated_databases import MigratedDatabases
from support.operator_rows import account_row

LIMIT_S = 20.0
"""For anything that is waited for: the machine is slow at times."""


@dataclass
class BotDriver:
    """Made by `bot_over`. What somebody sends is answered before the call returns."""

    world: BotWorld
    client: TelegramClient
    telegram: FakeTelegram
    clock: MovingClock
    updates: Updates

    async def write(self, person: Person, text: str, chat: dict[str, Any] | None = None) -> Sent | None:
        """What the bot answers to a message; None when it says nothing."""
        return await self._taken(person, self.telegram.write(person, text, chat))

    async def press(self, person: Person, label: str) -> Sent:
        """Press a button of the newest message; the message as it stands then."""
        message = self.telegram.last(person)
        await self._taken(person, self.telegram.press(person, message, message.data(label)))
        return self.telegram.last(person)

    async def press_data(self, person: Person, data: str) -> None:
        """Press a button with any data, as a client of somebody's own may send it."""
        message = self.telegram.told(person)[-1] if self.telegram.told(person) else Sent(person.id, 1, "x", [])
        await self._taken(person, self.telegram.press(person, message, data))

    async def said(self, person: Person, text: str) -> str:
        """The text of an answer that must come."""
        answer = await self.write(person, text)
        assert answer is not None, text
        return answer.plain

    async def linked(
        self, number: int, email: str = "", *, language: str = "en", **columns: Any
    ) -> tuple[Person, Account]:
        """Somebody whose chat is linked with a new account."""
        now = self.clock()
        person = self.telegram.person(number, language=language)
        with self.world.database.active():
            account = await account_row(email or f"p{number}@example.org", now, **columns)
            code = (await telegram_links.begin(account.id, now)).code
            await telegram_links.link(code, number, language, now)
        return person, account

    async def take(self, content: dict[str, Any]) -> None:
        """Any update."""
        await self.take_update(self.telegram.update(content))

    async def take_update(self, update_id: int) -> None:
        """One that waits at Telegram."""
        (content,) = [one for one in self.telegram.pending if one["update_id"] == update_id]
        self.telegram.pending.remove(content)
        await self.updates.take(Update.model_validate(content, context={"bot": self.client.bot}))

    async def _taken(self, person: Person, update_id: int) -> Sent | None:
        before = len(self.telegram.told(person))
        await self.take_update(update_id)
        answers = self.telegram.told(person)[before:]
        return answers[-1] if answers else None


def bot_settings(telegram: FakeTelegram, data_dir: Path, **settings: Any) -> dict[str, Any]:
    """The configuration of a bot over this database."""
    return {
        "data_dir": str(data_dir),
        "telegram_token": TOKEN,
        "telegram_bot_name": BOT_NAME,
        "telegram_api_url": telegram.url,
        **settings,
    }


@asynccontextmanager
async def bot_over(databases: MigratedDatabases, data_dir: Path, **settings: Any) -> AsyncIterator[BotDriver]:
    """A bot with a database of its own, until the block ends; whatever Telegram refused fails the test."""
    async with fake_telegram() as telegram:
        config = load_config(None, {}, bot_settings(telegram, data_dir, **settings))
        make_data_dir(config)
        await databases.migrate(config)
        clock = MovingClock()
        async with open_world(config, clock) as world, open_client(config.telegram) as client:
            with world.database.active():
                await seed_plans()
            yield BotDriver(world, client, telegram, clock, Updates(client, Conversation(world)))
        assert telegram.refused == []


StartBot = Callable[..., Awaitable[BotDriver]]
"""The fixture `start_bot`: settings in, a bot out."""


async def eventually(holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110 - it becomes true outside of this loop's sight
            await asyncio.sleep(0.02)
