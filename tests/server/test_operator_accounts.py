"""Accounts from the server's own machine: the first admin, and who is locked out."""

from pathlib import Path
from typing import Any

import pytest

from plg_server.config import ServerConfig, load_config
from plg_server.database import open_database
from plg_server.ids import new_id, utc_now
from plg_server.models.account_safety import ApiToken, RecoveryCode, SecondFactor
from plg_server.models.accounts import Account, SignIn
from plg_server.models.audit import AuditEntry
from plg_server.operator_accounts import UnknownAccount, WrongInput, create_admin, has_account, reset_password
from plg_server.operator_tasks import CannotReach
from support.operator_rows import account_row, sign_in_row

PASSWORD = "correct horse battery"


def config_in(folder: Path, **settings: Any) -> ServerConfig:
    """A server with its data there."""
    return load_config(None, {}, {"data_dir": str(folder), **settings})


async def test_an_account_is_made_and_is_an_admin_also_before_the_first_start(
    tmp_path: Path, backend: dict[str, object]
) -> None:
    config = config_in(tmp_path / "new", **backend)
    assert await has_account(config, "Boss@Example.org") is False
    made = await create_admin(config, "Boss@Example.org", PASSWORD)
    assert (made.email, made.created, made.changed) == ("boss@example.org", True, True)
    again = await create_admin(config, "boss@example.org", None)
    assert (again.account_id, again.created, again.changed) == (made.account_id, False, False)
    database = await open_database(config)
    with database.active():
        account = await Account.get()
        (entry,) = await AuditEntry.all()
    await database.close()
    assert (account.role, account.password_hash.startswith("$argon2id$")) == ("admin", True)
    assert (entry.act, entry.via, entry.actor_id) == ("users.role", "machine", "")


async def test_an_account_that_is_there_is_promoted_keeps_its_password_and_a_ban_is_lifted(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    await create_admin(config, "boss@example.org", PASSWORD)
    database = await open_database(config)
    with database.active():
        await Account.all().update(role="player", banned_at=utc_now(), ban_reason="x")
        before = (await Account.get()).password_hash
        made = await create_admin(config, "boss@example.org", None)
        after = await Account.get()
    await database.close()
    assert (made.created, made.changed) == (False, True)
    assert (after.role, after.banned_at, after.ban_reason, after.password_hash) == ("admin", None, "", before)


async def test_a_reset_signs_out_everywhere_and_may_forget_the_second_factor(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    await create_admin(config, "boss@example.org", PASSWORD)
    database = await open_database(config)
    now = utc_now()
    with database.active():
        boss, other = await Account.get(), await account_row("other@example.org", now)
        for account in (boss, other):
            await sign_in_row(account, now)
            await SecondFactor.create(id=new_id(), account=account, sealed_secret="x", created_at=now, confirmed_at=now)
            await RecoveryCode.create(id=new_id(), account=account, code_hash=new_id(), created_at=now)
            await ApiToken.create(
                id=new_id(), account=account, name="t", prefix="p", token_hash=new_id(), scopes="", created_at=now
            )
        kept = await reset_password(config, "boss@example.org", "another horse battery")
        assert (kept.sign_ins_ended, kept.tokens_revoked) == (1, 1)
        assert (kept.has_second_factor, kept.second_factor_removed) == (True, False)
        assert await SecondFactor.all().count() == 2
        gone = await reset_password(config, "boss@example.org", PASSWORD, second_factor_off=True)
        assert (gone.sign_ins_ended, gone.second_factor_removed) == (0, True)
        assert [row.account_id for row in await SecondFactor.all()] == [other.id]
        assert [row.account_id for row in await RecoveryCode.all()] == [other.id]
        assert [row.account_id for row in await SignIn.filter(ended_at=None)] == [other.id]
        assert [row.account_id for row in await ApiToken.filter(revoked_at=None)] == [other.id]
        assert (await Account.get(id=boss.id)).password_hash != boss.password_hash
        acts = [entry.act for entry in await AuditEntry.all().order_by("at")]
    await database.close()
    assert acts == ["users.role", "users.reset_password", "users.reset_password"]


async def test_what_cannot_be_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    with pytest.raises(UnknownAccount, match=r"nobody@example\.org"):
        await reset_password(config, "nobody@example.org", PASSWORD)
    for email, password in (
        ("boss", PASSWORD),
        ("a@b\u202e", PASSWORD),
        ("boss@example.org", "short"),
        ("boss@example.org", None),
    ):
        with pytest.raises(WrongInput):
            await create_admin(config, email, password)
    database = await open_database(config)
    with database.active():
        assert (await Account.all().count(), await AuditEntry.all().count()) == (0, 0)
    await database.close()


async def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    config = config_in(tmp_path, database_url="postgres://plg@127.0.0.1:1/plg")
    with pytest.raises(CannotReach, match="cannot be used"):
        await create_admin(config, "boss@example.org", PASSWORD)
