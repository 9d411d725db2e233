"""Migrating: what the models say, together with other replicas, and what is told when it cannot be done."""

import asyncio
import importlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

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
from support.database_schema import MOMENT, Schema
from support.migrated_databases import MigratedDatabases

NAMES = sorted(path.stem for path in Path(migrations.__file__).parent.glob("0*.py"))
EARLIER = NAMES[:-1]


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


async def test_what_the_models_say_is_what_the_migrations_make(
    tmp_path: Path, backend: dict[str, object], migrated_databases: MigratedDatabases
) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrated_databases.migrate(config)
    database = await open_database(config)
    try:
        with database.active():
            detector = MigrationAutodetector(loaded_apps(), tortoise_config(config)["apps"])
            missing = [str(operation) for writer in await detector.changes() for operation in writer.operations]
    finally:
        await database.close()
    assert missing == []


async def test_every_declared_index_exists(
    tmp_path: Path, backend: dict[str, object], migrated_databases: MigratedDatabases
) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrated_databases.migrate(config)
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


async def test_a_database_of_a_newer_version_is_refused(
    tmp_path: Path, backend: dict[str, object], migrated_databases: MigratedDatabases
) -> None:
    config = config_for(tmp_path / "data", backend)
    await migrated_databases.migrate(config)
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


def newest_new_table() -> tuple[str, str]:
    """The newest migration that makes a table, and the first one that it makes."""
    for name in reversed(NAMES):
        operations = importlib.import_module(f"{migrations.__name__}.{name}").Migration.operations
        made = [operation.options or {} for operation in operations if isinstance(operation, CreateModel)]
        if made:
            return name, str(made[0]["table"])
    raise AssertionError("no migration makes a table")


async def test_a_migration_that_fails_names_itself_and_the_copy(tmp_path: Path) -> None:
    config = config_for(tmp_path / "data", {})
    failing, table = newest_new_table()
    before = NAMES[: NAMES.index(failing)]
    await migrate_only_to(config, before[-1])
    with closing(sqlite3.connect(tmp_path / "data" / "server.sqlite3")) as connection:
        # Left by somebody, and in the way.
        connection.execute(f"CREATE TABLE {table} (id TEXT)")
        connection.commit()
    with pytest.raises(MigrationError, match=rf"migration {failing} failed and was undone.*copy made before is"):
        await migrate(config)
    with closing(sqlite3.connect(tmp_path / "data" / "server.sqlite3")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM tortoise_migrations ORDER BY name")]
    assert names == before


async def test_a_new_database_is_for_its_owner_only(tmp_path: Path) -> None:
    await migrate(config_for(tmp_path / "data", {}))
    assert (tmp_path / "data" / "server.sqlite3").stat().st_mode & 0o077 == 0
