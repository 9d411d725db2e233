"""/v1/admin/tokens: who may do what, and what is refused at the edge."""

from plg_server import app_keys
from plg_server.models.nodes import EnrolmentToken
from plg_server.services.nodes import create_enrolment_token
from plg_server.services.tokens import token_hash
from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_support_reads_admins_revoke_and_players_see_nothing(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    with api.app[app_keys.DATABASE].active():
        token_id = token_hash((await create_enrolment_token("Oslo 1")).token)[:16]
    base = "/v1/admin/tokens"

    for role, reads in (("support", 200), ("player", 403)):
        token = (await signed_in_as(api, role)).access_token
        assert (await api.get(base, token)).status == reads
        assert (await api.get(f"{base}/{token_id}", token)).status == reads
        assert (await api.post(f"{base}/{token_id}/revoke", {"dry_run": True}, token)).status == 403
    with api.app[app_keys.DATABASE].active():
        assert (await EnrolmentToken.get()).revoked_at is None
    boss = (await signed_in_as(api, "admin")).access_token
    for query in ("?state=dead", "?kind=api", "?limit=500", "?offset=-1", "?account=", "?token=x", "?state=null"):
        assert (await api.get(base + query, boss)).code == "invalid_query"
    for strange in ("nonsense", "F" * 16, "%25" * 16, "_" * 16, "0" * 64):
        assert (await api.get(f"{base}/{strange}", boss)).status == 404
    refused: list[object] = [{"reason": "a\nb"}, {"reason": "x" * 201}, {"dry_run": 1}, {"force": True}, []]
    for body in refused:
        assert (await api.post(f"{base}/{token_id}/revoke", body, boss)).code == "invalid_body"
    assert (await api.post(f"{base}/{token_id}/revoke", {}, boss)).json["changed"]
