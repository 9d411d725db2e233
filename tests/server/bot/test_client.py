"""Calls to Telegram: what is tried again, what is not, and that no trouble tells the token."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from plg_server.bot.answers import Answer, Button
from plg_server.bot.client import TelegramClient, open_client
from plg_server.bot.conversation import COMMANDS
from plg_server.bot.troubles import BadToken, Blocked, Conflict, Refused, TelegramTrouble, TooMany, Unreachable
from plg_server.config import load_config
from support.fake_telegram import BOT_NAME, TOKEN, Refusal, fake_telegram

HELLO = Answer("hello")


@contextlib.asynccontextmanager
async def client_of(url: str, pauses: list[float] | None = None) -> AsyncIterator[TelegramClient]:
    """A client whose pauses are only written down."""
    given = {"telegram_token": TOKEN, "telegram_bot_name": BOT_NAME, "telegram_api_url": url}

    async def pause(seconds: float) -> None:
        if pauses is not None:
            pauses.append(seconds)
        await asyncio.sleep(0)

    async with open_client(load_config(None, {}, given).telegram) as client:
        yield TelegramClient(client.bot, pause)


@pytest.mark.parametrize(
    ("refusal", "trouble"),
    [
        (Refusal(403, "Forbidden: bot was blocked by the user"), Blocked),
        (Refusal(403, "Forbidden: user is deactivated"), Blocked),
        (Refusal(409, "Conflict: terminated by other getUpdates request"), Conflict),
        (Refusal(401, "Unauthorized"), BadToken),
        (Refusal(404, "Not Found"), BadToken),
        (Refusal(400, "Bad Request: chat not found"), Refused),
        (Refusal(429, "Too Many Requests: retry after 9", retry_after=9), TooMany),
        (Refusal(500, "Internal Server Error"), Unreachable),
        (Refusal(502, "Bad Gateway"), Unreachable),
        (Refusal(418, f"I am a teapot {TOKEN}"), Unreachable),
    ],
)
async def test_each_refusal_is_a_trouble_of_ours(refusal: Refusal, trouble: type[TelegramTrouble]) -> None:
    async with fake_telegram() as telegram, client_of(telegram.url) as client:
        telegram.person(7)
        telegram.troubles["sendMessage"] = [refusal]
        with pytest.raises(trouble) as raised:
            await client.send(7, HELLO)
        assert TOKEN not in str(raised.value)
        assert telegram.calls == ["sendMessage"]


async def test_a_telegram_that_is_away_is_unreachable_without_the_token() -> None:
    async with client_of("http://127.0.0.1:9") as client:
        with pytest.raises(Unreachable) as raised:
            await client.me()
    assert TOKEN not in str(raised.value)


async def test_an_answer_is_tried_again_after_a_failure_and_after_the_wait_that_telegram_wants() -> None:
    pauses: list[float] = []
    async with fake_telegram() as telegram, client_of(telegram.url, pauses) as client:
        ann = telegram.person(7)
        telegram.troubles["sendMessage"] = [Refusal(500, "x"), Refusal(429, "x", retry_after=7)]
        await client.reply(7, HELLO)
        assert (len(telegram.told(ann)), pauses) == (1, [1.0, 7.0])
        telegram.troubles["sendMessage"] = [Refusal(500, "x")] * 3
        with pytest.raises(Unreachable):
            await client.reply(7, HELLO)
        telegram.troubles["sendMessage"] = [Refusal(429, "x", retry_after=600)]
        with pytest.raises(TooMany):
            await client.reply(7, HELLO)


async def test_an_edit_that_changes_nothing_and_a_press_that_is_too_old_are_no_troubles() -> None:
    async with fake_telegram() as telegram, client_of(telegram.url) as client:
        ann = telegram.person(7)
        answer = Answer("a <b>b</b>", ((Button("x", data="y"), Button("z", url="https://example.org")),))
        await client.reply(7, answer)
        sent = telegram.last(ann)
        await client.edit(7, sent.message_id, answer)
        await client.edit(7, sent.message_id, HELLO)
        assert (sent.text, sent.edits, sent.buttons) == ("hello", 1, [])
        telegram.troubles["answerCallbackQuery"] = [Refusal(400, "Bad Request: query is too old")]
        await client.heard("1")


async def test_the_menu_is_named_in_both_languages() -> None:
    async with fake_telegram() as telegram, client_of(telegram.url) as client:
        await client.name_commands()
        assert telegram.refused == []
        for menu in telegram.commands.values():
            assert [one["command"] for one in menu] == list(COMMANDS)
        assert telegram.commands[""] != telegram.commands["ru"]
