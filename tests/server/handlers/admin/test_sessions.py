"""/v1/admin/sessions: who may do what, and what is refused at the edge."""

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.sessions import Session
from support.api_driver import StartServer
from support.callers import signed_in_as
from support.operator_rows import account_row, node_row, session_row


async def test_support_reads_admins_end_and_players_see_nothing(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        session = await session_row(await account_row("ann@example.org", now), await node_row("oslo", 1, now), now)
    base = "/v1/admin/sessions"

    for role, reads in (("support", 200), ("player", 403)):
        token = (await signed_in_as(api, role)).access_token
        assert (await api.get(base, token)).status == reads
        assert (await api.get(f"{base}/{session.id}", token)).status == reads
        assert (await api.post(f"{base}/{session.id}/kill", {"dry_run": True}, token)).status == 403
    with api.app[app_keys.DATABASE].active():
        assert (await Session.get(id=session.id)).ended_at is None
    boss = (await signed_in_as(api, "admin")).access_token
    assert (await api.post(f"{base}/{session.id}/kill", {}, boss)).json["changed"]
    for query in ("?state=dead", "?limit=500", "?since=yesterday", "?account=", "?node=a b"):
        assert (await api.get(base + query, boss)).code == "invalid_query"
    assert (await api.get(f"{base}/nonsense", boss)).code == "session_not_found"
    assert (await api.post(f"{base}/{session.id}/kill", {"reason": "a\nb"}, boss)).code == "invalid_body"
