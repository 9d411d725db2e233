"""/v1/codes and /v1/referral over HTTP."""

import pytest

from support.api_driver import StartServer
from support.billing_world import billing_world


@pytest.mark.parametrize("code", ["", "ab", "x" * 65, "a b c", "код", 5, None, "AB\u0000C"])
async def test_what_is_no_code_is_refused_before_it_is_looked_for(start_server: StartServer, code: object) -> None:
    world = await billing_world(start_server, {})
    reply = await world.api.post("/v1/codes/redeem", {"code": code}, await world.player())
    assert (reply.status, reply.code) == (422, "invalid_body")


async def test_a_referral_code_can_be_said_aloud(start_server: StartServer) -> None:
    world = await billing_world(start_server, {})
    report = (await world.api.get("/v1/referral", await world.player())).json
    assert (len(report["code"]), report["code"].isalnum(), report["invited"]) == (11, True, 0)
