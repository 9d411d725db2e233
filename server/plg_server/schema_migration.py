"""Brings the database to the newest schema at start: one server at a time, with a copy first, and never partly.

Tortoise's SQLite migrations lose rows and indexes when they rebuild a table (server/README.md, "Migrations"). So on SQLite
foreign keys are off while we migrate, the file is copied before, and the references are checked after.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from plg_server.config import ServerConfig
from plg_server.database import APP_LABEL, Database, connection_name, tortoise_config
from plg_server.sqlite_check import refuse_damaged

LOCK_WAIT_S = 60.0
"""How long a replica waits for another one that is migrating. Above any migration we ship; below an operator's patience."""

POSTGRES_LOCK_ID = 0x504C47_4D494752
"""Key of the advisory lock: "PLGMIGR" in ASCII, so that it does not meet another program's lock by chance."""


class MigrationError(Exception):
    """The schema could not be brought up to date; the text is one line for the operator."""


async def migrate(config: ServerConfig) -> list[str]:
    """Apply what is missing and return the names of the migrations that were applied, oldest first.

    Raises MigrationError when the database is newer than this program, when the lock cannot be had, or when a migration
    fails; DatabaseDamaged when a SQLite file is not whole; driver errors mean that the database cannot be reached.
    """
    config_dict = tortoise_config(config)
    credentials = config_dict["connections"][connection_name(config)]["credentials"]
    is_sqlite = config.effective_database_url.startswith("sqlite:")
    if is_sqlite:
        credentials["foreign_keys"] = "OFF"
    lock = _sqlite_lock(Path(credentials["file_path"])) if is_sqlite else _postgres_lock(credentials)
    async with lock:
        if is_sqlite:
            await asyncio.to_thread(refuse_damaged, Path(credentials["file_path"]))
            _make_private(Path(credentials["file_path"]))
        database = Database(config)
        try:
            with database.active():
                await database.open_with(config_dict)
                return await _apply_missing(database, config_dict["apps"], is_sqlite=is_sqlite)
        finally:
            await database.close()


async def _apply_missing(database: Database, apps: dict[str, dict[str, Any]], *, is_sqlite: bool) -> list[str]:
    connection = database.connection()
    executor = MigrationExecutor(connection, apps)
    targets = [MigrationTarget(app_label=APP_LABEL, name="__latest__")]
    plan = await executor.plan(targets)
    applied = await executor.recorder.applied_migrations()
    unknown = sorted(
        key.name for key in applied if key.app_label == APP_LABEL and key not in executor.loader.graph.nodes
    )
    if unknown:
        raise MigrationError(
            f"the database at {database.shown_url} was made by a newer version of this program "
            f"(it has {unknown[-1]}): install that version, or restore the copy made before the upgrade"
        )
    names = [step.migration.name for step in plan]
    if not names:
        return []
    copy = await asyncio.to_thread(_copy_before, database, names[0]) if is_sqlite and applied else None
    reached = names[:1]
    try:
        await executor.migrate(targets, direction="forward", progress=lambda _event, _app, name: reached.append(name))
        if is_sqlite:
            await _refuse_broken_references(connection)
    except Exception as error:
        if database.is_unavailable(error):
            raise
        hint = f"; the copy made before is {copy}" if copy else ""
        raise MigrationError(f"migration {reached[-1]} failed and was undone: {error}{hint}") from error
    return names


def _make_private(path: Path) -> None:
    """A new database is for its owner only: it holds password hashes. An existing one keeps the rights that it has."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _copy_before(database: Database, migration: str) -> Path:
    """Copy the SQLite file beside itself, through SQLite so that the WAL is in it. Returns the copy's path."""
    source = database.sqlite_path
    target = source.with_name(f"{source.name}.before-{migration}")
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return target


async def _refuse_broken_references(connection: BaseDBAsyncClient) -> None:
    _, rows = await connection.execute_query("PRAGMA foreign_key_check")
    if rows:
        raise MigrationError(f"{len(rows)} rows point to rows that do not exist (first: table {rows[0]['table']})")


@contextlib.asynccontextmanager
async def _sqlite_lock(database_path: Path) -> AsyncIterator[None]:
    """One process at a time, by an exclusive lock on a small SQLite file of its own: freed by the system if we die."""
    path = database_path.with_name(f"{database_path.name}.migration-lock")

    def take() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            connection.close()
            raise
        return connection

    try:
        connection = await asyncio.to_thread(take)
    except sqlite3.OperationalError as error:
        raise MigrationError(f"{path}: cannot be locked: {error}") from error
    try:
        yield
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def _postgres_lock(credentials: dict[str, Any]) -> AsyncIterator[None]:
    """One replica at a time, by an advisory lock: freed by PostgreSQL if we die."""
    names = ("host", "port", "user", "password", "database", "ssl", "timeout")
    connection = await asyncpg.connect(**{name: credentials[name] for name in names if credentials.get(name)})
    try:
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", POSTGRES_LOCK_ID, timeout=LOCK_WAIT_S)
        except TimeoutError as error:
            raise MigrationError(f"another server has been migrating for more than {LOCK_WAIT_S:.0f} s") from error
        yield
    finally:
        await connection.close()
