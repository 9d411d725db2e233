"""The audit log: added to with the change itself, and never altered by anybody."""

import contextlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

import plg_server
from plg.contract.admin_audit import AuditQuery
from plg_server.config import load_config
from plg_server.database import Database, open_database
from plg_server.ids import new_id
from plg_server.models.accounts import Account
from plg_server.models.audit import AuditEntry
from plg_server.schema_migration import migrate
from plg_server.services import audit
from plg_server.services.audit import MACHINE, MAX_DETAILS_CHARS, Actor, entries, record

BOSS = Actor(account_id="b" * 16, role="admin", via="sign_in", request_id="request-1", address="192.0.2.7")

FORBIDDEN = {
    "an UPDATE": "UPDATE audit_entries SET act = 'nothing'",
    "a DELETE": "DELETE FROM audit_entries",
    "a DELETE of one": "DELETE FROM audit_entries WHERE act = 'users.ban'",
    "a TRUNCATE": "TRUNCATE audit_entries",
    "a REPLACE": "INSERT OR REPLACE INTO audit_entries SELECT id, at, actor_id, actor_role, via, 'nothing', subject, details, "
    "request_id, address FROM audit_entries",
    "an UPSERT": "INSERT INTO audit_entries SELECT * FROM audit_entries WHERE true ON CONFLICT (id) DO UPDATE SET act = 'nothing'",
}


@pytest.fixture
async def database(tmp_path: Path, backend: dict[str, object]) -> AsyncIterator[Database]:
    """A database of this version, open and active."""
    (tmp_path / "data").mkdir()
    config = load_config(None, {}, {"data_dir": str(tmp_path / "data"), **backend})
    await migrate(config)
    opened = await open_database(config)
    yield opened
    await opened.close()


async def test_neither_update_nor_delete_nor_replace_changes_an_entry(database: Database) -> None:
    with database.active():
        await record(BOSS, "users.ban", "account:1", {"reason": "cheats"})
        await record(BOSS, "users.unban", "account:1", {})
        before = await AuditEntry.all().order_by("id").values()
        for name, statement in FORBIDDEN.items():
            other_engine = "TRUNCATE" if database.is_sqlite else "REPLACE"
            if other_engine in statement:
                continue  # the other engine's own statement
            with pytest.raises(Exception, match="can only be added"):
                await database.connection().execute_query(statement)
            assert await AuditEntry.all().order_by("id").values() == before, name
        with pytest.raises(Exception, match="can only be added"):
            await AuditEntry.filter(act="users.ban").update(act="nothing")
        with pytest.raises(Exception, match="can only be added"):
            await (await AuditEntry.all().first() or AuditEntry()).delete()
        assert await AuditEntry.all().order_by("id").values() == before


async def test_an_entry_is_there_only_with_its_change(database: Database) -> None:
    with database.active():
        with contextlib.suppress(RuntimeError):
            async with in_transaction():
                await record(BOSS, "users.ban", "account:1", {})
                raise RuntimeError("the change failed")
        assert await AuditEntry.all().count() == 0


async def test_entries_are_found_by_who_what_and_when(database: Database) -> None:
    with database.active():
        await Account.create(
            id=BOSS.account_id,
            email="boss@example.org",
            display_name="b",
            password_hash="-",
            created_at=datetime.now(UTC),
        )
        await record(BOSS, "users.ban", "account:1", {"reason": "cheats", "sessions": 2})
        await record(MACHINE, "users.reset_password", "account:2", {})
        await record(BOSS, "games.edit", "game:cs2", {"name": {"from": "a", "to": "b"}})

        async def acts(**wanted: object) -> list[str]:
            return [entry.act for entry in (await entries(AuditQuery(**wanted))).entries]  # type: ignore[arg-type]  # a test's shorthand

        assert await acts() == ["games.edit", "users.reset_password", "users.ban"]
        assert await acts(actor="boss@example.org") == await acts(actor=BOSS.account_id) == ["games.edit", "users.ban"]
        assert await acts(actor="machine") == ["users.reset_password"]
        assert await acts(actor="nobody@example.org") == []
        assert await acts(act="users.") == ["users.reset_password", "users.ban"]
        assert await acts(act="users.ban") == ["users.ban"]
        assert await acts(subject="account:") == ["users.reset_password", "users.ban"]
        assert await acts(subject="game:cs2") == ["games.edit"]
        assert await acts(since=datetime(2999, 1, 1, tzinfo=UTC)) == []
        assert await acts(until=datetime(2000, 1, 1, tzinfo=UTC)) == []
        assert await acts(limit=1, offset=1) == ["users.reset_password"]
        page = await entries(AuditQuery(act="users.ban"))
    (entry,) = page.entries
    assert page.total == 1
    assert entry.details == {"reason": "cheats", "sessions": 2}
    assert (entry.actor.email, entry.actor.role, entry.actor.via) == ("boss@example.org", "admin", "sign_in")
    assert (entry.request_id, entry.address) == ("request-1", "192.0.2.7")


async def test_details_that_are_too_long_are_cut_and_the_act_goes_on(database: Database) -> None:
    with database.active():
        await record(BOSS, "games.import", f"game:{new_id()}", {"text": "я" * MAX_DETAILS_CHARS})
        (entry,) = (await entries(AuditQuery())).entries
    assert list(entry.details) == ["cut"]


def test_the_servers_own_code_adds_entries_and_reads_them_and_nothing_else() -> None:
    sources = [path for path in Path(plg_server.__file__).parent.rglob("*.py") if "migrations" not in path.parts]
    naming = {path.name for path in sources if re.search(r"\bAuditEntry\b|audit_entries", path.read_text("utf-8"))}
    assert naming == {"audit.py"}  # the model and the service
    service = Path(audit.__file__).read_text("utf-8")
    assert re.findall(r"AuditEntry\.(\w+)", service) == ["create", "all"]
    assert not re.search(r"\.(update|delete|save|bulk_\w+|update_or_create|execute_\w+)\(", service)
