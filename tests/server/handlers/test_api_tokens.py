"""/v1/me/tokens, and calls that carry one."""

from support.api_driver import StartServer
from support.guarded_account import guarded_account


async def test_a_token_is_made_used_listed_and_revoked(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann, bob = await guarded_account(api), await guarded_account(api)
    wish = {"name": "backup", "scopes": ["read"], "expires_in_days": 30}
    made = await api.post("/v1/me/tokens", wish, ann.token)
    assert made.status == 201
    token, token_id = made.json["token"], made.json["api_token"]["id"]
    assert (await api.get("/v1/me", token)).json["email"] == ann.email
    listed = (await api.get("/v1/me/tokens", ann.token)).json
    assert (listed["total"], listed["tokens"][0]["name"], listed["tokens"][0]["scopes"]) == (1, "backup", ["read"])
    assert listed["tokens"][0]["last_used_at"] is not None
    assert token not in str(listed)

    # What changes who may use the account is not for tokens.
    for method, url, body in (
        ("GET", "/v1/me/tokens", None),
        ("POST", "/v1/me/tokens", wish),
        ("DELETE", f"/v1/me/tokens/{token_id}", None),
        ("POST", "/v1/me/totp", {"password": "x"}),
        ("GET", "/v1/me/devices", None),
        ("GET", "/v1/me/export", None),
        ("POST", "/v1/me/delete", {"password": "x"}),
        ("POST", "/v1/sessions", {"game": "openarena"}),
    ):
        refused = await api.call(method, url, token, json=body)
        assert (refused.status, refused.code) == (403, "scope_missing"), url

    stolen = await api.call("DELETE", f"/v1/me/tokens/{token_id}", bob.token)
    assert (stolen.status, stolen.code) == (404, "not_found")
    assert (await api.call("DELETE", f"/v1/me/tokens/{token_id}", ann.token)).status == 204
    gone = await api.get("/v1/me", token)
    assert (gone.status, gone.code) == (401, "token_invalid")


async def test_a_wish_that_makes_no_sense_is_refused(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann = await guarded_account(api)
    for wish in (
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "", "scopes": ["read"]},
        {"name": "x" * 65, "scopes": ["read"]},
        {"name": "x", "scopes": ["read"], "expires_in_days": 0},
    ):
        assert (await api.post("/v1/me/tokens", wish, ann.token)).code == "invalid_body"
    above = await api.post("/v1/me/tokens", {"name": "x", "scopes": ["admin_write"]}, ann.token)
    assert (above.status, above.code) == (403, "forbidden")
