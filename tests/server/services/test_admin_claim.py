"""The first admin by a token: once, in time, and never beside another admin."""

import asyncio
from datetime import timedelta

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.audit import AdminClaim, AuditEntry
from plg_server.services.admin_claim import CLAIM_LIFETIME, offer_claim
from support.api_driver import ApiDriver, Reply, StartServer
from support.callers import Caller, signed_in_as


async def offered(api: ApiDriver, *, ago: timedelta = timedelta(0)) -> str | None:
    """A token as a start so long ago said it."""
    with api.app[app_keys.DATABASE].active():
        return await offer_claim(utc_now() - ago)


async def claimed(api: ApiDriver, caller: Caller, token: str | None) -> Reply:
    """Somebody uses a token."""
    return await api.post("/v1/admin/claim", {"token": token}, caller.access_token)


async def test_the_token_makes_its_caller_an_admin_once(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    anna, boris = await signed_in_as(api), await signed_in_as(api)
    first, second = await offered(api), await offered(api)
    reply = await claimed(api, anna, second)
    assert (reply.status, reply.json["role"], reply.json["account_id"]) == (200, "admin", anna.account_id)
    for token in (first, second):
        for caller in (anna, boris):
            assert (await claimed(api, caller, token)).code == "claim_refused"
    assert (await api.get("/v1/me", boris.access_token)).json["role"] == "player"
    with api.app[app_keys.DATABASE].active():
        entry = await AuditEntry.get()
        kept = await AdminClaim.all().values_list("token_hash", flat=True)
    assert (entry.act, entry.actor_id) == ("admin.claim", anna.account_id)
    assert {first, second} & set(kept) == set()
    assert await offered(api) is None


async def test_of_many_callers_at_once_one_becomes_admin(api: ApiDriver) -> None:
    callers = [await signed_in_as(api) for _ in range(4)]
    tokens = [await offered(api) for _ in range(2)]
    replies = await asyncio.gather(*(claimed(api, caller, tokens[number % 2]) for number, caller in enumerate(callers)))
    assert sorted(reply.status for reply in replies) == [200, 403, 403, 403]
    with api.app[app_keys.DATABASE].active():
        assert await Account.filter(role="admin").count() == 1


async def test_a_wrong_or_an_old_token_is_refused_and_uses_nothing_up(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    anna = await signed_in_as(api)
    old, good = await offered(api, ago=CLAIM_LIFETIME), await offered(api)
    assert (await claimed(api, anna, "x" * 32)).code == "claim_refused"
    assert (await claimed(api, anna, old)).code == "claim_refused"
    assert (await claimed(api, anna, "short")).code == "invalid_body"
    assert (await api.post("/v1/admin/claim", {"token": good})).code == "token_missing"
    assert (await claimed(api, anna, good)).status == 200


async def test_a_server_whose_only_admin_is_banned_offers_a_token(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    await signed_in_as(api, "admin", banned=True)
    assert await offered(api) is not None
    boss = await signed_in_as(api, "admin")
    assert await offered(api) is None
    with api.app[app_keys.DATABASE].active():
        await Account.filter(id=boss.account_id).update(role="player")
        assert await AdminClaim.all().count() == 1
