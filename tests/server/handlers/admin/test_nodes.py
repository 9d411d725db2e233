"""/v1/admin/nodes: who may do what, and what is refused at the edge."""

from typing import Any

from support.api_driver import StartServer
from support.callers import signed_in_as
from support.member_relay import enrolled_relay


async def test_support_reads_admins_act_and_players_see_nothing(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    node_id = (await enrolled_relay(api)).identity.node_id
    calls = [
        ("GET", "", None, 200), ("GET", f"/{node_id}", None, 200), ("POST", "", {"name": "x"}, 403),
        ("PATCH", f"/{node_id}", {"city": "x"}, 403), ("POST", f"/{node_id}/enable", {}, 403),
        ("POST", f"/{node_id}/disable", {}, 403), ("POST", f"/{node_id}/drain", {}, 403), ("DELETE", f"/{node_id}", None, 403),
    ]  # fmt: skip
    for role, allowed in (("support", True), ("player", False)):
        caller = await signed_in_as(api, role)
        for method, path, body, expected in calls:
            options: dict[str, Any] = {} if body is None else {"json": body}
            reply = await api.call(method, f"/v1/admin/nodes{path}", headers=caller.headers, **options)
            assert reply.status == (expected if allowed else 403), (role, method, path, reply.text)
    boss = await signed_in_as(api, "admin")
    assert (await api.get(f"/v1/admin/nodes/{node_id}", boss.access_token)).json["state"] == "up"


async def test_what_cannot_be_a_relay_or_a_number_is_refused(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    boss, relay = await signed_in_as(api, "admin"), await enrolled_relay(api)
    base = "/v1/admin/nodes"

    for path in ("/nonsense", "/" + "f" * 16, "/%2e%2e"):
        assert (await api.get(base + path, boss.access_token)).code in ("node_not_found", "not_found")
    for query in ("?limit=0", "?limit=201", "?state=dead", "?offset=-1", "?unknown=1"):
        assert (await api.get(base + query, boss.access_token)).code == "invalid_query"
    for seconds in (-1, 86_401, "60"):
        reply = await api.post(f"{base}/{relay.identity.node_id}/drain", {"seconds": seconds}, boss.access_token)
        assert reply.code == "invalid_body"
    assert (await api.get(base)).code == "token_missing"
