"""Saying what waits in the queue, one after another, as slowly as Telegram wants it."""

import asyncio
from datetime import timedelta

import msgspec
import structlog

from plg_server.bot.answers import Answer, Button
from plg_server.bot.client import TelegramClient
from plg_server.bot.stopping import sleep_until
from plg_server.bot.texts import say, word
from plg_server.bot.troubles import BadToken, Blocked, Refused, TelegramTrouble, TooMany
from plg_server.bot.world import BotWorld
from plg_server.models.telegram import TelegramLink, TelegramMessage
from plg_server.services import telegram_links, telegram_queue
from plg_server.services.telegram_queue import MessageKind

TICK_S = 2.0
"""How long a message waits at most before it sets out."""

BETWEEN_S = 0.05
"""Twenty a second; Telegram allows about thirty to different chats (core.telegram.org/bots/faq)."""


class Sending:
    """`run` goes on until `stop` is set; a message that is on its way is waited for."""

    def __init__(self, world: BotWorld, client: TelegramClient, stop: asyncio.Event, tick_s: float = TICK_S) -> None:
        self._world = world
        self._client = client
        self._stop = stop
        self._tick_s = tick_s

    async def run(self) -> None:
        """Raises BadToken."""
        with self._world.database.active():
            while not self._stop.is_set():
                wait_s = self._tick_s
                try:
                    wait_s = max(wait_s, await self.round())
                except BadToken:
                    raise
                except Exception as error:  # noqa: BLE001 - a round that fails must not end the bot
                    gone = self._world.database.is_unavailable(error)
                    structlog.get_logger().error(
                        "bot_sending_failed", reason=type(error).__name__, exc_info=None if gone else error
                    )
                await sleep_until(self._stop, wait_s)

    async def round(self) -> float:
        """Send what is due; how long Telegram wants to be left alone, in seconds. Needs an active database."""
        while not self._stop.is_set():
            row = await telegram_queue.take(self._world.clock())
            if row is None:
                return 0.0
            wait_s = await self._send(row)
            if wait_s:
                return wait_s
            await sleep_until(self._stop, BETWEEN_S)
        return 0.0

    async def _send(self, row: TelegramMessage) -> float:
        """Seconds to wait before the next one."""
        now = self._world.clock()
        link = await telegram_links.of_account(row.account_id)
        if link is None or not link.reminders or link.blocked_at is not None:
            await telegram_queue.mark_stale(row, "nobody to say it to", now)
            return 0.0
        if row.useless_at <= now:
            await telegram_queue.mark_stale(row, "of no use any more", now)
            return 0.0
        try:
            await self._client.send(link.chat_id, text_of(row, link))
        except Blocked as trouble:
            await telegram_links.mark_blocked(link.chat_id, now)
            await telegram_queue.mark_stale(row, str(trouble), now)
        except TooMany as trouble:
            await telegram_queue.put_off(row, str(trouble), now, timedelta(seconds=trouble.wait_s))
            return trouble.wait_s
        except Refused as trouble:
            await telegram_queue.give_up(row, str(trouble), now)
            structlog.get_logger().error("bot_message_refused", message=row.id, kind=row.kind, reason=str(trouble))
        except BadToken:
            await telegram_queue.put_off(row, "the token is refused", now)
            raise
        except TelegramTrouble as trouble:
            await telegram_queue.put_off(row, str(trouble), now)
            structlog.get_logger().warning("bot_message_not_sent", message=row.id, kind=row.kind, tries=row.tries)
        else:
            await telegram_queue.mark_sent(row, self._world.clock())
        return 0.0


def text_of(row: TelegramMessage, link: TelegramLink) -> Answer:
    """The message in the language of the chat that it goes to."""
    facts = msgspec.json.decode(row.facts, type=dict[str, str | int | None])
    text = say(link.language, f"notices.{row.kind}", **facts)
    if row.kind == MessageKind.REMINDER:
        return Answer(text, ((Button(word(link.language, "subscribe"), data="plans"),),))
    return Answer(text)
