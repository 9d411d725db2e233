"""Bots for each test, with a database of their own and a fake Telegram."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.bot_world import BotDriver, StartBot, bot_over
from support.migrated_databases import MigratedDatabases


@pytest.fixture
async def start_bot(tmp_path: Path, migrated_databases: MigratedDatabases) -> AsyncIterator[StartBot]:
    """Start a bot with these settings; all end with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**settings: Any) -> BotDriver:
            return await stack.enter_async_context(bot_over(migrated_databases, tmp_path / "data", **settings))

        yield start


@pytest.fixture
async def bot_on_each(start_bot: StartBot, backend: dict[str, object]) -> BotDriver:
    """A bot of a server that sells plans, on each database."""
    return await start_bot(billing="on", **{name: value for name, value in backend.items() if name == "database_url"})


@pytest.fixture
async def bot(start_bot: StartBot) -> BotDriver:
    """A bot of a server that sells nothing."""
    return await start_bot()
