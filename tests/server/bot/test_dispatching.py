"""Which updates are answered: those of private chats, and nothing that comes ends the bot."""

from typing import Any

from plg_server.models.telegram import TelegramLink
from support.bot_world import BotDriver
from support.fake_telegram import Refusal

GROUP = {"id": -100123, "type": "supergroup", "title": "players"}


async def test_nothing_is_said_in_groups(bot: BotDriver) -> None:
    ann, _account = await bot.linked(7)
    bot.telegram.groups.add(GROUP["id"])  # type: ignore[arg-type]  # a number
    for text in ("/status", "/start@plg_test_bot", "hello"):
        assert await bot.write(ann, text, GROUP) is None
    assert bot.telegram.sent == []


async def test_bots_and_messages_without_a_text_do_no_harm(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    robot = {"id": 9, "is_bot": True, "first_name": "r"}
    for content in (
        {"message": {"message_id": 1, "date": 1, "from": robot, "chat": ann.chat, "text": "/help"}},
        {"message": {"message_id": 1, "date": 1, "chat": ann.chat, "text": "/help"}},
        {"callback_query": {"id": "1", "from": ann.user, "chat_instance": "1", "data": "plans"}},
        {"edited_message": {"message_id": 1, "date": 1, "from": ann.user, "chat": ann.chat, "text": "/help"}},
    ):
        await bot.take(content)
    assert bot.telegram.sent == []
    photo = {"message_id": 1, "date": 1, "from": ann.user, "chat": ann.chat, "photo": []}
    await bot.take({"message": photo})
    assert "did not understand" in bot.telegram.last(ann).plain


async def test_every_press_is_confirmed_and_changes_the_message_in_its_place(bot: BotDriver) -> None:
    ann, _account = await bot.linked(7)
    first = await bot.write(ann, "/games")
    assert first is not None
    second = await bot.press(ann, "Next")
    assert (second.message_id, second.edits, "Page 2" in second.plain) == (first.message_id, 1, True)
    assert len(bot.telegram.heard) == 1
    again = await bot.press(ann, "Back")
    assert "Page 1" in again.plain


async def test_a_message_that_is_too_old_to_be_changed_is_answered_by_a_new_one(bot: BotDriver) -> None:
    ann, _account = await bot.linked(7)
    old = {"chat": ann.chat, "message_id": 5, "date": 0}
    query = {"id": "1", "from": ann.user, "chat_instance": "1", "message": old, "data": "games:1:cs2"}
    await bot.take({"callback_query": query})
    assert "Counter-Strike 2" in bot.telegram.last(ann).plain


async def test_who_blocks_the_bot_is_left_alone(bot: BotDriver) -> None:
    ann, account = await bot.linked(7)
    await bot.take_update(bot.telegram.member(ann, "kicked"))
    with bot.world.database.active():
        link = await TelegramLink.get(account_id=account.id)
        assert (link.reminders, link.blocked_at is None) == (False, False)
        await bot.take_update(bot.telegram.member(ann, "member"))
        assert (await TelegramLink.get(account_id=account.id)).blocked_at is None


async def test_an_answer_to_who_has_just_blocked_the_bot_says_so_too(bot: BotDriver) -> None:
    ann, account = await bot.linked(7)
    ann.has_blocked = True
    assert await bot.write(ann, "/help") is None
    with bot.world.database.active():
        assert (await TelegramLink.get(account_id=account.id)).blocked_at is not None


async def test_a_fault_of_ours_or_of_telegram_is_logged_and_the_next_update_answered(
    bot: BotDriver, logs: list[dict[str, Any]]
) -> None:
    ann = bot.telegram.person(7)
    bot.telegram.troubles["sendMessage"] = [Refusal(400, "Bad Request: something")]
    assert await bot.write(ann, "/help") is None
    assert bot.telegram.refused.pop() == "sendMessage: Bad Request: something"
    broken = bot.world.search
    object.__setattr__(bot.world, "search", None)
    assert "try again" in await bot.said(ann, "/games")
    object.__setattr__(bot.world, "search", broken)
    assert [entry["event"] for entry in logs] == ["bot_answer_not_sent", "bot_command_failed"]
    assert await bot.write(ann, "/games")
