"""/v1/admin/users: what operators find, what they do, and what they cannot do."""

from typing import Any

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session
from plg_server.services.account_deletion import DELETED_ROLE
from support.api_driver import ApiDriver, StartServer
from support.callers import Caller, signed_in_as
from support.operator_rows import account_row, node_row, session_row, sign_in_row

NOBODY = "f" * 16


@pytest.fixture
async def one(start_server: StartServer) -> ApiDriver:
    """What does not depend on the engine is shown on one."""
    return await start_server(rate_limits_on=False)


async def act(api: ApiDriver, caller: Caller, user_id: str, what: str, **body: object) -> Any:
    """An act that must be taken; gives the answer."""
    reply = await api.post(f"/v1/admin/users/{user_id}/{what}", body, caller.access_token)
    assert reply.status == 200, reply.text
    return reply.json


async def records(api: ApiDriver, caller: Caller, **query: str) -> list[Any]:
    """The audit log as the API shows it."""
    reply = await api.get("/v1/admin/audit", caller.access_token, params=query)
    assert reply.status == 200, reply.text
    return list(reply.json["entries"])


async def test_one_account_is_shown_with_its_plan_sign_ins_and_sessions(one: ApiDriver) -> None:
    helper = await signed_in_as(one, "support")
    now = utc_now()
    with one.app[app_keys.DATABASE].active():
        anna = await account_row("anna@example.org", now, total_sessions=3, total_seconds=60)
        await sign_in_row(anna, now, device="laptop")
        await session_row(anna, await node_row("fra", 1, now), now)
    shown = (await one.get(f"/v1/admin/users/{anna.id}", helper.access_token)).json
    assert shown["user"]["email"] == "anna@example.org"
    assert shown["user"]["totals"]["sessions"] == 3
    assert [row["device"] for row in shown["sign_ins"]] == ["laptop"]
    assert [row["node_name"] for row in shown["sessions"]] == ["fra"]
    assert (shown["sessions_now"], shown["payments"], shown["api_tokens"], shown["second_factor"]) == (1, 0, 0, False)


async def test_a_ban_signs_out_and_ends_sessions_at_once_and_is_recorded(one: ApiDriver) -> None:
    boss, player = await signed_in_as(one, "admin"), await signed_in_as(one)
    with one.app[app_keys.DATABASE].active():
        account = await Account.get(id=player.account_id)
        session = await session_row(account, await node_row("fra", 1, utc_now()), utc_now())

    dry = await act(one, boss, player.account_id, "ban", reason="cheats", dry_run=True)
    assert (dry["changed"], dry["sign_ins_ended"], dry["sessions_ended"]) == (True, 1, 1)
    assert dry["user"]["banned_at"] is not None
    assert (await one.get("/v1/me", player.access_token)).status == 200
    assert await records(one, boss) == []

    done = await act(one, boss, player.account_id, "ban", reason="cheats")
    assert (done["changed"], done["dry_run"], done["user"]["ban_reason"]) == (True, False, "cheats")
    assert (done["sign_ins_ended"], done["sessions_ended"]) == (1, 1)
    assert (await one.get("/v1/me", player.access_token)).code == "token_invalid"
    assert (await one.refresh(player.refresh_token)).code == "token_invalid"
    with one.app[app_keys.DATABASE].active():
        assert (await Session.get(id=session.id)).ended_because == "banned"
    again = await act(one, boss, player.account_id, "ban", reason="cheats")
    assert again["changed"] is False
    (entry,) = await records(one, boss)
    assert (entry["act"], entry["subject"]) == ("users.ban", f"account:{player.account_id}")
    assert entry["details"] == {"reason": "cheats", "sign_ins": 1, "tokens": 0, "sessions": 1}
    assert entry["actor"]["account_id"] == boss.account_id
    assert entry["request_id"]

    back = await act(one, boss, player.account_id, "unban")
    assert (back["changed"], back["user"]["banned_at"], back["user"]["ban_reason"]) == (True, None, "")
    assert (await act(one, boss, player.account_id, "unban"))["changed"] is False
    assert (await one.get("/v1/me", player.access_token)).code == "token_invalid"
    assert [entry["act"] for entry in await records(one, boss, act="users.")] == ["users.unban", "users.ban"]


async def test_signing_out_everywhere_ends_every_sign_in_and_leaves_sessions(one: ApiDriver) -> None:
    boss, player = await signed_in_as(one, "admin"), await signed_in_as(one)
    assert (await act(one, boss, player.account_id, "sign-out", dry_run=True))["sign_ins_ended"] == 1
    assert (await one.get("/v1/me", player.access_token)).status == 200
    assert (await act(one, boss, player.account_id, "sign-out"))["sign_ins_ended"] == 1
    assert (await one.get("/v1/me", player.access_token)).code == "token_invalid"
    assert (await act(one, boss, player.account_id, "sign-out"))["changed"] is False
    assert [entry["act"] for entry in await records(one, boss)] == ["users.sign_out"]


async def test_a_role_counts_from_the_next_request_on(one: ApiDriver) -> None:
    boss, player = await signed_in_as(one, "admin"), await signed_in_as(one)
    assert (await one.get("/v1/admin/users", player.access_token)).code == "forbidden"
    await act(one, boss, player.account_id, "role", role="support", dry_run=True)
    assert (await one.get("/v1/admin/users", player.access_token)).code == "forbidden"
    await act(one, boss, player.account_id, "role", role="support")
    assert (await one.get("/v1/admin/users", player.access_token)).status == 200
    assert (await records(one, boss))[0]["details"] == {"from": "player", "to": "support"}


async def test_support_reads_all_and_changes_nothing(one: ApiDriver) -> None:
    helper, player = await signed_in_as(one, "support"), await signed_in_as(one)
    for url in ("/v1/admin/users", f"/v1/admin/users/{player.account_id}", "/v1/admin/audit", "/v1/admin/stats"):
        assert (await one.get(url, helper.access_token)).status == 200
    acts = {"ban": {"reason": "x"}, "unban": {}, "role": {"role": "admin"}, "sign-out": {}}
    for what, body in acts.items():
        reply = await one.post(f"/v1/admin/users/{player.account_id}/{what}", body, helper.access_token)
        assert reply.code == "forbidden", what
    assert (await one.get("/v1/me", player.access_token)).json["role"] == "player"


async def test_the_last_admin_can_neither_be_banned_nor_lose_the_role(one: ApiDriver) -> None:
    boss = await signed_in_as(one, "admin")
    await signed_in_as(one, "admin", banned=True)
    for what, body in (("ban", {"reason": "x"}), ("role", {"role": "player"}), ("role", {"role": "support"})):
        for dry_run in (True, False):
            reply = await one.post(
                f"/v1/admin/users/{boss.account_id}/{what}", {**body, "dry_run": dry_run}, boss.access_token
            )
            assert (reply.status, reply.code) == (409, "last_admin")
    assert (await act(one, boss, boss.account_id, "role", role="admin"))["changed"] is False


async def test_an_account_that_its_owner_deleted_is_out_of_sight_and_out_of_reach(one: ApiDriver) -> None:
    boss = await signed_in_as(one, "admin")
    with one.app[app_keys.DATABASE].active():
        gone = await account_row("deleted@example.org", utc_now(), role=DELETED_ROLE)
    total = (await one.get("/v1/admin/users", boss.access_token)).json["total"]
    assert (total, (await one.get("/v1/admin/stats", boss.access_token)).json["accounts"]["total"]) == (1, 1)
    found = (await one.get("/v1/admin/users?role=deleted", boss.access_token)).json["users"]
    assert [user["id"] for user in found] == [gone.id]
    assert (await one.get(f"/v1/admin/users/{gone.id}", boss.access_token)).json["user"]["role"] == "deleted"
    for what, body in (("ban", {"reason": "x"}), ("role", {"role": "admin"}), ("sign-out", {})):
        reply = await one.post(f"/v1/admin/users/{gone.id}/{what}", body, boss.access_token)
        assert reply.code == "user_not_found", what


async def test_unknown_ids_and_wrong_bodies_are_refused(one: ApiDriver) -> None:
    boss, player = await signed_in_as(one, "admin"), await signed_in_as(one)
    for user_id in (NOBODY, "x", "%2e%2e", "A" * 16, "0" * 17):
        assert (await one.get(f"/v1/admin/users/{user_id}", boss.access_token)).status == 404
    for what, body in (("ban", {"reason": "x"}), ("unban", {}), ("role", {"role": "admin"}), ("sign-out", {})):
        reply = await one.post(f"/v1/admin/users/{NOBODY}/{what}", body, boss.access_token)
        assert (reply.status, reply.code) == (404, "user_not_found")
    for wrong in (
        {},
        {"reason": ""},
        {"reason": "a\nb"},
        {"reason": "x" * 256},
        {"reason": "x", "dry_run": 1},
        {"why": "x"},
    ):
        reply = await one.post(f"/v1/admin/users/{player.account_id}/ban", wrong, boss.access_token)
        assert reply.code == "invalid_body", wrong
    assert (
        await one.post(f"/v1/admin/users/{player.account_id}/role", {"role": "god"}, boss.access_token)
    ).status == 422
    for query in ("limit=0", "limit=201", "offset=-1", "sort=password_hash", "role=god", "banned=perhaps", "who=x"):
        assert (await one.get(f"/v1/admin/users?{query}", boss.access_token)).code == "invalid_query", query
