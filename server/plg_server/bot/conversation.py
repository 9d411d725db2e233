"""From what somebody sent to what the bot answers: who asks, may they, and which command it is. Knows nothing of aiogram."""

import structlog

from plg_server.bot import account_commands, buying, public_commands
from plg_server.bot.answers import Answer
from plg_server.bot.asking import Asker, asker_of, read_command
from plg_server.bot.world import BotWorld
from plg_server.services import telegram_links
from plg_server.store import MemoryStore, StoreUnavailable

ASKED_A_MINUTE = 20
"""Of one chat: a person presses a button every few seconds at the most."""

MINUTE_S = 60.0

COMMANDS = ("status", "subscribe", "games", "nodes", "referral", "reminders", "language", "unlink", "help", "start")
"""In the order of the menu that Telegram shows."""


class Conversation:
    """Every method makes the database active by itself and gives an answer whatever was sent; None says nothing."""

    def __init__(self, world: BotWorld) -> None:
        self._world = world
        # While the shared store is away each process counts for itself: better than not at all.
        self._own = MemoryStore()

    async def written(self, chat_id: int, language_code: str, text: str) -> Answer | None:
        """A message in a private chat."""
        return await self._answer(chat_id, language_code, text, pressed=False)

    async def pressed(self, chat_id: int, language_code: str, data: str) -> Answer | None:
        """A button in a private chat. Its data comes from outside and may be anything."""
        return await self._answer(chat_id, language_code, data, pressed=True)

    async def blocked(self, chat_id: int, *, blocked: bool) -> None:
        """The person blocked the bot, or let it in again."""
        with self._world.database.active():
            if blocked:
                await telegram_links.mark_blocked(chat_id, self._world.clock())
            else:
                await telegram_links.mark_heard(chat_id)

    async def _answer(self, chat_id: int, language_code: str, text: str, *, pressed: bool) -> Answer | None:
        count = await self._count(chat_id)
        if count > ASKED_A_MINUTE:
            # Said once a minute, and not in place of what somebody reads: an answer to each would be a flood of ours.
            told_now = count == ASKED_A_MINUTE + 1 and not pressed
            return asker_of(chat_id, None, language_code).answer("commands.slow_down") if told_now else None
        try:
            with self._world.database.active():
                link = await telegram_links.of_chat(chat_id)
                asker = asker_of(chat_id, link, language_code)
                if link is not None and link.blocked_at is not None:
                    await telegram_links.mark_heard(chat_id)
                if link is not None and link.account.banned_at is not None:
                    return asker.answer("account.banned", reason=link.account.ban_reason)
                if pressed:
                    return await self._button(asker, text)
                return await self._command(asker, text, language_code)
        except Exception as error:  # noqa: BLE001 - who asks hears something, whatever fails
            away = isinstance(error, StoreUnavailable) or self._world.database.is_unavailable(error)
            structlog.get_logger().error(
                "bot_part_unavailable" if away else "bot_command_failed",
                reason=type(error).__name__,
                exc_info=None if away else error,
            )
            return asker_of(chat_id, None, language_code).answer("commands.try_later")

    async def _command(self, asker: Asker, text: str, language_code: str) -> Answer:
        world, command = self._world, read_command(text)
        match command.name:
            case "start":
                return await account_commands.start(world, asker, command.argument, language_code)
            case "status":
                return await account_commands.status(world, asker)
            case "subscribe":
                return await buying.plans(world, asker)
            case "games":
                return public_commands.games(world, asker, command.argument)
            case "nodes":
                return await public_commands.nodes(world, asker)
            case "referral":
                return await account_commands.referral(world, asker)
            case "reminders":
                return account_commands.reminders(asker)
            case "language":
                return account_commands.language(asker)
            case "unlink":
                return await account_commands.unlink(asker)
            case "help":
                return public_commands.help_(asker)
        return public_commands.unknown(asker)

    async def _button(self, asker: Asker, data: str) -> Answer:
        world = self._world
        what, _, rest = data.partition(":")
        match what:
            case "plans":
                return await buying.plans(world, asker)
            case "plan":
                return await buying.ways(world, asker, rest)
            case "pay":
                return await buying.checkout(world, asker, rest)
            case "games":
                return public_commands.turn_page(world, asker, rest)
            case "language":
                return await account_commands.choose_language(asker, rest)
            case "reminders":
                return await account_commands.choose_reminders(asker, rest)
        return public_commands.unknown(asker)

    async def _count(self, chat_id: int) -> int:
        key = f"bot:asked:{chat_id}"
        try:
            return await self._world.store.incr(key, MINUTE_S)
        except StoreUnavailable:
            return await self._own.incr(key, MINUTE_S)
