"""/v1/admin/codes and /v1/admin/referrals over HTTP. The rules: services/test_admin_codes.py."""

from support.api_driver import StartServer
from support.operator_world import operator_world


async def test_codes_are_made_by_an_admin_found_by_support_and_used_by_a_player(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    body = {"kind": "gift", "days": 30, "count": 2, "label": "fair"}
    await world.ask("POST", "/v1/admin/codes", world.support, body, status=403)
    made = await world.ask("POST", "/v1/admin/codes", world.admin, body, status=201)
    account_id, access = await world.player()
    await world.ask("POST", "/v1/codes/redeem", access, {"code": made["codes"][0]})
    found = await world.ask("POST", "/v1/admin/codes/find", world.support, {"text": made["codes"][0]})
    assert (found["code"]["state"], found["uses"][0]["account_id"]) == ("used_up", account_id)
    page = await world.ask("GET", "/v1/admin/codes?state=open&kind=gift", world.support)
    (open_one,) = page["codes"]
    assert not set(made["codes"]) & {value for value in open_one.values() if isinstance(value, str)}
    url = f"/v1/admin/codes/{open_one['id']}"
    assert (await world.ask("GET", url, world.support))["uses"] == []
    await world.ask("POST", f"{url}/stop", world.support, {}, status=403)
    assert (await world.ask("POST", f"{url}/stop", world.admin, {"dry_run": True}))["stopped"] == 1
    assert (await world.ask("POST", f"{url}/stop", world.admin, {"batch": True}))["stopped"] == 2
    assert (await world.ask("GET", "/v1/admin/referrals", world.support))["referrers"] == []


async def test_what_cannot_be_is_refused_at_the_edge(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    wrong = (
        {"kind": "present", "days": 1},
        {"kind": "gift", "days": 1, "count": 501},
        {"kind": "promo", "percent": 100},
        {"kind": "promo", "text": "A B", "percent": 1},
        {"kind": "gift", "days": 1, "label": "a\u0000b"},
        {"kind": "gift", "days": 1, "expires_at": "2026-01-31"},
        {"kind": "gift", "days": 1, "expires_at": "9999-12-31T23:59:59-14:00"},
    )
    for body in wrong:
        await world.ask("POST", "/v1/admin/codes", world.admin, body, status=422)
    for code_id in ("nonsense", "0" * 16):
        await world.ask("GET", f"/v1/admin/codes/{code_id}", world.admin, status=404)
    await world.ask("POST", "/v1/admin/codes/find", world.admin, {"text": "NEVER-THERE"}, status=404)
