"""/v1/admin/plans over HTTP. The rules: services/test_admin_plans.py."""

from support.api_driver import StartServer
from support.operator_world import operator_world


async def test_support_sees_the_plans_and_an_admin_edits_them_exactly(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    plans = (await world.ask("GET", "/v1/admin/plans", world.support))["plans"]
    assert [(plan["name"], plan["offered"]) for plan in plans] == [
        ("trial", True),
        ("monthly", True),
        ("quarterly", True),
        ("yearly", True),
    ]
    await world.ask("PATCH", "/v1/admin/plans/monthly", world.support, {"days": 31}, status=403)
    body = {"prices": {"USD": "6.1"}, "dry_run": True}
    change = await world.ask("PATCH", "/v1/admin/plans/monthly", world.admin, body)
    assert change["after"]["prices"][0] == {"currency": "USD", "amount": "6.10"}
    for wrong in ({"prices": {"USD": 5.99}}, {"prices": {"USD": "5.999"}}, {"prices": {"GBP": "5"}}, {"days": 0}):
        refused = await world.ask("PATCH", "/v1/admin/plans/monthly", world.admin, wrong, status=422)
        assert refused["code"] == "invalid_body"
    for name in ("Monthly", "a" * 33, "%00"):
        await world.ask("PATCH", f"/v1/admin/plans/{name}", world.admin, {"days": 1}, status=404)
    assert await world.acts() == []
