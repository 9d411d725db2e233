"""The client of the admin API: what is sent, and what comes of the answers."""

import pytest

from plg.api.admin_client import AdminClient, open_admin
from plg.api.credentials import FixedToken
from plg.api.errors import ServerMisbehaved, ServerRefused
from plg.contract.admin_stats import Claimed, ClaimRequest
from support.local_server import Script, json_answer, problem_answer, serving

CLAIMED = b'{"account_id": "a1", "email": "boss@example.org", "role": "admin"}'
BODY = ClaimRequest(token="x" * 32)


async def test_every_method_is_sent_under_v1_admin_with_the_token() -> None:
    script = Script({f"{method} /v1/admin/thing": [json_answer(CLAIMED)] for method in ("GET", "POST", "PUT", "PATCH", "DELETE")})  # fmt: skip
    with serving(script.app()) as url:
        async with open_admin(url, FixedToken(url, "secret")) as client:
            assert isinstance(client, AdminClient)
            query = {"a": 1, "b": True, "c": None, "d": "x y&z"}
            answers = [
                await client.get("/thing", Claimed, query),
                await client.post("/thing", Claimed, BODY),
                await client.put("/thing", Claimed, BODY),
                await client.patch("/thing", Claimed, BODY),
                await client.delete("/thing", Claimed, {"dry_run": False}),
            ]
            await client.send("DELETE", "/thing")
    assert {answer.role for answer in answers} == {"admin"}
    assert [seen.method for seen in script.seen] == ["GET", "POST", "PUT", "PATCH", "DELETE", "DELETE"]
    assert {seen.token for seen in script.seen} == {"secret"}
    assert script.seen[0].query == {"a": "1", "b": "true", "d": "x y&z"}
    assert script.seen[4].query == {"dry_run": "false"}
    assert b"xxxx" in script.seen[1].body


async def test_a_refusal_and_a_wrong_answer_are_errors() -> None:
    script = Script(
        {
            "POST /v1/admin/claim": [problem_answer(403, "claim_refused")],
            "GET /v1/admin/stats": [json_answer(b'{"role": 1}')],
        }
    )
    with serving(script.app()) as url:
        async with open_admin(url, FixedToken(url, "secret")) as client:
            with pytest.raises(ServerRefused) as caught:
                await client.post("/claim", Claimed, BODY)
            assert caught.value.code == "claim_refused"
            with pytest.raises(ServerMisbehaved):
                await client.get("/stats", Claimed)
