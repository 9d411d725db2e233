"""/v1/admin/payments over HTTP: support reads, admins decide. The rules: services/test_admin_payments.py."""

from support.api_driver import StartServer
from support.operator_world import operator_world


async def test_the_queue_is_read_by_support_and_settled_by_an_admin(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    _account_id, access = await world.buyer("1", comment="no code")
    page = await world.ask("GET", "/v1/admin/payments/queue", world.support)
    (waiting,) = page["waiting"]
    url = f"/v1/admin/payments/{waiting['payment']['id']}"
    body = {"checkout_id": waiting["candidates"][0]["id"]}
    for act in ("match", "dismiss", "refunded"):
        await world.ask("POST", f"{url}/{act}", world.support, body if act == "match" else {}, status=403)
    tried = await world.ask("POST", f"{url}/match", world.admin, {**body, "dry_run": True})
    assert (tried["dry_run"], tried["after"]["state"]) == (True, "credited")
    assert (await world.ask("GET", url, world.support))["payment"]["state"] == "unmatched"
    await world.ask("POST", f"{url}/match", world.admin, body)
    await world.ask("POST", f"{url}/match", world.admin, body, status=404)
    await world.ask("POST", f"{url}/dismiss", world.admin, {}, status=404)
    assert (await world.ask("GET", "/v1/admin/payments?state=credited", world.support))["total"] == 1
    await world.ask("POST", f"{url}/refunded", world.admin, {})
    assert (await world.billing.subscription(access))["state"] == "none"
    await world.ask("GET", "/v1/admin/payments/queue", access, status=403)


async def test_what_cannot_be_is_refused_at_the_edge(start_server: StartServer) -> None:
    world = await operator_world(start_server)
    for query in ("provider=A%20B", "state=rich", "since=today", "since=0001-01-01T00:00:00%2B14:00", "limit=0", "x=1"):
        await world.ask("GET", f"/v1/admin/payments?{query}", world.admin, status=422)
    for payment_id in ("nonsense", "0" * 16, "0" * 300):
        await world.ask("GET", f"/v1/admin/payments/{payment_id}", world.admin, status=404)
    await world.ask("GET", "/v1/admin/payments?account=nobody", world.admin, status=404)
    await world.ask("POST", f"/v1/admin/payments/{'0' * 16}/match", world.admin, {}, status=422)
