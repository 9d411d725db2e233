"""Whatever is sent, the bot answers as it should and never with what Telegram would refuse."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plg_server.bot.answers import MOST_TEXT_CHARS
from plg_server.bot.conversation import ASKED_A_MINUTE, COMMANDS, Conversation
from plg_server.bot.texts import say, shown_chars
from plg_server.models.accounts import Account
from plg_server.services import telegram_links
from plg_server.store import MemoryStore, StoreUnavailable
from support.billing_world import DONATEPAY
from support.bot_world import BotDriver, StartBot
from support.fake_telegram import checked_text
from support.operator_rows import node_row, session_row

HOSTILE = st.text(
    st.one_of(st.sampled_from("<>&\"'{}%_*`\n\r\u202e\u0000\ud800/:;#@"), st.characters()), min_size=1, max_size=64
)


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_every_command_is_answered_in_both_languages_linked_or_not(start_bot: StartBot, language: str) -> None:
    bot = await start_bot(billing="on", **DONATEPAY)
    linked, _account = await bot.linked(7, language=language)
    stranger = bot.telegram.person(8, language=language)
    for person in (linked, stranger):
        bot.clock.forward(minutes=2)
        for command in COMMANDS:
            said = await bot.said(person, f"/{command}")
            is_russian = sum("а" <= letter <= "я" for letter in said.lower()) > 10
            assert is_russian is (language == "ru"), said


async def test_what_is_no_command_gets_a_short_help(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    for text in ("hello", "/nothing", "/", "\u202e", "<script>", "/status@plg_test_bot_and_more?"):
        assert await bot.said(ann, text)
    assert "did not understand" in await bot.said(ann, "hello")


async def test_a_banned_account_hears_only_that(bot: BotDriver) -> None:
    ann, account = await bot.linked(7)
    with bot.world.database.active():
        await Account.filter(id=account.id).update(banned_at=bot.clock(), ban_reason="cheating <b>")
    for command in ("/status", "/subscribe", "/games"):
        assert "banned: cheating <b>" in await bot.said(ann, command)


async def test_a_flood_is_told_once_and_then_left_alone(bot: BotDriver) -> None:
    ann, bob = bot.telegram.person(7), bot.telegram.person(8)
    for _ in range(ASKED_A_MINUTE):
        assert await bot.write(ann, "/help")
    assert "too quick" in await bot.said(ann, "/help")
    assert await bot.write(ann, "/help") is None
    await bot.press_data(ann, "games:1:cs2")
    assert "too quick" in bot.telegram.last(ann).plain
    assert await bot.write(bob, "/help")


class AwayStore(MemoryStore):
    """Redis that does not answer."""

    async def incr(self, key: str, ttl_s: float) -> int:
        raise StoreUnavailable(f"{key} {ttl_s}")


async def test_without_the_shared_store_the_bot_answers_and_counts_by_itself(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    object.__setattr__(bot.world, "store", AwayStore())
    for _ in range(ASKED_A_MINUTE):
        assert "What I can do" in await bot.said(ann, "/help")
    assert "too quick" in await bot.said(ann, "/help")
    # What needs the store says so.
    bob = bot.telegram.person(8)
    assert "try again in a minute" in await bot.said(bob, "/start ABCD")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE, typed=HOSTILE, data=HOSTILE)
async def test_hostile_names_and_texts_never_make_a_message_that_telegram_refuses(
    bot: BotDriver, name: str, typed: str, data: str
) -> None:
    storable = name.encode("utf-8", "replace").decode().replace("\0", "?")
    with bot.world.database.active():
        linked = await telegram_links.of_chat(7)
    if linked is None:
        await bot.linked(7)
        with bot.world.database.active():
            account = (await Account.all())[0]
            await session_row(account, await node_row("x", 1, bot.clock()), bot.clock())
    with bot.world.database.active():
        await Account.all().update(display_name=storable)
    conversation = Conversation(bot.world)
    object.__setattr__(bot.world, "store", MemoryStore())
    answers = [
        await conversation.written(7, typed, "/start"),
        await conversation.written(7, "en", typed),
        await conversation.written(7, "en", f"/games {typed}"),
        await conversation.written(8, typed, f"/start {typed}"),
        await conversation.pressed(7, "ru", data),
        await conversation.pressed(7, "ru", f"games:{data}"),
        await conversation.pressed(8, "ru", f"pay:{data}"),
    ]
    for answer in answers:
        assert answer is not None
        checked_text({"text": answer.text, "parse_mode": "HTML"})


@settings(max_examples=40, deadline=None)
@given(name=HOSTILE, language=st.sampled_from(["en", "ru"]))
def test_hostile_relays_plans_and_reasons_do_no_harm_either(name: str, language: str) -> None:
    for text in (
        say(language, "notices.relay_silent", name=name, since=name),
        say(language, "notices.reminder", plan=name, ends_on=name, days_left=3),
        say(language, "account.banned", reason=name),
    ):
        checked_text({"text": text, "parse_mode": "HTML"})
        assert shown_chars(text) <= MOST_TEXT_CHARS


async def test_who_writes_has_not_blocked_the_bot_any_more(bot: BotDriver) -> None:
    ann, account = await bot.linked(7)
    with bot.world.database.active():
        await telegram_links.mark_blocked(7, bot.clock() - timedelta(days=1))
    assert "Reminders are off" in await bot.said(ann, "/reminders")
    with bot.world.database.active():
        link = await telegram_links.of_account(account.id)
    assert link is not None
    assert link.blocked_at is None
