"""/v1/admin/audit over HTTP. What is found: services/test_audit.py."""

from plg_server import app_keys
from plg_server.services.audit import MACHINE, record
from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_the_log_can_be_read_in_pages_and_by_no_method_altered(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    boss = await signed_in_as(api, "admin")
    with api.app[app_keys.DATABASE].active():
        for number in range(3):
            await record(MACHINE, "users.ban", f"account:{number}", {"number": number})
    page = (await api.get("/v1/admin/audit?limit=2&offset=1", boss.access_token)).json
    assert (page["total"], [entry["details"]["number"] for entry in page["entries"]]) == (3, [1, 0])
    assert page["entries"][0]["actor"] == {"account_id": None, "email": None, "role": "machine", "via": "machine"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await api.call(method, "/v1/admin/audit", boss.access_token)).code == "method_not_allowed"
        entry = page["entries"][0]["id"]
        assert (await api.call(method, f"/v1/admin/audit/{entry}", boss.access_token)).code == "not_found"


async def test_a_question_that_cannot_be_is_refused(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    boss = await signed_in_as(api, "admin")
    wrong = (
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "limit=201",
        "act=A%20B",
        "actor=",
        "subject=%00",
        "until=99999-01-01T00:00:00Z",
        "x=1",
    )
    for query in wrong:
        assert (await api.get(f"/v1/admin/audit?{query}", boss.access_token)).code == "invalid_query", query
    for query in ("since=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-14:00"):
        assert (await api.get(f"/v1/admin/audit?{query}", boss.access_token)).code == "invalid_query", query
