"""Starting the bot: what is wrong is told in one line, what may come back is waited for."""

import asyncio
from pathlib import Path

import pytest

from plg_server.bot import running as running_module
from plg_server.bot.running import Running, check_bot, run_bot
from plg_server.config import ConfigError, load_config
from plg_server.serving import PortTaken
from support.bot_world import bot_settings, eventually
from support.fake_telegram import BOT_NAME, FakeTelegram, Refusal, fake_telegram
from support.migrated_databases import MigratedDatabases

WEBHOOK = {"telegram_webhook_url": "http://127.0.0.1:9/hook", "telegram_webhook_secret": "a-secret-of-the-webhook"}


class Started:
    """What was told."""

    def __init__(self) -> None:
        self.running: list[Running] = []
        self.told: list[str] = []


async def run(
    telegram: FakeTelegram, folder: Path, databases: MigratedDatabases, started: Started, **settings: str
) -> None:
    config = load_config(None, {}, bot_settings(telegram, folder, **settings))
    await databases.migrate(config)
    await run_bot(config, host="127.0.0.1", port=0, running=started.running.append, tell=started.told.append)


async def test_a_token_of_another_bot_or_of_none_is_a_wrong_setting(
    tmp_path: Path, migrated_databases: MigratedDatabases
) -> None:
    async with fake_telegram() as telegram:
        with pytest.raises(ConfigError, match=f"that of {BOT_NAME}"):
            await run(telegram, tmp_path, migrated_databases, Started(), telegram_bot_name="another_bot")
        with pytest.raises(ConfigError, match="@BotFather"):
            await run(telegram, tmp_path, migrated_databases, Started(), telegram_token="1:" + "x" * 35)
        with pytest.raises(ConfigError, match="telegram_token is missing"):
            await check_bot(load_config(None, {}, {"telegram_bot_name": BOT_NAME}))


async def test_a_webhook_that_telegram_does_not_take_is_a_wrong_setting(
    tmp_path: Path, migrated_databases: MigratedDatabases
) -> None:
    async with fake_telegram() as telegram:
        telegram.troubles["setWebhook"] = [Refusal(400, "Bad Request: bad webhook: IP address is reserved")]
        with pytest.raises(ConfigError, match=r"telegram_webhook_url: .*reserved"):
            await run(telegram, tmp_path, migrated_databases, Started(), **WEBHOOK)


async def test_a_port_that_is_taken_is_told_before_anything_else(
    tmp_path: Path, migrated_databases: MigratedDatabases
) -> None:
    async with fake_telegram() as telegram:
        config = load_config(None, {}, bot_settings(telegram, tmp_path, **WEBHOOK))
        await migrated_databases.migrate(config)
        port = int(telegram.url.rpartition(":")[2])
        with pytest.raises(PortTaken):
            await run_bot(config, host="127.0.0.1", port=port, running=lambda _now: None, tell=lambda _line: None)
        assert telegram.calls == []


async def test_a_token_that_is_taken_back_while_it_runs_ends_it_with_one_line(
    tmp_path: Path, migrated_databases: MigratedDatabases
) -> None:
    async with fake_telegram() as telegram:
        telegram.troubles["getUpdates"] = [Refusal(401, "Unauthorized")]
        with pytest.raises(ConfigError, match="@BotFather"):
            await run(telegram, tmp_path, migrated_databases, Started())


async def test_a_telegram_that_is_away_at_the_start_is_told_once_and_waited_for(
    tmp_path: Path, migrated_databases: MigratedDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "HELLO_PAUSE_S", 0.01)
    started = Started()
    async with fake_telegram() as telegram:
        telegram.troubles["getMe"] = [Refusal(500, "x")] * 3
        telegram.troubles["setMyCommands"] = [Refusal(400, "x")]
        ann = telegram.person(7)
        telegram.write(ann, "/help")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(run(telegram, tmp_path, migrated_databases, started))
            await eventually(lambda: telegram.told(ann))
            task.cancel()
    assert started.told == [f"Telegram does not answer at {telegram.url}; trying again"]
    assert started.running == [Running(BOT_NAME, None, None)]
