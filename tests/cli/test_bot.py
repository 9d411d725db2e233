"""`plg bot`: the real process over a server's database, against a fake of the Bot API."""

import asyncio
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from plg_server.config import load_config
from plg_server.database import open_database
from plg_server.ids import new_id, utc_now
from plg_server.models.leases import NodeSilence
from plg_server.services import telegram_links
from support.bot_process import running_bot
from support.bot_world import bot_settings, eventually
from support.fake_telegram import BOT_NAME, TOKEN, FakeTelegram, Person, fake_telegram
from support.inside import Inside
from support.local_server import serving
from support.operated_server import migrated_folder
from support.operator_rows import account_row, node_row

SECRET = "a-secret-of-the-webhook"


def data_of_a_server(folder: Path) -> Path:
    """What a server that ran here left."""
    folder.mkdir()
    shutil.copy(Path(migrated_folder().name) / "server.sqlite3", folder)
    return folder


async def story(data: Path) -> str:
    """Ann has a code. Bob is an admin whose chat is linked: his plan ends soon, and a relay is silent. Gives the code."""
    database = await open_database(load_config(None, {}, {"data_dir": str(data)}))
    now = utc_now()
    try:
        with database.active():
            ends_at = now + timedelta(days=2)
            bob = await account_row("bob@example.org", now, role="admin", plan_name="monthly", plan_expires_at=ends_at)
            await telegram_links.link((await telegram_links.begin(bob.id, now)).code, 8, "en", now)
            silent = await node_row("Oslo 1", 1, now)
            await NodeSilence.create(id=new_id(), node=silent, since=now - timedelta(minutes=5))
            ann = await account_row("ann@example.org", now)
            return (await telegram_links.begin(ann.id, now)).code
    finally:
        await database.close()


def unasked(telegram: FakeTelegram, person: Person) -> tuple[int, int]:
    """How often somebody was reminded, and told of the silent relay."""
    said = [message.plain for message in telegram.told(person)]
    return sum("Your plan monthly ends" in text for text in said), sum(
        "Oslo 1 has not been heard" in text for text in said
    )


@pytest.mark.timeout(300)  # processes that take seconds of two busy cores to start
async def test_a_bot_that_polls_answers_reminds_alerts_ends_at_sigterm_and_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    async with fake_telegram() as telegram:
        data = await asyncio.to_thread(data_of_a_server, tmp_path / "data")
        code = await story(data)
        settings = bot_settings(telegram, data, billing="on")
        ann, bob = telegram.person(7, language="ru"), telegram.person(8)
        async with running_bot(tmp_path / "first", settings) as first:
            assert first.running == {"bot": BOT_NAME, "url": None, "port": None, "schema": "plg.bot_running/1"}
            telegram.write(ann, f"/start {code}")
            await eventually(lambda: telegram.told(ann))
            assert "ann" in telegram.last(ann).plain
            await eventually(lambda: unasked(telegram, bob) == (1, 1))
            async with running_bot(tmp_path / "second", settings, until="err") as second:
                await eventually(lambda: "waits until it ends" in second.said())
                assert await first.end() == 0
                last = telegram.write(ann, "/status")
                await eventually(lambda: len(telegram.told(ann)) == 2)
                # The first one confirmed what it had answered, so the second one did not answer it again.
                assert "Подписки пока нет" in telegram.last(ann).plain
                assert await second.end() == 0
        assert unasked(telegram, bob) == (1, 1)
        assert telegram.pending == []
        assert telegram.polled[-1] == last + 1
        assert telegram.refused == []
        assert set(telegram.commands) == {"", "ru"}
        assert TOKEN not in first.said() + second.said()
        assert TOKEN.partition(":")[2] not in first.said() + second.said()


@pytest.mark.timeout(300)  # processes that take seconds of two busy cores to start
async def test_a_bot_with_a_webhook_answers_who_knows_the_secret(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        data = await asyncio.to_thread(data_of_a_server, tmp_path / "data")
        settings = bot_settings(
            telegram, data, telegram_webhook_url="http://127.0.0.1:9/hook", telegram_webhook_secret=SECRET
        )
        ann = telegram.person(7)
        async with running_bot(tmp_path / "bot", settings) as bot:
            assert telegram.webhook == {"url": "http://127.0.0.1:9/hook", "secret_token": SECRET}
            telegram.webhook["url"] = f"{bot.running['url']}/hook"
            telegram.write(ann, "/help")
            (update,) = telegram.pending
            for wrong in ("", "a-secret-of-the-webhooK", "ü"):
                assert await telegram.bring(update, wrong) == 403
            assert telegram.told(ann) == []
            assert await telegram.bring(update) == 200
            assert "/status" in telegram.last(ann).plain
            assert await bot.end() == 0
        assert (telegram.webhook is None, telegram.refused) == (False, [])
        assert SECRET not in bot.said()


def test_what_is_missing_or_wrong_is_one_line_and_the_exit_code_of_a_bad_configuration(
    plg: Inside, tmp_path: Path
) -> None:
    data = {"PLG_SERVER_DATA_DIR": str(tmp_path / "none")}
    off = plg("bot", "run", "--json", **data)
    assert (off.code, off.error()["code"]) == (10, "bad_configuration")
    assert "telegram_token is missing" in off.error()["message"]
    named = {"PLG_SERVER_TELEGRAM_TOKEN": TOKEN, "PLG_SERVER_TELEGRAM_BOT_NAME": BOT_NAME, **data}
    no_server = plg("bot", "run", "--json", **named)
    assert (no_server.code, no_server.error()["code"]) == (7, "database_unavailable")
    assert "plg server run" in no_server.error()["message"]
    assert not (tmp_path / "none").exists()


def test_check_shows_the_settings_without_secrets_and_tries_every_part(plg: Inside, tmp_path: Path) -> None:
    data = data_of_a_server(tmp_path / "data")
    with serving(FakeTelegram().app()) as url:
        environ = {
            f"PLG_SERVER_{name.upper()}": value for name, value in bot_settings(FakeTelegram(url=url), data).items()
        }
        shown = plg("bot", "check", **environ)
        assert (shown.code, TOKEN in shown.out, f"@{BOT_NAME}" in shown.out) == (0, False, True)
        found = plg("bot", "check", "--json", **environ).document()
        assert [part["name"] for part in found["checks"]] == ["telegram", "games", "database", "store"]
        assert (found["ok"], found["config"]["telegram_token"]) == (True, "***")

        strange = {**environ, "PLG_SERVER_TELEGRAM_TOKEN": "1:" + "x" * 35}
        refused = plg("bot", "check", "--json", **strange)
        assert (refused.code, refused.error()["code"]) == (10, "bad_configuration")
        assert "ask @BotFather" in json.loads(refused.out)["checks"][0]["problem"]
        other = plg("bot", "check", "--json", **{**environ, "PLG_SERVER_TELEGRAM_BOT_NAME": "another_bot"})
        assert "telegram_bot_name is another_bot" in json.loads(other.out)["checks"][0]["problem"]
    away = plg("bot", "check", "--json", **environ)
    assert (away.code, away.error()["code"]) == (7, "telegram_unavailable")
    assert TOKEN not in away.out + away.err
