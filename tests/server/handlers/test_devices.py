"""/v1/me/devices"""

from support.api_driver import StartServer
from support.guarded_account import guarded_account


async def test_devices_are_seen_ended_and_nobody_else_s(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann, bob = await guarded_account(api), await guarded_account(api)
    pair = (await ann.sign_in(device="plg on Linux")).json
    shown = (await api.get("/v1/me/devices", pair["access_token"])).json
    assert (shown["total"], [one["name"] for one in shown["devices"] if one["current"]]) == (2, ["plg on Linux"])
    newest = shown["devices"][0]
    assert (newest["current"], newest["network"]) == (True, "127.0.0.0/24")
    other = shown["devices"][1]["id"]

    stolen = await api.call("DELETE", f"/v1/me/devices/{newest['id']}", bob.token)
    assert (stolen.status, stolen.code) == (404, "not_found")
    assert (await api.call("DELETE", "/v1/me/devices/none", bob.token)).status == 404
    assert (await api.call("DELETE", f"/v1/me/devices/{other}", pair["access_token"])).status == 204
    assert (await api.get("/v1/me", ann.token)).code == "token_invalid"

    for _ in range(2):
        await ann.sign_in()
    others = await api.post("/v1/me/devices/revoke-others", None, pair["access_token"])
    assert others.json == {"revoked": 2}
    assert (await api.refresh(pair["refresh_token"])).status == 200
    assert (await api.get("/v1/me", bob.token)).status == 200
