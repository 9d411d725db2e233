"""Migrations: a populated database of every earlier version arrives at the same schema as a fresh one, with every row."""

import asyncio
import importlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tortoise import Tortoise
from tortoise.apps import Apps
from tortoise.indexes import Index
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.operations import CreateModel

from plg_server import migrations
from plg_server.config import ServerConfig, load_config
from plg_server.database import APP_LABEL, Database, open_database, tortoise_config
from plg_server.schema_migration import MigrationError, migrate

NAMES = sorted(path.stem for path in Path(migrations.__file__).parent.glob("0*.py"))
EARLIER = NAMES[:-1]

KEYS = {"id", "token_hash"}
"""Primary keys of our tables get values that references can name."""

if TYPE_CHECKING:
    from support.services import PostgresServer

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def config_for(folder: Path, backend: dict[str, object]) -> ServerConfig:
    """A server with its data in this folder."""
    folder.mkdir(exist_ok=True)
    return load_config(None, {}, {"data_dir": str(folder), **backend})


async def migrate_only_to(config: ServerConfig, name: str) -> None:
    """The state of an installation that stopped updating at this migration."""
    config_dict = tortoise_config(config)
    database = Database(config)
    try:
        with database.active():
            await database.open_with(config_dict)
            executor = MigrationExecutor(database.connection(), config_dict["apps"])
            await executor.migrate([MigrationTarget(app_label=APP_LABEL, name=name)], direction="forward")
    finally:
        await database.close()


def sample_value(column: str, kind: str, number: int) -> object:
    """Something that fits a column of this type."""
    kind = kind.upper()
    if "TIMESTAMP" in kind:
        return MOMENT
    if kind.startswith("BOOL"):
        return True
    if "INT" in kind:
        return number
    if any(word in kind for word in ("REAL", "DOUBLE", "NUMERIC", "DECIMAL")):
        return 1.5
    if "JSON" in kind:
        return "{}"
    if "BLOB" in kind or "BYTEA" in kind:
        return b"x" * 32
    return f"{column[:6]}{number}"


class Schema:
    """Reads a database's own catalogue, in one form for both engines."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self, query: str, values: list[object] | None = None) -> list[dict[str, Any]]:
        _, rows = await self._database.connection().execute_query(query, values)
        return [dict(row) for row in rows]

    async def tables(self) -> list[str]:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            if self._database.is_sqlite
            else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        )
        return sorted(row["name"] for row in await self.rows(query) if row["name"] != "tortoise_migrations")

    async def columns(self, table: str) -> list[dict[str, Any]]:
        if self._database.is_sqlite:
            rows = await self.rows(f"PRAGMA table_info('{table}')")
            return [{"name": row["name"], "kind": row["type"], "notnull": bool(row["notnull"]), "default": row["dflt_value"]} for row in rows]  # fmt: skip
        rows = await self.rows(
            "SELECT column_name AS name, data_type AS kind, is_nullable = 'NO' AS notnull, column_default AS default, "
            "character_maximum_length AS length FROM information_schema.columns WHERE table_name = $1",
            [table],
        )
        return sorted(rows, key=lambda row: str(row["name"]))

    async def indexes(self, table: str) -> list[tuple[Any, ...]]:
        if self._database.is_sqlite:
            found = []
            for row in await self.rows(f"PRAGMA index_list('{table}')"):
                columns = await self.rows(f"PRAGMA index_info('{row['name']}')")
                name = row["name"] if row["origin"] == "c" else row["origin"]
                found.append((name, bool(row["unique"]), tuple(column["name"] for column in columns)))
            return sorted(found)
        rows = await self.rows("SELECT indexdef FROM pg_indexes WHERE tablename = $1", [table])
        return sorted((row["indexdef"],) for row in rows)

    async def references(self, table: str) -> list[tuple[str, str, str]]:
        if self._database.is_sqlite:
            rows = await self.rows(f"PRAGMA foreign_key_list('{table}')")
            return sorted((row["from"], row["table"], row["on_delete"]) for row in rows)
        rows = await self.rows(
            "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'",
            [table],
        )
        return sorted((row["text"], "", "") for row in rows)

    async def whole(self) -> dict[str, Any]:
        """Everything that a fresh database must have in common with a migrated one."""
        return {
            table: {
                "columns": sorted((tuple(sorted(column.items(), key=str)) for column in await self.columns(table)), key=str),
                "indexes": await self.indexes(table),
                "references": await self.references(table),
            }
            for table in await self.tables()
        }  # fmt: skip

    async def known(self) -> dict[str, list[str]]:
        """The columns of every table: what a server of this version writes."""
        return {table: [str(c["name"]) for c in await self.columns(table)] for table in await self.tables()}

    async def fill(self, only: dict[str, list[str]] | None = None) -> dict[str, int]:
        """Two rows in every table, references kept; gives the number of rows of each table.

        `only` names tables and columns that an earlier version knows: the rest is left to the database.
        """
        left = await self.tables() if only is None else sorted(only)
        if self._database.is_sqlite:
            parents = {table: {target for _, target, _ in await self.references(table)} for table in left}
        else:
            parents = {
                table: {text.split("REFERENCES ")[1].split("(")[0] for text, _, _ in await self.references(table)}
                for table in left
            }
        while left:
            table = next(table for table in left if not (parents[table] - {table}) & set(left))
            left.remove(table)
            for number in (1, 2):
                await self._insert(table, number, None if only is None else only[table])
        return await self.counts()

    async def _insert(self, table: str, number: int, only: list[str] | None) -> None:
        # A column that refers to another table takes the key that fill() gave that table's row of the same number.
        refers = {name for name, _, _ in await self.references(table)}
        if not self._database.is_sqlite:
            refers = {text.split("(")[1].split(")")[0] for text in refers}
        values = {}
        for column in await self.columns(table):
            name = column["name"]
            if only is not None and name not in only:
                continue
            value = sample_value("key" if name in refers | KEYS else name, str(column["kind"]), number)
            longest = column.get("length")  # PostgreSQL holds a text to it
            values[name] = value[-longest:] if longest and isinstance(value, str) else value
        quoted = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" if self._database.is_sqlite else f"${n}" for n in range(1, len(values) + 1))
        await self._database.connection().execute_query(
            f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', list(values.values())
        )

    async def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return {
            table: (await self.rows(f'SELECT COUNT(*) AS n FROM "{table}"'))[0]["n"] for table in await self.tables()
        }


def loaded_apps() -> Apps:
    """The models of the active database."""
    apps: Apps | None = Tortoise.apps
    assert apps is not None
    return apps


async def schema_of(config: ServerConfig) -> dict[str, Any]:
    """The schema of this server's database."""
    database = await open_database(config)
    try:
        with database.active():
            return await Schema(database).whole()
    finally:
        await database.close()


@pytest.mark.parametrize("earlier", EARLIER)
async def test_a_populated_database_keeps_every_row_and_arrives_at_the_fresh_schema(
    tmp_path: Path, backend: dict[str, object], earlier: str, request: pytest.FixtureRequest
) -> None:
    config = config_for(tmp_path / "old", backend)
    await migrate_only_to(config, earlier)
    database = await open_database(config)
    with database.active():
        before = await Schema(database).fill()
    await database.close()
    assert all(count == 2 for count in before.values())

    assert await migrate(config) == NAMES[NAMES.index(earlier) + 1 :]

    database = await open_database(config)
    with database.active():
        after = await Schema(database).counts()
    await database.close()
    assert {table: after[table] for table in before} == before
    fresh_backend = dict(backend)
    if "database_url" in backend:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        fresh_backend["database_url"] = server.new_database()
    fresh = config_for(tmp_path / "fresh", fresh_backend)
    assert await migrate(fresh) == NAMES
    assert await schema_of(config) == await schema_of(fresh)


@pytest.mark.parametrize("earlier", EARLIER)
async def test_a_replica_of_an_earlier_version_can_go_on_writing_after_the_upgrade(
    tmp_path: Path, backend: dict[str, object], earlier: str
) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrate_only_to(config, earlier)
    database = await open_database(config)
    with database.active():
        known = await Schema(database).known()
    await database.close()
    await migrate(config)

    database = await open_database(config)
    try:
        with database.active():
            after = await Schema(database).fill(known)
    finally:
        await database.close()

    assert {after[table] for table in known} == {2}


async def test_what_the_models_say_is_what_the_migrations_make(tmp_path: Path, backend: dict[str, object]) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrate(config)
    database = await open_database(config)
    try:
        with database.active():
            detector = MigrationAutodetector(loaded_apps(), tortoise_config(config)["apps"])
            missing = [str(operation) for writer in await detector.changes() for operation in writer.operations]
    finally:
        await database.close()
    assert missing == []


async def test_every_declared_index_exists(tmp_path: Path, backend: dict[str, object]) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrate(config)
    schema = await schema_of(config)
    database = await open_database(config)
    with database.active():
        models = loaded_apps()[APP_LABEL].values()
    await database.close()
    declared = {
        (model._meta.db_table, index.name)
        for model in models
        for index in model._meta.indexes
        if isinstance(index, Index)
    }
    assert declared
    assert {(table, name) for table, name in declared if str(name) not in str(schema[table]["indexes"])} == set()


async def test_replicas_that_start_together_migrate_once(tmp_path: Path, backend: dict[str, object]) -> None:
    config = config_for(tmp_path / "data", backend)
    results = await asyncio.gather(*(migrate(config) for _ in range(4)))
    assert sorted(map(len, results)) == [0, 0, 0, len(NAMES)]


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, backend: dict[str, object]) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrate(config)
    database = await open_database(config)
    with database.active():
        mark = "?, ?, ?" if database.is_sqlite else "$1, $2, $3"
        await database.connection().execute_query(
            f"INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ({mark})",
            [APP_LABEL, "9999_future", MOMENT],
        )
    await database.close()
    with pytest.raises(MigrationError, match=r"newer version.*9999_future"):
        await migrate(config)


async def test_sqlite_is_copied_before_an_upgrade_and_the_copy_is_whole_and_private(tmp_path: Path) -> None:
    config = config_for(tmp_path / "data", {})
    await migrate_only_to(config, EARLIER[-1])
    await migrate(config)
    (copy,) = (tmp_path / "data").glob("server.sqlite3.before-*")
    assert copy.name == f"server.sqlite3.before-{NAMES[-1]}"
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM tortoise_migrations ORDER BY name")]
    assert names == EARLIER


def first_new_table(name: str) -> str:
    """The first table that a migration makes."""
    operations = importlib.import_module(f"{migrations.__name__}.{name}").Migration.operations
    made = [operation.options or {} for operation in operations if isinstance(operation, CreateModel)]
    return str(made[0]["table"])


async def test_a_migration_that_fails_names_itself_and_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_for(tmp_path / "data", {})
    await migrate_only_to(config, EARLIER[-1])
    with closing(sqlite3.connect(tmp_path / "data" / "server.sqlite3")) as connection:
        # A table that the last migration wants to make, left by somebody.
        connection.execute(f"CREATE TABLE {first_new_table(NAMES[-1])} (id TEXT)")
        connection.commit()
    with pytest.raises(MigrationError, match=rf"migration {NAMES[-1]} failed and was undone.*copy made before is"):
        await migrate(config)
    with closing(sqlite3.connect(tmp_path / "data" / "server.sqlite3")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM tortoise_migrations ORDER BY name")]
    assert names == EARLIER


async def test_a_new_database_is_for_its_owner_only(tmp_path: Path) -> None:
    await migrate(config_for(tmp_path / "data", {}))
    assert (tmp_path / "data" / "server.sqlite3").stat().st_mode & 0o077 == 0
