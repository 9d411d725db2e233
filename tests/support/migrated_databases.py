"""New databases that are migrated already: migrating an empty one takes seconds of processor time, copying a migrated one none.

Only a database without any table is replaced by a copy; what holds something is migrated for real. The migrations themselves are
tested by `plg_server.schema_migration.migrate`, which nobody replaces.
"""

import asyncio
import shutil
import tempfile
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import msgspec

from plg_server.config import ServerConfig
from plg_server.schema_migration import migrate

Migrate = Callable[[ServerConfig], Awaitable[list[str]]]

TEMPLATE = "plg_migrated"


class MigratedDatabases:
    """One for each test process. `migrate` stands in for the real one where a server starts."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="plg-migrated-")
        self._names: list[str] = []
        self._sqlite: Path | None = None
        # The PostgreSQL servers, by host and port, that have the template.
        self._prepared: set[str] = set()
        # A lock belongs to one event loop, and every test has its own.
        self._turns = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()

    def close(self) -> None:
        """Remove the copies."""
        self._folder.cleanup()

    async def migrate(self, config: ServerConfig) -> list[str]:
        """As `plg_server.schema_migration.migrate`."""
        turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with turn:
            if config.effective_database_url.startswith("sqlite:"):
                return await self._sqlite_copy(config)
            return await self._postgres_copy(config)

    async def _sqlite_copy(self, config: ServerConfig) -> list[str]:
        file = Path(config.effective_database_url.removeprefix("sqlite://"))
        if not _is_free(file):
            return await migrate(config)
        if self._sqlite is None:
            template = Path(self._folder.name) / "server.sqlite3"
            self._names = await migrate(msgspec.structs.replace(config, database_url=f"sqlite://{template}"))
            self._sqlite = template
        shutil.copy(self._sqlite, file)  # with its rights: for its owner only
        return self._names

    async def _postgres_copy(self, config: ServerConfig) -> list[str]:
        url = urlsplit(config.effective_database_url)
        name = url.path.removeprefix("/")
        try:
            if not await _is_empty(config.effective_database_url):
                return await migrate(config)
        except (OSError, asyncpg.PostgresError):
            return await migrate(config)  # which says it in the server's words
        root = await asyncpg.connect(urlunsplit(url._replace(path="/postgres")))
        try:
            if url.netloc not in self._prepared:
                await root.execute(f'CREATE DATABASE "{TEMPLATE}"')
                template = urlunsplit(url._replace(path=f"/{TEMPLATE}"))
                self._names = await migrate(msgspec.structs.replace(config, database_url=template))
                self._prepared.add(url.netloc)
            await root.execute(f'DROP DATABASE "{name}"')
            await root.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        finally:
            await root.close()
        return self._names


def _is_free(file: Path) -> bool:
    return file.parent.is_dir() and not file.exists()


async def _is_empty(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return not await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
