"""Linking a chat, and what the bot tells its owner, in both languages."""

import asyncio
from datetime import timedelta

import pytest

from plg_server.models.telegram import TelegramLink
from plg_server.services import telegram_links
from support.bot_world import BotDriver, StartBot
from support.operator_rows import account_row


async def fresh_code(bot: BotDriver, email: str) -> str:
    with bot.world.database.active():
        account = await account_row(email, bot.clock())
        return (await telegram_links.begin(account.id, bot.clock())).code


async def test_a_stranger_learns_how_to_link_and_a_code_links(bot: BotDriver) -> None:
    ann = bot.telegram.person(7, language="ru")
    assert "plg account telegram link" in await bot.said(ann, "/start")
    code = await fresh_code(bot, "ann@example.org")
    assert "Готово" in await bot.said(ann, f"/start {code}")
    assert "ann" in await bot.said(ann, "/start")
    # The same update once more: no second use, and no other answer.
    assert "Готово" in await bot.said(ann, f"/start {code}")
    with bot.world.database.active():
        link = await TelegramLink.get()
    assert (link.chat_id, link.language) == (7, "ru")


async def test_wrong_used_and_ended_codes_are_refused_in_the_same_words(bot: BotDriver) -> None:
    ann, bob = bot.telegram.person(7), bot.telegram.person(8)
    used, ended = await fresh_code(bot, "ann@example.org"), await fresh_code(bot, "bob@example.org")
    await bot.write(ann, f"/start {used}")
    bot.clock.forward(minutes=16)
    said = {await bot.said(bob, f"/start {code}") for code in (used, ended, "AAAA-BBBB", "<b>&", "x" * 200)}
    assert len(said) == 1
    assert "no such code" in said.pop()


async def test_of_fifty_chats_that_send_one_code_at_once_one_is_linked(bot: BotDriver) -> None:
    code = await fresh_code(bot, "ann@example.org")
    people = [bot.telegram.person(number) for number in range(100, 150)]
    said = await asyncio.gather(*(bot.said(person, f"/start {code}") for person in people))
    assert sum("Done" in text for text in said) == 1
    with bot.world.database.active():
        assert await TelegramLink.all().count() == 1


async def test_guessing_codes_is_slowed_down(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    code = await fresh_code(bot, "ann@example.org")
    for _ in range(20):
        await bot.world.store.incr("bot:link:7", 3600.0)
    assert "too quick" in await bot.said(ann, f"/start {code}")


async def test_a_chat_of_another_account_is_not_taken_over(bot: BotDriver) -> None:
    ann, _account = await bot.linked(7)
    code = await fresh_code(bot, "bob@example.org")
    assert "another account" in await bot.said(ann, f"/start {code}")
    assert "not linked" in await bot.said(ann, "/unlink")
    assert "Done" in await bot.said(ann, f"/start {code}")


@pytest.mark.parametrize(
    ("language", "plan", "left", "none", "friends"),
    [
        ("en", "Plan: monthly", "2 days left", "No session runs now", "Your code for friends: R"),
        ("ru", "Тариф: monthly", "осталось 2 дня", "Сейчас сеансов нет", "Ваш код для друзей: R"),
    ],
)
async def test_status_and_friends_in_both_languages(
    start_bot: StartBot, language: str, plan: str, left: str, none: str, friends: str
) -> None:
    bot = await start_bot(billing="on")
    ends_at = bot.clock() + timedelta(days=2)
    ann, _account = await bot.linked(7, language=language, plan_name="monthly", plan_expires_at=ends_at)
    status = await bot.said(ann, "/status")
    assert all(part in status for part in (plan, left, none, ends_at.date().isoformat()))
    assert friends in await bot.said(ann, "/referral")


async def test_a_plan_of_every_state_is_told(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on")
    ann, _ = await bot.linked(7)
    assert "no plan yet" in await bot.said(ann, "/status")
    bob, _ = await bot.linked(8, plan_name="monthly", plan_expires_at=bot.clock() - timedelta(days=1))
    assert "ended on" in await bot.said(bob, "/status")
    cid, _ = await bot.linked(9, plan_name="monthly")
    assert "It has no end" in await bot.said(cid, "/status")


async def test_where_nothing_is_sold_status_says_so(bot: BotDriver) -> None:
    ann, _account = await bot.linked(7)
    assert "everybody may play" in await bot.said(ann, "/status")
    assert "everybody may play" in await bot.said(ann, "/referral")


async def test_who_is_not_linked_is_told_to_link(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on")
    ann = bot.telegram.person(7)
    for command in ("/status", "/referral", "/reminders"):
        assert "/start" in await bot.said(ann, command)
    assert "language of your Telegram" in await bot.said(ann, "/language")


async def test_the_language_is_chosen_by_a_button_and_stays(bot: BotDriver) -> None:
    ann, _account = await bot.linked(7, language="en")
    await bot.write(ann, "/language")
    assert "по-русски" in (await bot.press(ann, "Русский")).plain
    assert "Что я умею" in await bot.said(ann, "/help")


async def test_reminders_are_switched_by_a_button(bot: BotDriver) -> None:
    ann, account = await bot.linked(7)
    await bot.write(ann, "/reminders")
    off = await bot.press(ann, "off")
    assert ("Reminders are off" in off.plain, off.labels) == (True, ["Switch reminders on"])
    with bot.world.database.active():
        assert not (await TelegramLink.get(account_id=account.id)).reminders
    assert "Reminders are on" in (await bot.press(ann, "on")).plain
