"""The repairs of Tortoise's SQLite backend, one by one. Whole servers: test_database.py."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from tortoise.exceptions import DBConnectionError, OperationalError

from plg_server.sqlite_engine import SteadySqliteClient


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[SteadySqliteClient]:
    """A client of a small database."""
    made = SteadySqliteClient(str(tmp_path / "small.sqlite3"), connection_name="sqlite", busy_timeout=100)
    await made.execute_script("CREATE TABLE t (n INTEGER UNIQUE)")
    yield made
    await made.close()


async def numbers(client: SteadySqliteClient) -> list[int]:
    """What the table holds; fails when the turn is never given back."""
    _, rows = await asyncio.wait_for(client.execute_query("SELECT n FROM t ORDER BY n"), 5)
    return [row["n"] for row in rows]


async def test_a_file_that_cannot_be_opened_is_told_every_time(tmp_path: Path) -> None:
    client = SteadySqliteClient(str(tmp_path / "no" / "such" / "folder.sqlite3"), connection_name="sqlite")
    for _ in range(3):
        with pytest.raises(DBConnectionError, match="cannot open"):
            await asyncio.wait_for(client.execute_query("SELECT 1"), 5)
    await client.close()


async def test_a_file_that_is_gone_is_told_and_not_made_anew(client: SteadySqliteClient) -> None:
    file = Path(client.filename)
    away = await asyncio.to_thread(file.rename, file.with_name("away"))
    for _ in range(2):
        with pytest.raises(DBConnectionError, match="is gone"):
            await asyncio.wait_for(client.execute_query("SELECT 1"), 5)
    assert not await asyncio.to_thread(file.exists)
    await asyncio.to_thread(away.rename, file)
    assert await numbers(client) == []


async def test_what_a_failed_commit_left_behind_is_not_committed_later(client: SteadySqliteClient) -> None:
    async with client.acquire_connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO t VALUES (1)")
    # The transaction above is still open, as after a COMMIT that failed; nobody was told that it was kept.
    await client.execute_query("INSERT INTO t VALUES (2)")
    assert await numbers(client) == [2]


async def test_a_lock_held_elsewhere_is_an_operational_error_and_gives_the_turn_back(
    client: SteadySqliteClient,
) -> None:
    with closing(sqlite3.connect(client.filename, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(OperationalError, match="locked"):
                await asyncio.wait_for(client.execute_query("INSERT INTO t VALUES (1)"), 5)
        other.execute("ROLLBACK")
    await client.execute_query("INSERT INTO t VALUES (1)")
    assert await numbers(client) == [1]
