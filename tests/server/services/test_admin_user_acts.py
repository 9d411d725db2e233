"""There is always an admin who can sign in, whoever does what at the same moment. The acts: handlers/admin/test_users.py."""

import asyncio

import pytest
from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account, SignIn
from plg_server.models.audit import AuditEntry
from plg_server.problems import ApiError
from plg_server.services.admin_user_acts import keep_an_admin, sign_out_everywhere
from support.api_driver import ApiDriver, StartServer
from support.callers import signed_in_as
from support.operator_rows import account_row, sign_in_row


async def test_of_two_admins_who_step_down_at_once_one_stays(api: ApiDriver) -> None:
    bosses = [await signed_in_as(api, "admin") for _ in range(2)]
    replies = await asyncio.gather(
        *(
            api.post(f"/v1/admin/users/{boss.account_id}/role", {"role": "player"}, boss.access_token)
            for boss in bosses
        ),
        api.post(f"/v1/admin/users/{bosses[0].account_id}/ban", {"reason": "x"}, bosses[1].access_token),
    )
    with api.app[app_keys.DATABASE].active():
        assert await Account.filter(role="admin", banned_at=None).count() == 1
        assert await AuditEntry.all().count() >= 1
    assert {reply.status for reply in replies} <= {200, 401, 403, 409}


async def test_only_the_last_admin_who_is_not_banned_is_kept(start_server: StartServer) -> None:
    api = await start_server()
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        boss = await account_row("boss@example.org", now, role="admin")
        player = await account_row("player@example.org", now)
        await account_row("banned@example.org", now, role="admin", banned_at=now)
        async with in_transaction():
            await keep_an_admin(player.id)
            with pytest.raises(ApiError) as caught:
                await keep_an_admin(boss.id)
            await Account.filter(id=player.id).update(role="admin")
            await keep_an_admin(boss.id)
    assert caught.value.code is ErrorCode.LAST_ADMIN


async def test_signing_out_everywhere_takes_sign_ins_and_tokens_of_one_account_only(start_server: StartServer) -> None:
    api = await start_server()
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        anna, boris = await account_row("anna@example.org", now), await account_row("boris@example.org", now)
        for account in (anna, boris):
            await sign_in_row(account, now)
            await ApiToken.create(
                id=new_id(), account=account, name="t", prefix="p", token_hash=new_id(), scopes="", created_at=now
            )
        async with in_transaction():
            await sign_out_everywhere(anna.id, "operator", now)
        assert [row.account_id for row in await SignIn.filter(ended_at=None)] == [boris.id]
        assert [row.account_id for row in await ApiToken.filter(revoked_at=None)] == [boris.id]
