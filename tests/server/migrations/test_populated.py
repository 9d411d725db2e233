"""Every migration, one by one, on a database that holds rows of every earlier version, while an older server goes on writing.

What is here holds for migrations to come too: tables, columns and rows are read from the database itself at each stage.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import State

from plg_server import migrations
from plg_server.config import ServerConfig, load_config
from plg_server.database import APP_LABEL, Database, open_database, tortoise_config
from plg_server.schema_migration import migrate
from support.database_schema import Schema
from support.migrated_databases import MigratedDatabases

if TYPE_CHECKING:
    from support.services import PostgresServer

NAMES = sorted(path.stem for path in Path(migrations.__file__).parent.glob("0*.py"))


class Steps(MigrationExecutor):
    """Remembers where it is: working that out anew for each step takes longer than the steps."""

    _state: State | None = None

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        if self._state is None:
            self._state = await super()._project_state(applied, upto=upto)
        return self._state

    async def step(self, name: str) -> None:
        """One migration."""
        await self.migrate([MigrationTarget(app_label=APP_LABEL, name=name)], direction="forward")


async def populate(schema: Schema, stage: int, older: dict[str, list[str]]) -> None:
    """Rows of a server of this version, whole and sparse, and of one of the version before that goes on beside it."""
    await schema.fill(100 + 3 * stage)
    await schema.fill(101 + 3 * stage, sparse=True)
    if older:
        await schema.fill(102 + 3 * stage, older)


async def walk(config: ServerConfig) -> dict[str, Any]:
    """Take every step, as an installation that updates with every version, and give the schema at the end."""
    older: dict[str, list[str]] = {}
    before: dict[str, list[tuple[str, ...]]] = {}
    config_dict = tortoise_config(config)
    database = Database(config)
    try:
        with database.active():
            await database.open_with(config_dict)
            steps = Steps(database.connection(), config_dict["apps"])
            schema = Schema(database)
            for stage, name in enumerate(NAMES):
                await steps.step(name)
                # The older server's columns are all there, with every row and every value that they had.
                assert await schema.contents(older) == before, name
                await populate(schema, stage, older)
                older = await schema.known()
                before = await schema.contents()
            assert all(len(rows) >= 2 for rows in before.values())
            return await schema.whole()
    finally:
        await database.close()


async def test_every_row_of_every_version_survives_every_step_and_the_end_is_a_fresh_schema(
    tmp_path: Path,
    backend: dict[str, object],
    migrated_databases: MigratedDatabases,
    request: pytest.FixtureRequest,
) -> None:
    fresh_backend = dict(backend)
    if "database_url" in backend:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        fresh_backend["database_url"] = server.new_database()
    stepwise = await walk(config_in(tmp_path / "old", backend))

    fresh = config_in(tmp_path / "fresh", fresh_backend)
    assert await migrated_databases.migrate(fresh) == NAMES
    database = await open_database(fresh)
    with database.active():
        at_once = await Schema(database).whole()
    await database.close()
    assert list(stepwise) == list(at_once)
    for table, told in at_once.items():
        assert stepwise[table] == told, table


async def test_the_server_itself_takes_a_populated_database_of_the_version_before_to_the_newest(
    tmp_path: Path, backend: dict[str, object]
) -> None:
    config = config_in(tmp_path / "data", backend)
    config_dict = tortoise_config(config)
    database = Database(config)
    with database.active():
        await database.open_with(config_dict)
        await Steps(database.connection(), config_dict["apps"]).step(NAMES[-2])
        schema = Schema(database)
        await schema.fill(1)
        older, before = await schema.known(), await schema.contents()
    await database.close()

    assert await migrate(config) == NAMES[-1:]

    database = await open_database(config)
    with database.active():
        assert await Schema(database).contents(older) == before
    await database.close()


def config_in(folder: Path, backend: dict[str, object]) -> ServerConfig:
    """A server with its data in this new folder."""
    folder.mkdir()
    return load_config(None, {}, {"data_dir": str(folder), **backend})
