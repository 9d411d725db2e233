"""/v1/admin/claim over HTTP. Who wins: services/test_admin_claim.py."""

from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_a_claim_needs_a_sign_in_and_a_token_that_could_be_one(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    player = await signed_in_as(api)
    assert (await api.post("/v1/admin/claim", {"token": "x" * 32})).code == "token_missing"
    for body in (
        {},
        {"token": "short"},
        {"token": "x" * 101},
        {"token": "x" * 31 + "/"},
        {"token": "x" * 32, "more": 1},
    ):
        assert (await api.post("/v1/admin/claim", body, player.access_token)).code == "invalid_body", body
    refused = await api.post("/v1/admin/claim", {"token": "x" * 32}, player.access_token)
    assert (refused.status, refused.code) == (403, "claim_refused")
    assert "x" * 32 not in refused.text


async def test_guessing_is_limited_as_codes_are(start_server: StartServer) -> None:
    api = await start_server()
    player = await signed_in_as(api)
    codes = [(await api.post("/v1/admin/claim", {"token": "x" * 32}, player.access_token)).code for _ in range(12)]
    assert (codes[0], codes[-1]) == ("claim_refused", "rate_limited")
