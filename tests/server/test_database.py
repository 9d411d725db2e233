"""Locked, gone, replaced, frozen: the server says 503, keeps nothing half-done, and works again by itself."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from plg_server import app_keys
from plg_server.models.accounts import Account
from support.api_driver import PASSWORD, ApiDriver, StartServer
from support.services import PostgresServer, running_postgres

NEW = {"email": "new@example.org", "password": PASSWORD}


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that the test may stop."""
    with running_postgres() as server:
        yield server


def file_of(api: ApiDriver) -> Path:
    """The SQLite file of the server under test."""
    return api.app[app_keys.DATABASE].sqlite_path


async def assert_unavailable(api: ApiDriver, token: str) -> None:
    """Reading and writing say 503, the process lives, and it does not call itself ready."""
    replies = [await api.get("/v1/me", token), await api.post("/v1/auth/register", NEW)]
    assert [(reply.status, reply.code) for reply in replies] == [(503, "database_unavailable")] * 2
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in replies)
    assert (await api.get("/healthz")).status == 200
    ready = await api.get("/readyz")
    assert (ready.status, ready.json["database"]) == (503, "unavailable")


async def assert_works(api: ApiDriver, token: str) -> None:
    """The same server, without a restart."""
    assert (await api.get("/readyz")).status == 200
    assert (await api.get("/v1/me", token)).status == 200
    assert (await api.post("/v1/auth/register", NEW)).status == 201


async def test_while_another_program_holds_the_lock_writers_get_503_and_readers_their_answer(
    start_server: StartServer,
) -> None:
    api = await start_server(database_wait_s=0.2)
    token = await api.signed_in()
    with closing(sqlite3.connect(file_of(api), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = await api.post("/v1/auth/register", NEW)
        assert (reply.status, reply.code) == (503, "database_unavailable")
        login = await api.post("/v1/auth/login", {"email": "player@example.org", "password": PASSWORD})
        assert (login.status, login.code) == (503, "database_unavailable")
        assert (await api.get("/v1/me", token)).status == 200
        other.execute("ROLLBACK")
    await assert_works(api, token)


async def test_a_short_lock_is_only_waited_for(start_server: StartServer) -> None:
    api = await start_server(database_wait_s=5.0)
    token = await api.signed_in()
    with closing(sqlite3.connect(file_of(api), isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.gather(api.post("/v1/auth/register", NEW))
        await asyncio.sleep(0.3)
        other.execute("COMMIT")
        assert (await writing)[0].status == 201
    assert (await api.get("/v1/me", token)).status == 200


async def test_a_database_file_that_was_moved_away_is_noticed_and_found_again(start_server: StartServer) -> None:
    api = await start_server()
    token = await api.signed_in()
    file = file_of(api)
    away = file.with_name("away")
    away.mkdir()
    moved = [path.rename(away / path.name) for path in file.parent.glob("server.sqlite3*")]
    await assert_unavailable(api, token)
    assert not file.exists(), "an empty database in its place would look like a loss of every account"
    for path in moved:
        path.rename(file.parent / path.name)
    await assert_works(api, token)


async def test_a_backup_that_is_put_back_is_opened_without_a_restart(start_server: StartServer) -> None:
    api = await start_server()
    token = await api.signed_in()
    file = file_of(api)
    backup = file.with_name("backup")
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(backup)) as copy:
        live.backup(copy)
    await api.register("later@example.org")
    for path in file.parent.glob("server.sqlite3-*"):
        path.unlink()
    backup.rename(file)
    assert (await api.get("/v1/me", token)).status == 200
    login = await api.post("/v1/auth/login", {"email": "later@example.org", "password": PASSWORD})
    assert login.code == "bad_credentials"


async def test_a_damaged_database_file_is_unavailable_not_a_crash(start_server: StartServer) -> None:
    api = await start_server()
    token = await api.signed_in()
    file = file_of(api)
    damaged = file.with_name("damaged")
    damaged.write_bytes(b"this is no database" * 1000)
    for path in file.parent.glob("server.sqlite3-*"):
        path.unlink()
    damaged.rename(file)
    await assert_unavailable(api, token)


async def test_a_transaction_that_fails_leaves_nothing_and_blocks_nobody(api: ApiDriver) -> None:
    account = await api.register()
    database = api.app[app_keys.DATABASE]

    async def fail() -> None:
        async with in_transaction():
            await Account.filter(id=account["id"]).update(display_name="half-done")
            raise KeyError

    with database.active():
        with pytest.raises(KeyError):
            await fail()
        assert (await Account.get(id=account["id"])).display_name == "player"


async def test_a_transaction_that_is_cancelled_leaves_nothing_and_blocks_nobody(api: ApiDriver) -> None:
    account = await api.register()
    database = api.app[app_keys.DATABASE]

    async def hang() -> None:
        with database.active():
            async with in_transaction():
                await Account.filter(id=account["id"]).update(display_name="half-done")
                await asyncio.sleep(60)

    for pause_s in (0.0, 0.001, 0.1):
        task = asyncio.ensure_future(hang())
        await asyncio.sleep(pause_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with database.active():
            assert (await asyncio.wait_for(Account.get(id=account["id"]), 5)).display_name == "player"


@pytest.mark.services
async def test_when_postgresql_stops_the_server_says_503_and_works_when_it_is_back(
    start_server: StartServer, own_postgres: PostgresServer
) -> None:
    api = await start_server(database_url=own_postgres.new_database())
    token = await api.signed_in()
    own_postgres.stop()
    await assert_unavailable(api, token)
    own_postgres.start()
    await assert_works(api, token)


@pytest.mark.services
async def test_a_postgresql_that_hangs_is_given_up_in_time(
    start_server: StartServer, own_postgres: PostgresServer
) -> None:
    api = await start_server(database_url=own_postgres.new_database(), database_wait_s=0.5)
    token = await api.signed_in()
    own_postgres.freeze()
    started = time.monotonic()
    reply = await api.get("/v1/me", token)
    assert (reply.status, reply.code) == (503, "database_unavailable")
    assert time.monotonic() - started < 15
    own_postgres.thaw()
    await assert_works(api, token)
