"""A server in this process for each test, on SQLite with memory and again on PostgreSQL with Redis."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from plg_server.app import create_app
from plg_server.config import ServerConfig, load_config
from plg_server.database import Database, open_database
from plg_server.game_network import load_catalog
from plg_server.ids import utc_now
from plg_server.services.game_catalog import GameCatalog, build_catalog
from plg_server.services.game_files import load_game_files
from support.api_driver import ApiDriver, StartServer
from support.migrated_databases import MigratedDatabases
from support.services import PostgresServer, RedisServer, running_postgres, running_redis

BACKENDS = ["sqlite+memory", pytest.param("postgres+redis", marks=pytest.mark.services)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of this process; each test takes a database of its own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for all tests of this process; emptied before each use."""
    with running_redis() as server:
        yield server


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> dict[str, object]:
    """The settings that choose database and store; a test that uses it runs once for each."""
    if request.param == "sqlite+memory":
        return {}
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    redis: RedisServer = request.getfixturevalue("redis_server")
    redis.empty()
    return {"database_url": postgres.new_database(), "store_url": redis.url}


@functools.cache
def _catalog_of(*, allow_private: bool) -> GameCatalog:
    return build_catalog(load_game_files(allow_private=allow_private))


def _remembered_catalog(config: ServerConfig) -> GameCatalog:
    if config.games_file is not None:
        return load_catalog(config)  # a test's own file: its path may be used again with other contents
    return _catalog_of(allow_private=config.allow_private_targets)


@pytest.fixture(autouse=True)
def _catalog_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading 270 profiles takes longer than most tests; the catalogue never changes after."""
    monkeypatch.setattr("plg_server.game_network.load_catalog", _remembered_catalog)


@pytest.fixture(scope="session")
def migrated_databases() -> Iterator[MigratedDatabases]:
    """What new databases are copied from in this process."""
    databases = MigratedDatabases()
    yield databases
    databases.close()


@pytest.fixture(autouse=True)
def _databases_are_migrated_once(monkeypatch: pytest.MonkeyPatch, migrated_databases: MigratedDatabases) -> None:
    """An empty database is migrated when the first server of the process starts, and copied for all others."""
    monkeypatch.setattr("plg_server.app.migrate", migrated_databases.migrate)


@pytest.fixture
async def database(
    tmp_path: Path, backend: dict[str, object], migrated_databases: MigratedDatabases
) -> AsyncIterator[Database]:
    """A migrated database without a server, on each engine; a test enters it by `active`."""
    config = load_config(None, {}, {"data_dir": str(tmp_path), **backend})
    await migrated_databases.migrate(config)
    opened = await open_database(config)
    yield opened
    await opened.close()


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Start a server with these settings and get a driver for it; all end with the test."""
    clients: list[TestClient[web.Request, web.Application]] = []

    async def start(*, clock: Callable[[], datetime] = utc_now, **settings: Any) -> ApiDriver:
        config = load_config(None, {}, {"data_dir": str(tmp_path / "data"), **settings})
        client = TestClient(TestServer(create_app(config, clock)), timeout=aiohttp.ClientTimeout(total=60))
        clients.append(client)
        await client.start_server()
        return ApiDriver(client)

    yield start
    for client in reversed(clients):
        await client.close()


@pytest.fixture
async def api(start_server: StartServer, backend: dict[str, object]) -> ApiDriver:
    """A server on each pair of backends, with rate limits off (their own tests switch them on)."""
    return await start_server(**backend, rate_limits_on=False)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    """What the server logs during the test, instead of the terminal."""
    structlog.reset_defaults()  # a test of the client in the same process may have silenced the log
    with structlog.testing.capture_logs() as captured:
        yield captured
