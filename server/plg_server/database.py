"""The database: opened once, active inside a block, gone and back without a restart.

Tortoise finds its connection through a context variable. `Database.active()` sets it for the current task: the
middleware does so for each request, and a background task does it for each round.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext, _current_context
from tortoise.exceptions import DBConnectionError, OperationalError

from plg_server.config import ServerConfig, redacted_url
from plg_server.models import MODEL_MODULES

APP_LABEL = "plg"
MIGRATIONS_MODULE = "plg_server.migrations"

CONNECT_TIMEOUT_S = 5.0
"""A PostgreSQL that does not answer in this time counts as gone; longer would only pile requests up."""

_SQLITE_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
    }
)

_POSTGRES_UNAVAILABLE: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
)


def connection_name(config: ServerConfig) -> str:
    """Tortoise keeps written queries for each connection's name as long as the process lives: engines must not share one."""
    return "sqlite" if config.effective_database_url.startswith("sqlite:") else "postgres"


def tortoise_config(config: ServerConfig) -> dict[str, Any]:
    """Tortoise's own configuration for this server."""
    name = connection_name(config)
    connection = expand_db_url(config.effective_database_url)
    credentials = connection["credentials"]
    if config.effective_database_url.startswith("sqlite:"):
        connection["engine"] = "plg_server.sqlite_engine"
        # Order matters: the wait must be set before the first statement that may meet a lock.
        connection["credentials"] = {
            "file_path": credentials["file_path"],
            "busy_timeout": int(config.database_wait_s * 1000),
            "journal_mode": "WAL",
            "synchronous": "NORMAL",
            "foreign_keys": "ON",
        }
    else:
        credentials.setdefault("minsize", 1)
        credentials.setdefault("maxsize", config.database_pool_size)
        credentials.setdefault("timeout", CONNECT_TIMEOUT_S)
        credentials.setdefault("command_timeout", config.database_wait_s)
        credentials.setdefault("application_name", "plg-server")
    return {
        "connections": {name: connection},
        "apps": {
            APP_LABEL: {
                "models": list(MODEL_MODULES),
                "default_connection": name,
                "migrations": MIGRATIONS_MODULE,
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


class Database:
    """Owner of the connection or pool. Made by `open_database`, closed by whoever opened it."""

    def __init__(self, config: ServerConfig) -> None:
        self.url = config.effective_database_url
        self.is_sqlite = self.url.startswith("sqlite:")
        self._config = config
        self._context = TortoiseContext()

    @property
    def shown_url(self) -> str:
        """The URL without secrets."""
        return redacted_url(self.url)

    @property
    def sqlite_path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.removeprefix("sqlite://"))

    async def open(self) -> None:
        """Load the models and prepare the connection. Does not create or change tables."""
        await self.open_with(tortoise_config(self._config))

    async def open_with(self, config: dict[str, Any]) -> None:
        """Open with a Tortoise configuration of the caller's (migrations switch foreign keys off)."""
        with self.active():
            await self._context.init(config=config)

    async def close(self) -> None:
        """Close the connection and its thread, or the pool."""
        with self.active():
            await self._context.close_connections()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Inside the block, models and transactions of this task use this database."""
        token = _current_context.set(self._context)
        try:
            yield
        finally:
            _current_context.reset(token)

    def connection(self) -> BaseDBAsyncClient:
        """The Tortoise client, for raw statements."""
        return self._context.connections.get(connection_name(self._config))

    async def ping(self) -> None:
        """One round trip. Raises what the driver raises; `is_unavailable` tells whether the database is gone."""
        with self.active():
            await self.connection().execute_query("SELECT 1")

    def is_unavailable(self, error: BaseException) -> bool:
        """Whether this error means "the database is locked or gone" (503) and not a fault of ours (500)."""
        if isinstance(error, DBConnectionError):
            return True
        if self.is_sqlite:
            cause = error.args[0] if isinstance(error, OperationalError) and error.args else error
            if isinstance(cause, sqlite3.DatabaseError):
                # The low byte is the primary code; the rest says more (SQLITE_IOERR_WRITE and so on).
                code = getattr(cause, "sqlite_errorcode", None)
                return code is not None and code & 0xFF in _SQLITE_UNAVAILABLE
            return False
        if isinstance(error, _POSTGRES_UNAVAILABLE):
            return True
        # asyncpg lets a refused or timed-out connection out as it is. Nothing else that a handler awaits raises OSError:
        # Redis errors have a class of their own.
        return isinstance(error, OSError)


async def open_database(config: ServerConfig) -> Database:
    """Open the configured database; the caller closes it."""
    database = Database(config)
    try:
        await database.open()
    except BaseException:
        await database.close()
        raise
    return database


def first_line(error: BaseException) -> str:
    """What a driver says, on one line; its class when it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
