"""aiogram's dispatcher for our conversation: private chats alone, and whatever comes, nothing leaves but an answer.

An update may come twice: nothing here counts on its coming once.
"""

from collections.abc import Coroutine

import structlog
from aiogram import Dispatcher, F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.types import CallbackQuery, ChatMemberUpdated, InaccessibleMessage, Message, Update

from plg_server.bot.client import TelegramClient
from plg_server.bot.conversation import Conversation
from plg_server.bot.troubles import Blocked, TelegramTrouble


class Updates:
    """Takes updates, from wherever they come."""

    def __init__(self, client: TelegramClient, conversation: Conversation) -> None:
        self._client = client
        self._conversation = conversation
        self._dispatcher = Dispatcher()
        router = Router(name="private chats")
        router.message.register(self._message, F.chat.type == ChatType.PRIVATE)
        router.callback_query.register(self._pressed, F.message.chat.type == ChatType.PRIVATE)
        router.my_chat_member.register(self._member, F.chat.type == ChatType.PRIVATE)
        self._dispatcher.include_router(router)

    async def take(self, update: Update) -> None:
        """Answer one update. Never raises: an update that cannot be answered must not come again and again."""
        try:
            await self._dispatcher.feed_update(self._client.bot, update)
        except TelegramTrouble as trouble:
            structlog.get_logger().warning("bot_answer_not_sent", update=update.update_id, reason=str(trouble))
        except Exception as error:  # noqa: BLE001 - a fault of ours with one update must not end the bot
            structlog.get_logger().error("bot_update_failed", update=update.update_id, exc_info=error)

    async def _message(self, message: Message) -> None:
        if message.from_user is None or message.from_user.is_bot:
            return
        language = message.from_user.language_code or ""
        answer = await self._conversation.written(message.chat.id, language, message.text or "")
        if answer is not None:
            await self._unless_blocked(message.chat.id, self._client.reply(message.chat.id, answer))

    async def _pressed(self, query: CallbackQuery) -> None:
        message = query.message
        if message is None:
            return
        answer = await self._conversation.pressed(
            message.chat.id, query.from_user.language_code or "", query.data or ""
        )
        await self._client.heard(query.id)
        if answer is None:
            return
        if isinstance(message, InaccessibleMessage):
            await self._unless_blocked(message.chat.id, self._client.reply(message.chat.id, answer))
        else:
            shown = self._client.edit(message.chat.id, message.message_id, answer)
            await self._unless_blocked(message.chat.id, shown)

    async def _member(self, change: ChatMemberUpdated) -> None:
        blocked = change.new_chat_member.status == ChatMemberStatus.KICKED
        await self._conversation.blocked(change.chat.id, blocked=blocked)

    async def _unless_blocked(self, chat_id: int, sending: Coroutine[None, None, None]) -> None:
        try:
            await sending
        except Blocked:
            await self._conversation.blocked(chat_id, blocked=True)
