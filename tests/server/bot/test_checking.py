"""`plg bot check`: every part that the bot stands on, Telegram first."""

from pathlib import Path

from plg_server.bot.checking import bot_parts
from plg_server.config import load_config
from support.bot_world import bot_settings
from support.fake_telegram import BOT_NAME, FakeTelegram, fake_telegram
from support.migrated_databases import MigratedDatabases


async def test_each_part_is_tried_and_named(tmp_path: Path, migrated_databases: MigratedDatabases) -> None:
    async with fake_telegram() as telegram:
        config = load_config(None, {}, bot_settings(telegram, tmp_path))
        assert "plg server run" in ((await bot_parts(config))[2].problem or "")
        await migrated_databases.migrate(config)
        telegram.calls.clear()
        parts = await bot_parts(config)
        assert [part.name for part in parts] == ["telegram", "games", "database", "store"]
        assert [part.problem for part in parts] == [None] * 4
        assert parts[0].detail == f"{telegram.url}, @{BOT_NAME}"
        assert telegram.calls == ["getMe"]


async def test_a_wrong_token_is_a_wrong_setting_and_a_silent_telegram_is_not(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        wrong = bot_settings(telegram, tmp_path, telegram_token="1:" + "x" * 35)
        part = (await bot_parts(load_config(None, {}, wrong)))[0]
        assert part.is_setting
        assert "@BotFather" in (part.problem or "")
    away = bot_settings(FakeTelegram(url="http://127.0.0.1:9"), tmp_path)
    part = (await bot_parts(load_config(None, {}, away)))[0]
    assert (part.is_setting, part.problem is None) == (False, False)
