"""Tortoise's SQLite backend with three repairs, as an engine of its own (the word "sqlite" in the module's name is how
Tortoise's migrations know the dialect).

Repairs, each seen to be needed in tortoise-orm 1.1.9: a lock that is released when opening or beginning fails (there it
stays taken for ever, and every later query waits); a rollback when a COMMIT fails (there the half-done work is committed by
the next transaction); and `BEGIN IMMEDIATE`, so that a transaction that reads before it writes waits for another process
(`plg server create-relay-token`) and does not fail at once. Besides, a database file that was moved away is noticed:
without that the server would go on to write into a file that no longer has a name.
"""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from types import TracebackType

import aiosqlite
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError


class SteadySqliteClient(SqliteClient):
    """One connection to one file; callers take turns by a lock."""

    _file_identity: tuple[int, int] | None = None

    async def create_connection(self, with_db: bool) -> None:
        """Open the file. Raises DBConnectionError when it cannot be opened."""
        try:
            # aiosqlite's thread complains on stderr when opening fails and the program ends right after: so try before.
            await asyncio.to_thread(_try_to_open, self.filename)
            await super().create_connection(with_db)
        except (sqlite3.Error, OSError) as error:
            await self.close()
            raise DBConnectionError(f"cannot open {self.filename}: {error}") from error
        self._file_identity = self._identity_on_disk()

    async def close(self) -> None:
        """Close the connection and its thread, also one that was never fully opened."""
        try:
            await super().close()
        except ValueError:
            # aiosqlite says so when the connection never opened; its thread has ended then.
            self._connection = None

    def _identity_on_disk(self) -> tuple[int, int] | None:
        try:
            status = Path(self.filename).stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    async def ensure_open(self) -> aiosqlite.Connection:
        """The open connection; the lock must be held. A file that was replaced is opened anew, a missing one refused."""
        if self._connection is not None:
            identity = self._identity_on_disk()
            if identity is None:
                raise DBConnectionError(f"the database file {self.filename} is gone")
            if identity != self._file_identity:
                await self.close()
        if self._connection is None:
            await self.create_connection(with_db=True)
        connection = self._connection
        if connection is None:
            raise DBConnectionError(f"cannot open {self.filename}")
        if connection.in_transaction:
            # Left behind by a COMMIT that failed or a BEGIN that was cancelled: it was never confirmed to anybody, so it
            # must not be kept.
            await connection.rollback()
        return connection

    def acquire_connection(self) -> "_Turn":  # type: ignore[override]  # same protocol: an async context manager
        """Wait for the turn, then the connection."""
        return _Turn(self)

    def _in_transaction(self) -> SqliteTransactionContext:
        return _SteadyTransaction(SqliteTransactionWrapper(self), self)

    @property
    def turn(self) -> asyncio.Lock:
        """Held by whoever uses the connection."""
        return self._lock


def _try_to_open(file: str) -> None:
    sqlite3.connect(file).close()


class _Turn:
    def __init__(self, client: SteadySqliteClient) -> None:
        self._client = client

    async def __aenter__(self) -> aiosqlite.Connection:
        await self._client.turn.acquire()
        try:
            return await self._client.ensure_open()
        except BaseException:
            self._client.turn.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.turn.release()


class _SteadyTransaction(SqliteTransactionContext):
    __slots__ = ("_client",)

    def __init__(self, wrapper: SqliteTransactionWrapper, client: SteadySqliteClient) -> None:
        super().__init__(wrapper, client.turn)
        self._client = client

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            connection = await self._client.ensure_open()
            self.connection._connection = connection
            await _begin(connection)
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        wrapper: TransactionalDBClient = self.connection
        return wrapper

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except sqlite3.OperationalError as failure:
            raise OperationalError(failure) from failure


async def _begin(connection: aiosqlite.Connection) -> None:
    try:
        await connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise OperationalError(error) from error
    except asyncio.CancelledError:
        with contextlib.suppress(sqlite3.Error):
            await connection.rollback()
        raise


client_class = SteadySqliteClient
