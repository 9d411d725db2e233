"""/v1/admin/benchmarks: who may do what, and what is refused at the edge."""

from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_support_reads_admins_delete_and_players_see_nothing(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    base, missing = "/v1/admin/benchmarks", f"/v1/admin/benchmarks/{'f' * 16}"

    for role, reads, deletes in (("admin", 200, 404), ("support", 200, 403), ("player", 403, 403)):
        caller = await signed_in_as(api, role)
        assert (await api.get(base, caller.access_token)).status == reads
        assert (await api.call("DELETE", missing, headers=caller.headers)).status == deletes
    boss = await signed_in_as(api, "admin")
    for query in ("?verdict=great", "?limit=0", "?since=7d"):
        assert (await api.get(base + query, boss.access_token)).code == "invalid_query"
    wrong = await api.call("DELETE", f"{base}/nonsense", headers=boss.headers)
    assert (wrong.status, wrong.code) == (404, "not_found")
