"""/v1/admin/subscriptions over HTTP: support reads and edits, players never. The rules: services/test_admin_subscriptions.py."""

from urllib.parse import quote

from support.api_driver import StartServer
from support.operator_world import operator_world


async def test_support_finds_shows_and_extends_by_address_or_id(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    account_id, access = await world.buyer()
    page = await world.ask("GET", "/v1/admin/subscriptions?state=active&limit=1", world.support)
    assert (page["total"], page["subscriptions"][0]["account_id"]) == (1, account_id)
    address = quote(page["subscriptions"][0]["email"])
    for name in (account_id, address):
        file = await world.ask("GET", f"/v1/admin/subscriptions/{name}", world.support)
        assert (file["subscription"]["days_left"], len(file["payments"]), file["trial_had"]) == (30, 1, False)
    body = {"days": 3, "reason": "спасибо"}
    change = await world.ask("POST", f"/v1/admin/subscriptions/{address}/extend", world.support, body)
    assert (change["dry_run"], change["before"]["days_left"], change["after"]["days_left"]) == (False, 30, 33)
    set_to = {"plan": "yearly", "reason": "r"}
    await world.ask("POST", f"/v1/admin/subscriptions/{account_id}/plan", world.support, set_to)
    await world.ask("POST", f"/v1/admin/subscriptions/{account_id}/cancel", world.support, {"reason": "r"})
    grant = change["after"]["account_id"]
    refused = await world.ask(
        "POST", f"/v1/admin/subscriptions/{account_id}/take-back", world.support, {"grant_id": grant, "reason": "r"}, status=404
    )  # fmt: skip
    assert refused["code"] == "not_found"
    assert await world.acts() == [
        f"subscriptions.{act} account:{account_id}" for act in ("extend", "set_plan", "cancel")
    ]
    await world.ask("GET", "/v1/admin/subscriptions", access, status=403)


async def test_what_cannot_be_is_refused_at_the_edge(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    account_id, _access = await world.player()
    url = f"/v1/admin/subscriptions/{account_id}/extend"
    wrong = (
        {"days": 0, "reason": "r"},
        {"days": 3661, "reason": "r"},
        {"days": 1, "reason": ""},
        {"days": 1, "reason": "a\nb"},
        {"days": 1.5, "reason": "r"},
        {"days": 1, "reason": "r", "forever": True},
        {"days": 1, "reason": "r", "key": "a b"},
    )
    for body in wrong:
        assert (await world.ask("POST", url, world.admin, body, status=422))["code"] == "invalid_body"
    for query in ("state=rich", "ends_before=soon", "ends_before=9999-12-31T23:59:59-14:00", "limit=201", "plan=A"):
        refused = await world.ask("GET", f"/v1/admin/subscriptions?{query}", world.admin, status=422)
        assert refused["code"] == "invalid_query"
    for name in ("0" * 16, "nobody@example.org", "a" * 254, "%00", "..%2f.."):
        await world.ask("GET", f"/v1/admin/subscriptions/{name}", world.admin, status=404)
