"""What the bot stands on is the server's: it makes nothing by itself."""

import asyncio
from pathlib import Path

import pytest

from plg_server.bot.world import open_world
from plg_server.config import load_config
from plg_server.operator_tasks import CannotReach
from support.bot_world import bot_settings
from support.fake_telegram import FakeTelegram
from support.migrated_databases import MigratedDatabases
from support.services import RedisServer

TELEGRAM = FakeTelegram(url="http://127.0.0.1:9")


async def test_without_a_servers_database_it_says_which_command_makes_one(tmp_path: Path) -> None:
    config = load_config(None, {}, bot_settings(TELEGRAM, tmp_path))
    database = tmp_path / "server.sqlite3"
    with pytest.raises(CannotReach, match="plg server run"):
        async with open_world(config):
            pass
    assert not await asyncio.to_thread(database.exists)
    await asyncio.to_thread(database.touch)
    with pytest.raises(CannotReach, match="plg server run"):
        async with open_world(config):
            pass


async def test_with_memory_as_store_only_the_database_knows_of_relays(
    tmp_path: Path, migrated_databases: MigratedDatabases
) -> None:
    config = load_config(None, {}, bot_settings(TELEGRAM, tmp_path))
    await migrated_databases.migrate(config)
    async with open_world(config) as world:
        assert world.states is None
        assert world.search.search("cs2")[0].slug == "cs2"


@pytest.mark.services
async def test_with_a_shared_store_heartbeats_are_seen(
    tmp_path: Path, migrated_databases: MigratedDatabases, redis_server: RedisServer
) -> None:
    config = load_config(None, {}, bot_settings(TELEGRAM, tmp_path, store_url=redis_server.url))
    await migrated_databases.migrate(config)
    async with open_world(config) as world:
        assert world.states is not None
        assert await world.states.get("none") is None
