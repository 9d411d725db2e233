"""Codes: exactly as many uses as they have, whatever comes at once; guessing is slow and counted."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.codes import Code, CodeUse
from plg_server.problems import ApiError
from plg_server.services import codes
from plg_server.services.codes import NewCode, make_code
from support.api_driver import Reply, StartServer
from support.billing_world import BillingWorld, billing_world

PLAYERS = 100


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> BillingWorld:
    return await billing_world(start_server, backend)


async def made(world: BillingWorld, **wish: Any) -> str:
    with world.api.app[app_keys.DATABASE].active():
        return await make_code(NewCode(**wish), utc_now())


async def redeem(world: BillingWorld, access: str, code: str) -> Reply:
    return await world.api.post("/v1/codes/redeem", {"code": code}, access)


async def test_of_a_hundred_players_at_once_one_gets_a_gift(world: BillingWorld) -> None:
    code = await made(world, kind="gift", days=30)
    app = world.api.app

    async def one(account_id: str) -> bool:
        try:
            await app[app_keys.CODES].redeem(account_id, code)
        except ApiError as refusal:
            return refusal.code is not ErrorCode.CODE_REFUSED
        return True

    with app[app_keys.DATABASE].active():
        rows = [
            Account(id=new_id(), email=f"p{n}@example.org", display_name="p", password_hash="x", created_at=utc_now())
            for n in range(PLAYERS)
        ]
        await Account.bulk_create(rows)
        won = await asyncio.gather(*(one(row.id) for row in rows))
        assert (sum(won), await CodeUse.all().count(), await SubscriptionGrant.all().count()) == (1, 1, 1)
        assert (await Code.get()).uses_left == 0
        assert await Account.exclude(plan_expires_at=None).count() == 1


async def test_of_twenty_uses_by_one_account_at_once_as_many_win_as_it_may_have(world: BillingWorld) -> None:
    access = await world.player()
    code = await made(world, kind="promo", text="TWICE", days=3, uses=None, uses_per_account=2)
    replies = await asyncio.gather(*(redeem(world, access, code) for _ in range(20)))
    assert sorted(reply.status for reply in replies) == [200] * 2 + [409] * 18
    assert {reply.code for reply in replies} == {None, "code_used"}
    assert (await world.subscription(access))["days_left"] == 6


async def test_a_code_is_read_in_any_case_and_without_its_hyphens(world: BillingWorld) -> None:
    access = await world.player()
    code = await made(world, kind="gift", days=30)
    assert len(code) == 19
    reply = await redeem(world, access, code.lower().replace("-", ""))
    assert (reply.status, reply.json["kind"], reply.json["days"]) == (200, "gift", 30)
    assert (reply.json["subscription"]["state"], reply.json["subscription"]["plan"]) == ("active", "monthly")
    with world.api.app[app_keys.DATABASE].active():
        kept = await Code.get()
    assert code not in (kept.code_hash, kept.label)


async def test_a_clock_that_is_set_back_revives_no_code_and_takes_no_days(world: BillingWorld) -> None:
    access = await world.player()
    gift = await made(world, kind="gift", days=30)
    first = (await redeem(world, access, gift)).json["subscription"]["ends_at"]
    world.clock.forward(days=-400)
    assert (await redeem(world, await world.player("other@example.org"), gift)).code == "code_refused"
    assert (await redeem(world, access, gift)).code == "code_used"
    more = await redeem(world, access, await made(world, kind="gift", days=5))
    world.clock.forward(days=400)
    # Given "before" the first ones, and lost to neither: nobody's days become fewer.
    assert more.status == 200
    assert (await world.subscription(access))["ends_at"] >= first


async def test_a_percentage_waits_for_the_next_payment(world: BillingWorld) -> None:
    access = await world.player()
    await made(world, kind="promo", text="WINTER20", percent=20)
    reply = await redeem(world, access, "winter20")
    assert (reply.json["discount_percent"], reply.json["subscription"]["state"]) == (20, "none")
    assert (await world.subscription(access))["discount_percent"] == 20


async def test_unknown_ended_disabled_and_used_up_codes_sound_the_same(world: BillingWorld) -> None:
    access = await world.player()
    ended = await made(world, kind="gift", days=1, expires_at=utc_now() - timedelta(seconds=1))
    disabled = await made(world, kind="gift", days=1, label="lost")
    with world.api.app[app_keys.DATABASE].active():
        await Code.filter(label="lost").update(disabled_at=utc_now())
    used_up = await made(world, kind="gift", days=1)
    await redeem(world, await world.player("other@example.org"), used_up)
    replies = [await redeem(world, access, code) for code in (ended, disabled, used_up, "NEVER-THERE")]
    assert {(reply.status, reply.code, reply.json["detail"]) for reply in replies} == {
        (404, "code_refused", "there is no such code, or it has ended or was used up")
    }


async def test_who_guesses_too_often_waits_even_for_a_right_code(
    world: BillingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "WRONG_A_DAY", 3)
    access = await world.player()
    code = await made(world, kind="gift", days=1)
    for guess in range(3):
        await redeem(world, access, f"GUESS{guess}")
    assert (await redeem(world, access, code)).code == "rate_limited"
    assert (await redeem(world, await world.player("other@example.org"), code)).status == 200
    counted = (await world.api.get("/metrics")).text
    assert 'plg_server_refused_total{code="code_refused"} 3.0' in counted


async def test_redeeming_has_a_limit_of_its_own(start_server: StartServer) -> None:
    world = await billing_world(start_server, {}, rate_limits_on=True, rate_code="2/hour")
    access = await world.player()
    replies = [await redeem(world, access, "GUESS") for _ in range(3)]
    assert [reply.code for reply in replies] == ["code_refused", "code_refused", "rate_limited"]


@pytest.mark.parametrize(
    "wish",
    [
        NewCode("present", days=1),
        NewCode("promo", text="ABC", days=1),
        NewCode("promo", text="ДЕНЬ2026", days=1),
        NewCode("promo", percent=100),
        NewCode("promo"),
        NewCode("gift", days=-1),
        NewCode("gift", days=1, uses=0),
        NewCode("promo", text="TAKEN", days=1),
    ],
)
async def test_a_code_that_cannot_be_is_not_made(start_server: StartServer, wish: NewCode) -> None:
    world = await billing_world(start_server, {})
    await made(world, kind="promo", text="taken", days=1)
    with world.api.app[app_keys.DATABASE].active():
        with pytest.raises(ValueError, match="code"):
            await make_code(wish, utc_now())
        assert await Code.all().count() == 1


async def test_with_billing_off_no_code_is_used(start_server: StartServer) -> None:
    world = await billing_world(start_server, {}, billing="off")
    assert (await redeem(world, await world.player(), "ANYTHING")).code == "billing_off"
