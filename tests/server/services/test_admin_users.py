"""Accounts as operators find them, on each engine. Who may look, and one account: handlers/admin/test_users.py."""

from datetime import timedelta

from plg_server import app_keys
from plg_server.ids import utc_now
from support.api_driver import ApiDriver
from support.callers import signed_in_as
from support.operator_rows import account_row


async def test_accounts_are_found_by_address_name_id_role_ban_and_plan(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        anna = await account_row("anna@example.org", now, display_name="Анна")
        boris = await account_row("boris%x@example.org", now, banned_at=now, ban_reason="cheats")
        clara = await account_row(
            "clara@example.net", now, role="support", plan_name="monthly", plan_expires_at=now + timedelta(days=3)
        )
        await account_row(
            "dora@example.net", now, plan_name="monthly", plan_expires_at=now - timedelta(days=3), total_seconds=900
        )

    async def emails(**query: str) -> list[str]:
        reply = await api.get("/v1/admin/users", boss.access_token, params={"sort": "email", **query})
        assert reply.status == 200, reply.text
        return [user["email"] for user in reply.json["users"]]

    assert await emails(query="EXAMPLE.NET") == ["clara@example.net", "dora@example.net"]
    assert await emails(query="Анн") == ["anna@example.org"]
    assert await emails(query=anna.id) == ["anna@example.org"]
    assert await emails(query="%") == ["boris%x@example.org"]
    assert await emails(query="_") == []
    assert await emails(email="Anna@Example.org") == ["anna@example.org"]
    assert await emails(role="support") == [clara.email]
    assert await emails(banned="true") == [boris.email]
    assert await emails(plan="monthly") == [clara.email]
    assert "dora@example.net" in await emails(plan="none")
    assert (await emails(sort="-seconds"))[0] == "dora@example.net"
    assert await emails(query="example.net", limit="1", offset="1") == ["dora@example.net"]
    page = (await api.get("/v1/admin/users?query=example.net&limit=1", boss.access_token)).json
    assert (page["total"], page["limit"], page["offset"]) == (2, 1, 0)
