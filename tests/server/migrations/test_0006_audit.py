"""The triggers that keep audit entries as they were written are made by the migration itself."""

from pathlib import Path

from plg_server.config import load_config
from plg_server.database import open_database
from plg_server.schema_migration import migrate

SQLITE = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entries' ORDER BY name"
POSTGRES = "SELECT tgname AS name FROM pg_trigger WHERE tgrelid = 'audit_entries'::regclass AND NOT tgisinternal"


async def test_a_migrated_database_has_the_triggers(tmp_path: Path, backend: dict[str, object]) -> None:
    config = load_config(None, {}, {"data_dir": str(tmp_path), **backend})
    await migrate(config)
    database = await open_database(config)
    try:
        with database.active():
            _, rows = await database.connection().execute_query(SQLITE if database.is_sqlite else POSTGRES)
            names = [row["name"] for row in rows]
    finally:
        await database.close()
    everything = ["audit_entries_delete", "audit_entries_insert", "audit_entries_update"]
    assert names == (everything if database.is_sqlite else ["audit_entries_stay"])
