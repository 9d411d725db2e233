"""Codes that link a chat: one use, a quarter of an hour, and of many at once exactly one wins."""

import asyncio
from datetime import timedelta

import pytest

from plg.contract.problem import ErrorCode
from plg_server.config import load_config
from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.telegram import TelegramLink, TelegramLinkCode, TelegramMessage
from plg_server.problems import ApiError
from plg_server.services import telegram_links
from support.operator_rows import account_row

CHAT = 7_000_000_001
"""More than 32 bits, as many chats' numbers are."""


async def code_of_error(work: object) -> ErrorCode:
    with pytest.raises(ApiError) as refusal:
        await work  # type: ignore[misc]  # any awaitable
    return refusal.value.code


async def test_a_code_links_its_account_with_the_chat_that_sends_it(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        made = await telegram_links.begin(ann.id, now)
        assert made.expires_at - now == timedelta(minutes=15)
        linked = await telegram_links.link(made.code, CHAT, "ru-RU", now)
        assert (linked.account_id, linked.chat_id, linked.language, linked.reminders) == (ann.id, CHAT, "ru", True)
        found = await telegram_links.of_chat(CHAT)
        assert found is not None
        assert found.account.email == "ann@example.org"
        mine = await telegram_links.of_account(ann.id)
        assert mine is not None
        # Telegram delivers an update again when it is not sure that it arrived.
        again = await telegram_links.link(made.code, CHAT, "ru-RU", now)
        assert again.id == linked.id
        assert made.code not in str(await TelegramLinkCode.all().values())


async def test_a_code_is_read_however_it_was_typed(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        made = await telegram_links.begin(ann.id, now)
        typed = made.code.lower().replace("-", " ").replace("0", "o")
        assert (await telegram_links.link(typed, CHAT, "en", now)).account_id == ann.id


async def test_wrong_used_ended_and_replaced_codes_sound_the_same(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        used = (await telegram_links.begin(ann.id, now)).code
        await telegram_links.link(used, CHAT, "en", now)
        replaced = (await telegram_links.begin(ann.id, now)).code
        ended = (await telegram_links.begin(ann.id, now)).code
        later = now + timedelta(minutes=15)
        for code, moment in (
            (used, now), (replaced, now), (ended, later), ("AAAA", now), ("", now), ("A" * 500, now), ("\ud800" * 9, now),
        ):  # fmt: skip
            assert await code_of_error(telegram_links.link(code, CHAT + 1, "en", moment)) is ErrorCode.CODE_REFUSED


async def test_of_fifty_chats_that_send_one_code_at_once_one_wins(database: Database) -> None:
    now = utc_now()

    async def send(chat_id: int, code: str) -> bool:
        try:
            await telegram_links.link(code, chat_id, "en", now)
        except ApiError:
            return False
        return True

    with database.active():
        ann = await account_row("ann@example.org", now)
        code = (await telegram_links.begin(ann.id, now)).code
        won = await asyncio.gather(*(send(CHAT + number, code) for number in range(50)))
        assert sum(won) == 1
        assert [row.chat_id for row in await TelegramLink.all()] == [CHAT + won.index(True)]


async def test_a_chat_speaks_for_one_account_and_the_code_is_not_lost_on_it(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann, bob = await account_row("ann@example.org", now), await account_row("bob@example.org", now)
        await telegram_links.link((await telegram_links.begin(ann.id, now)).code, CHAT, "en", now)
        code = (await telegram_links.begin(bob.id, now)).code
        assert await code_of_error(telegram_links.link(code, CHAT, "en", now)) is ErrorCode.CODE_USED
        assert (await telegram_links.link(code, CHAT + 1, "en", now)).account_id == bob.id


async def test_an_account_that_links_another_chat_leaves_the_first_one(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        for chat_id in (CHAT, CHAT + 1):
            await telegram_links.link((await telegram_links.begin(ann.id, now)).code, chat_id, "en", now)
        assert await telegram_links.of_chat(CHAT) is None
        assert [row.chat_id for row in await TelegramLink.all()] == [CHAT + 1]


async def test_a_banned_account_links_nothing_and_a_deleted_one_gets_no_code(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        code = (await telegram_links.begin(ann.id, now)).code
        await Account.filter(id=ann.id).update(banned_at=now)
        assert await code_of_error(telegram_links.link(code, CHAT, "en", now)) is ErrorCode.CODE_REFUSED
        assert await code_of_error(telegram_links.begin(new_id(), now)) is ErrorCode.NOT_FOUND


async def test_codes_are_asked_for_twenty_times_an_hour_at_most(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        for _ in range(telegram_links.CODES_AN_HOUR):
            await telegram_links.begin(ann.id, now)
        assert await code_of_error(telegram_links.begin(ann.id, now)) is ErrorCode.RATE_LIMITED
        await telegram_links.begin(ann.id, now + timedelta(hours=1))


async def test_unlinking_ends_the_chat_its_code_and_what_waits_to_be_said(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        await telegram_links.link((await telegram_links.begin(ann.id, now)).code, CHAT, "en", now)
        waiting = (await telegram_links.begin(ann.id, now)).code
        await TelegramMessage.create(
            id=new_id(), account=ann, key="k", kind="reminder", facts="{}", created_at=now, due_at=now, useless_at=now
        )
        assert await telegram_links.unlink(ann.id)
        assert not await telegram_links.unlink(ann.id)
        assert await telegram_links.of_account(ann.id) is None
        assert (await TelegramMessage.get()).state == "stale"
        assert await code_of_error(telegram_links.link(waiting, CHAT, "en", now)) is ErrorCode.CODE_REFUSED


async def test_a_chat_that_blocked_the_bot_is_left_alone_until_it_says_otherwise(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now, role="admin")
        linked = await telegram_links.link((await telegram_links.begin(ann.id, now)).code, CHAT, "en", now)
        assert [row.chat_id for row in await telegram_links.admins()] == [CHAT]
        await telegram_links.mark_blocked(CHAT, now)
        assert await telegram_links.admins() == []
        await telegram_links.mark_heard(CHAT)
        assert await telegram_links.admins() == []
        await telegram_links.choose_reminders(linked.id, on=True)
        await telegram_links.choose_language(linked.id, "ru")
        (row,) = await telegram_links.admins()
        assert (row.language, row.blocked_at) == ("ru", None)


async def test_without_a_bot_nobody_is_invited(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann = await account_row("ann@example.org", now)
        off = load_config(None, {}, {}).telegram
        assert await code_of_error(telegram_links.invite(off, ann.id, now)) is ErrorCode.TELEGRAM_OFF
        assert (await telegram_links.state(off, ann.id)).bot is None
