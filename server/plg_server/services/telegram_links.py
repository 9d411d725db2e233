"""Linking a Telegram chat with an account: a one-time code from the account's side, used once from the chat's side.

A code is used by one conditional UPDATE, so of many chats that send it at once one wins. Telegram may deliver an update twice: the
chat that used the code gets the same answer again.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg.contract.telegram import TelegramInvitation, TelegramState
from plg_server.ids import new_id, timestamp
from plg_server.models.telegram import TelegramLink, TelegramLinkCode, TelegramMessage
from plg_server.problems import ApiError
from plg_server.services.codes import random_text
from plg_server.services.entitlement import lock_account
from plg_server.services.mail_codes import plain
from plg_server.services.mail_kinds import mail_language
from plg_server.telegram_config import TelegramConfig

CODE_CHARS = 16
"""80 bits: nobody meets one by guessing."""

LONGEST_CODE_CHARS = 2 * CODE_CHARS
"""With its hyphens and some spaces."""

LIFETIME = timedelta(minutes=15)
"""Long enough to find one's telephone, short enough that a code on a screen that was shown around is void soon."""

CODES_AN_HOUR = 20
"""Of one account: more than anybody needs, and too few to fill a table."""

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class LinkCode:
    """A fresh code, the only time that its text is seen."""

    code: str
    expires_at: datetime


async def begin(account_id: str, now: datetime) -> LinkCode:
    """A new code for this account; earlier ones end. Raises ApiError `rate_limited`, `not_found` for an account that has gone."""
    text = random_text(CODE_CHARS)
    async with in_transaction():
        if await lock_account(account_id) is None:
            raise ApiError(ErrorCode.NOT_FOUND, "there is no such account")
        mine = TelegramLinkCode.filter(account_id=account_id)
        if await mine.filter(created_at__gt=now - AN_HOUR).count() >= CODES_AN_HOUR:
            raise ApiError(
                ErrorCode.RATE_LIMITED, "too many codes were asked for", retry_after_s=AN_HOUR.total_seconds()
            )
        await mine.filter(used_at=None).update(used_at=now)
        await TelegramLinkCode.create(
            id=new_id(),
            account_id=account_id,
            code_hash=link_code_hash(text),
            created_at=now,
            expires_at=now + LIFETIME,
        )
    shown = "-".join(text[start : start + 4] for start in range(0, CODE_CHARS, 4))
    return LinkCode(shown, now + LIFETIME)


async def invite(config: TelegramConfig, account_id: str, now: datetime) -> TelegramInvitation:
    """A new code with the address that opens the bot with it. Raises ApiError `telegram_off` and what `begin` raises."""
    if config.telegram_bot_name is None:
        raise ApiError(ErrorCode.TELEGRAM_OFF, "this server has no Telegram bot; ask its operator")
    made = await begin(account_id, now)
    return TelegramInvitation(
        bot=config.telegram_bot_name,
        code=made.code,
        link=config.link_to(made.code),
        expires_at=timestamp(made.expires_at),
    )


async def state(config: TelegramConfig, account_id: str) -> TelegramState:
    """What the account's owner sees of it."""
    row = await of_account(account_id)
    return TelegramState(
        bot=config.telegram_bot_name,
        linked_at=None if row is None else timestamp(row.linked_at),
        language=None if row is None else row.language,
        reminders=row is not None and row.reminders,
        blocked=row is not None and row.blocked_at is not None,
    )


async def link(code: str, chat_id: int, language: str, now: datetime) -> TelegramLink:
    """Link this private chat with the code's account; its earlier chat is linked no more. `language` as Telegram tells it ("ru-RU").

    Raises ApiError `code_refused` (unknown, ended and used sound the same), or `code_used` when this chat speaks for another account:
    the code stays good then.
    """
    if len(code) > LONGEST_CODE_CHARS:
        raise _refused()
    row = await TelegramLinkCode.get_or_none(code_hash=link_code_hash(code)).select_related("account")
    if row is None:
        raise _refused()
    if row.used_at is not None:
        return await _used_before(row, chat_id)
    try:
        async with in_transaction():
            live = TelegramLinkCode.filter(id=row.id, used_at=None, expires_at__gt=now)
            if not await live.update(used_at=now, used_by_chat_id=chat_id):
                raise _refused()
            account = await lock_account(row.account_id)
            if account is None or account.banned_at is not None:
                raise _refused()
            other = await TelegramLink.get_or_none(chat_id=chat_id)
            if other is not None and other.account_id != row.account_id:
                raise _linked_elsewhere()
            await TelegramLink.filter(account_id=row.account_id).delete()
            return await TelegramLink.create(
                id=new_id(),
                account_id=row.account_id,
                chat_id=chat_id,
                language=str(mail_language(language)),
                linked_at=now,
            )
    except IntegrityError:  # the chat was linked with another account at this moment
        raise _linked_elsewhere() from None


async def of_account(account_id: str) -> TelegramLink | None:
    """The chat of this account."""
    return await TelegramLink.get_or_none(account_id=account_id)


async def of_chat(chat_id: int) -> TelegramLink | None:
    """The link of this chat, with its account fetched."""
    return await TelegramLink.get_or_none(chat_id=chat_id).select_related("account")


async def unlink(account_id: str) -> bool:
    """The account's chat is its no more, and what waits to be said there is not said. False when there was none."""
    async with in_transaction():
        gone = await TelegramLink.filter(account_id=account_id).delete()
        await TelegramMessage.filter(account_id=account_id, state="waiting").update(state="stale")
        # A code that was asked for before is void too: who unlinks wants no chat.
        await TelegramLinkCode.filter(account_id=account_id, used_at=None).delete()
    return bool(gone)


async def choose_language(link_id: str, language: str) -> None:
    """What the bot answers in from now on."""
    await TelegramLink.filter(id=link_id).update(language=str(mail_language(language)))


async def choose_reminders(link_id: str, *, on: bool) -> None:
    """Whether the bot speaks there without being asked."""
    await TelegramLink.filter(id=link_id).update(reminders=on)


async def mark_blocked(chat_id: int, now: datetime) -> None:
    """Telegram says that the person blocked the bot: nothing is sent there unasked any more."""
    await TelegramLink.filter(chat_id=chat_id).update(reminders=False, blocked_at=now)


async def mark_heard(chat_id: int) -> None:
    """The person wrote, so the bot is not blocked. Reminders stay off until they switch them on."""
    await TelegramLink.filter(chat_id=chat_id, blocked_at__isnull=False).update(blocked_at=None)


async def admins() -> list[TelegramLink]:
    """The chats of operators with the role "admin" who can be told something."""
    links = TelegramLink.filter(account__role="admin", account__banned_at=None, blocked_at=None, reminders=True)
    return await links.order_by("id")


def link_code_hash(code: str) -> str:
    """What is kept of a code, however it was typed."""
    return hashlib.sha256(f"plg telegram {plain(code)}".encode("utf-8", "surrogatepass")).hexdigest()


async def _used_before(row: TelegramLinkCode, chat_id: int) -> TelegramLink:
    link_ = await TelegramLink.get_or_none(account_id=row.account_id, chat_id=chat_id)
    if link_ is None or row.used_by_chat_id != chat_id:
        raise _refused()
    return link_


def _refused() -> ApiError:
    return ApiError(ErrorCode.CODE_REFUSED, "there is no such code, or it has ended or was used up")


def _linked_elsewhere() -> ApiError:
    return ApiError(ErrorCode.CODE_USED, "this chat is linked with another account; unlink it there first")
