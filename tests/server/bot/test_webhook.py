"""Updates that Telegram brings: with the secret alone, and answered before they count as taken."""

import io
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from plg_server.bot.webhook import MOST_BODY_BYTES, SECRET_HEADER, webhook_app
from support.bot_world import BotDriver

SECRET = "a-secret-of-the-webhook"

Site = TestClient[web.Request, web.Application]


@pytest.fixture
async def site(bot: BotDriver) -> AsyncIterator[Site]:
    app = webhook_app("https://bot.example.org/hook", SECRET, bot.world.database, bot.updates.take)
    client = TestClient(TestServer(app), timeout=aiohttp.ClientTimeout(total=30))
    await client.start_server()
    yield client
    await client.close()


def help_update(bot: BotDriver) -> str:
    bot.telegram.write(bot.telegram.person(7), "/help")
    return json.dumps(bot.telegram.pending.pop())


async def test_an_update_with_the_secret_is_answered(bot: BotDriver, site: Site) -> None:
    update = help_update(bot)
    for _ in range(2):  # Telegram may bring it twice
        assert (await site.post("/hook", data=update, headers={SECRET_HEADER: SECRET})).status == 200
    assert len(bot.telegram.sent) == 2


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "x", "ü" * len(SECRET)])
async def test_without_the_secret_nothing_is_read(bot: BotDriver, site: Site, secret: str | None) -> None:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    assert (await site.post("/hook", data=help_update(bot), headers=headers)).status == 403
    assert bot.telegram.sent == []


async def test_what_is_no_update_is_passed_over_and_what_is_too_large_refused(bot: BotDriver, site: Site) -> None:
    headers = {SECRET_HEADER: SECRET}
    for body in ("", "{", "[]", "null", '{"update_id": "x"}', '{"update_id": 1, "message": 5}'):
        assert (await site.post("/hook", data=body, headers=headers)).status == 200
    assert (await site.post("/hook", data=io.BytesIO(b"x" * (MOST_BODY_BYTES + 1)), headers=headers)).status == 413
    assert (await site.get("/hook", headers=headers)).status == 405
    assert (await site.post("/other", data="{}", headers=headers)).status == 404
    assert bot.telegram.sent == []


async def test_health_is_that_of_the_database(bot: BotDriver, site: Site) -> None:
    assert (await site.get("/healthz")).status == 200
