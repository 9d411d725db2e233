"""Calls to the Bot API through aiogram: our answers in, our troubles out, tried again where that may help."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    EditMessageText,
    GetMe,
    GetUpdates,
    SendMessage,
    SetMyCommands,
    SetWebhook,
    TelegramMethod,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Update,
)

from plg_server.bot.answers import Answer
from plg_server.bot.conversation import COMMANDS
from plg_server.bot.texts import LANGUAGES, word
from plg_server.bot.troubles import BadToken, Blocked, Conflict, Refused, TelegramTrouble, TooMany, Unreachable
from plg_server.telegram_config import TelegramConfig

CALL_LIMIT_S = 15
"""Telegram answers within a second or two; a longer silence is a broken line."""

LONG_POLL_S = 25
"""How long Telegram may keep a question for updates. Below a minute, after which routers forget idle connections."""

TRIES = 3
"""Of one answer: who asked is there to ask again."""

PAUSE_S = 1.0
"""Before the second try; twice as long before the third."""

LONGEST_WAIT_S = 20.0
"""An answer waits for Telegram's `retry_after` so long at most; later it would come unexpected."""

UPDATES = ["message", "callback_query", "my_chat_member"]
"""What the bot wants to hear of; nothing else is sent to it."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Me:
    """Who the token belongs to."""

    id: int
    name: str


class TelegramClient:
    """Made by `open_client`. Every method raises TelegramTrouble."""

    def __init__(self, bot: Bot, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.bot = bot
        self._pause = pause

    async def me(self) -> Me:
        """Whose token it is: one try."""
        user = await self._once(GetMe())
        return Me(user.id, user.username or "")

    async def updates(self, offset: int | None) -> Sequence[Update]:
        """What happened since; everything below `offset` is confirmed and never told again. One try, up to LONG_POLL_S."""
        asked = GetUpdates(offset=offset, timeout=LONG_POLL_S, limit=100, allowed_updates=UPDATES)
        return await self._once(asked, LONG_POLL_S + CALL_LIMIT_S)

    async def confirm(self, offset: int) -> None:
        """Confirm everything below `offset` without waiting for more: one try."""
        await self._once(GetUpdates(offset=offset, timeout=0, limit=1, allowed_updates=UPDATES))

    async def send(self, chat_id: int, answer: Answer) -> None:
        """One try: for what has a queue of its own."""
        await self._once(self._message(chat_id, answer))

    async def reply(self, chat_id: int, answer: Answer) -> None:
        """A few tries: for what somebody waits for."""
        await self._tried(self._message(chat_id, answer))

    async def edit(self, chat_id: int, message_id: int, answer: Answer) -> None:
        """Put another text in place of a message of ours. One that says the same already is left."""
        with contextlib.suppress(_Same):
            await self._tried(
                EditMessageText(
                    chat_id=chat_id, message_id=message_id, text=answer.text, reply_markup=_keyboard(answer)
                )
            )

    async def heard(self, query_id: str) -> None:
        """Tell the button that it was pressed. A query that is too old is nobody's concern."""
        with contextlib.suppress(Refused):
            await self._tried(AnswerCallbackQuery(callback_query_id=query_id))

    async def name_commands(self) -> None:
        """The menu of commands, in each language; English for all others."""
        for language in LANGUAGES:
            menu = [BotCommand(command=name, description=word(language, f"about_{name}")) for name in COMMANDS]
            code = None if language == LANGUAGES[0] else str(language)
            await self._tried(SetMyCommands(commands=menu, scope=BotCommandScopeAllPrivateChats(), language_code=code))

    async def set_webhook(self, url: str, secret: str) -> None:
        """Have updates sent there, with the secret in a header."""
        await self._tried(SetWebhook(url=url, secret_token=secret, allowed_updates=UPDATES))

    async def delete_webhook(self) -> None:
        """Ask for updates ourselves; what waits is kept."""
        await self._tried(DeleteWebhook(drop_pending_updates=False))

    def _message(self, chat_id: int, answer: Answer) -> SendMessage:
        return SendMessage(chat_id=chat_id, text=answer.text, reply_markup=_keyboard(answer))

    async def _tried(self, method: TelegramMethod[Result]) -> Result:
        for turn in range(1, TRIES):
            try:
                return await self._once(method)
            except TooMany as trouble:
                if trouble.wait_s > LONGEST_WAIT_S:
                    raise
                await self._pause(trouble.wait_s)
            except Unreachable:
                await self._pause(PAUSE_S * turn)
        return await self._once(method)

    async def _once(self, method: TelegramMethod[Result], limit_s: int = CALL_LIMIT_S) -> Result:
        try:
            async with asyncio.timeout(limit_s + 1):
                return await self.bot(method, request_timeout=limit_s)
        except TimeoutError:
            raise Unreachable("no answer in time") from None
        except (AiogramError, OSError) as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> TelegramTrouble:
        said = error.message if isinstance(error, TelegramAPIError) else str(error)
        text = " ".join(said.replace(self.bot.token, "***").split())[:200]
        match error:
            case TelegramRetryAfter():
                return TooMany(float(error.retry_after))
            case TelegramForbiddenError():
                return Blocked(text)
            case TelegramConflictError():
                return Conflict(text)
            case TelegramUnauthorizedError() | TelegramNotFound():
                return BadToken("Telegram does not know this token")
            case TelegramBadRequest():
                return _Same(text) if "message is not modified" in text else Refused(text)
            case TelegramNetworkError() | TelegramServerError():
                return Unreachable(text)
        return Unreachable(f"{type(error).__name__}: no answer that can be read")


class _Same(Refused):
    """The message says that already."""


@contextlib.asynccontextmanager
async def open_client(config: TelegramConfig) -> AsyncIterator[TelegramClient]:
    """A client with the configured token, which must be there; closed when the block ends."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(config.telegram_api_url), timeout=CALL_LIMIT_S)
    defaults = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview=LinkPreviewOptions(is_disabled=True))
    bot = Bot(token=config.telegram_token or "", session=session, default=defaults)
    try:
        yield TelegramClient(bot)
    finally:
        await session.close()


def _keyboard(answer: Answer) -> InlineKeyboardMarkup | None:
    if not answer.buttons:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text=one.label, url=one.url)
                if one.url
                else InlineKeyboardButton(text=one.label, callback_data=one.data)
                for one in row
            ]
            for row in answer.buttons
        ]
    )
