"""Asking Telegram for updates, one process at a time.

Whose turn it is to ask is a lease in the database, so a second `plg bot run` waits and takes over when the first one ends. An update is
confirmed by the question after it, once it has been answered: a process that dies in between is told of it again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from aiogram.types import Update

from plg_server.bot.client import TelegramClient
from plg_server.bot.dispatching import Updates
from plg_server.bot.stopping import sleep_until, until
from plg_server.bot.troubles import BadToken, Conflict, TelegramTrouble, TooMany
from plg_server.bot.world import BotWorld
from plg_server.services.leases import Held, LeaseLost

LEASE_NAME = "telegram_polling"

HOLD = timedelta(seconds=90)
"""Three long questions for updates; renewed before each one. So long a process that was killed is missed."""

LOOK_S = 2.0
"""How often a process that waits for its turn looks."""

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""After failures in a row; the last one again and again."""


class Polling:
    """`run` goes on until `stop` is set. `tell` gets a line when somebody else gets this bot's updates; `ready` is called at each turn."""

    def __init__(
        self,
        world: BotWorld,
        client: TelegramClient,
        updates: Updates,
        stop: asyncio.Event,
        tell: Callable[[str], None],
        ready: Callable[[], None] = lambda: None,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._world = world
        self._client = client
        self._updates = updates
        self._stop = stop
        self._tell = tell
        self._ready = ready
        self._pauses_s = pauses_s
        self._told = ""
        self._failures = 0
        self._offset: int | None = None

    async def run(self) -> None:
        """Raises BadToken."""
        with self._world.database.active():
            while not self._stop.is_set():
                try:
                    async with self._world.leases.hold(LEASE_NAME, HOLD) as held:
                        if held is not None:
                            await self._serve(held)
                except LeaseLost:
                    structlog.get_logger().warning("bot_polling_lost")
                except Exception as error:
                    if not self._world.database.is_unavailable(error):
                        raise
                    await self._failed("the database does not answer")
                else:
                    if held is None:
                        self._say("another `plg bot run` serves this bot; this one waits until it ends")
                        await sleep_until(self._stop, LOOK_S)

    async def _serve(self, held: Held) -> None:
        await self._without_webhook()
        self._told = ""
        self._ready()
        while not self._stop.is_set():
            await held.renew()
            found = await self._asked()
            if found:
                await self._answer(found)
                self._offset = found[-1].update_id + 1
        await self._last_word()

    async def _without_webhook(self) -> None:
        """Telegram tells nothing to who asks while a webhook is set."""
        try:
            await self._client.delete_webhook()
        except BadToken:
            raise
        except TelegramTrouble as trouble:
            structlog.get_logger().warning("bot_webhook_not_deleted", reason=str(trouble))

    async def _asked(self) -> Sequence[Update]:
        try:
            found = await until(self._stop, self._client.updates(self._offset))
        except BadToken:
            raise
        except Conflict:
            self._say(
                "another program asks Telegram for this bot's updates (409 Conflict): only one may; end it, or give it another bot"
            )
            await self._failed("")
            return ()
        except TooMany as trouble:
            await sleep_until(self._stop, trouble.wait_s)
            return ()
        except TelegramTrouble as trouble:
            await self._failed(str(trouble))
            return ()
        self._failures = 0
        self._told = ""
        return found or ()

    async def _answer(self, found: Sequence[Update]) -> None:
        """One chat's updates one after the other, several chats at once. Waits for all: only then they count as answered."""
        chats: defaultdict[int, list[Update]] = defaultdict(list)
        for update in found:
            chats[chat_of(update)].append(update)
        async with asyncio.TaskGroup() as group:
            for number, updates in chats.items():
                group.create_task(self._in_turn(updates), name=f"bot chat {number}")

    async def _in_turn(self, updates: Sequence[Update]) -> None:
        for update in updates:
            await self._updates.take(update)

    async def _last_word(self) -> None:
        """Confirm what was answered, so that the next process does not answer it again. If it fails, that one does."""
        if self._offset is None:
            return
        try:
            await self._client.confirm(self._offset)
        except TelegramTrouble as trouble:
            structlog.get_logger().warning("bot_updates_not_confirmed", reason=str(trouble))

    async def _failed(self, reason: str) -> None:
        if reason and not self._failures:
            structlog.get_logger().warning("bot_polling_failed", reason=reason)
        pause_s = self._pauses_s[min(self._failures, len(self._pauses_s) - 1)]
        self._failures += 1
        await sleep_until(self._stop, pause_s)

    def _say(self, line: str) -> None:
        """Once, until something else happens."""
        if line != self._told:
            self._told = line
            self._tell(line)


def chat_of(update: Update) -> int:
    """The chat that it belongs to; 0 for none."""
    if update.message is not None:
        return update.message.chat.id
    if update.my_chat_member is not None:
        return update.my_chat_member.chat.id
    return 0 if update.callback_query is None else update.callback_query.from_user.id
