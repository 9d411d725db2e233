"""Referrals: one code an account, both get days after the first payment, and nobody refers themselves."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from tortoise.transactions import in_transaction

from plg_server import app_keys
from plg_server.models.codes import Referral
from plg_server.services.entitlement import Days, give
from plg_server.services.referrals import BONUS_DAYS, reward, take_reward_back
from support.api_driver import StartServer
from support.billing_world import BillingWorld, billing_world

PAID = Days("monthly", 2, 30, "payment", "1")


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> BillingWorld:
    return await billing_world(start_server, backend)


@contextlib.asynccontextmanager
async def in_active(world: BillingWorld) -> AsyncIterator[None]:
    """A transaction in the server's database."""
    with world.api.app[app_keys.DATABASE].active():
        async with in_transaction():
            yield


async def code_of(world: BillingWorld, access: str) -> str:
    return str((await world.api.get("/v1/referral", access)).json["code"])


async def redeem(world: BillingWorld, access: str, code: str) -> tuple[int, str | None]:
    reply = await world.api.post("/v1/codes/redeem", {"code": code}, access)
    return reply.status, reply.code


async def test_both_get_days_after_the_first_payment_and_lose_them_with_it(world: BillingWorld) -> None:
    ann, bob = await world.player("ann@example.org"), await world.player("bob@example.org")
    code = await code_of(world, ann)
    assert await code_of(world, ann) == code
    assert await redeem(world, bob, code.lower()) == (200, None)
    assert (await world.subscription(bob))["state"] == "none"

    bob_id = await world.account_id(bob)
    for _twice in range(2):
        async with in_active(world):
            await reward(bob_id, PAID, world.clock())
    report = (await world.api.get("/v1/referral", ann)).json
    assert (report["invited"], report["paid"], report["days_earned"]) == (1, 1, BONUS_DAYS)
    assert [(await world.subscription(one))["days_left"] for one in (ann, bob)] == [BONUS_DAYS, BONUS_DAYS]

    async with in_active(world):
        await take_reward_back(bob_id, "charged_back", world.clock())
    assert (await world.api.get("/v1/referral", ann)).json["days_earned"] == 0
    assert [(await world.subscription(one))["state"] for one in (ann, bob)] == ["none", "none"]


async def test_a_referral_is_taken_once_by_somebody_else_who_has_not_paid(world: BillingWorld) -> None:
    ann, bob = await world.player("ann@example.org"), await world.player("bob@example.org")
    code = await code_of(world, ann)
    for wrong in (code, f"{code}0", "R" * 64):
        assert await redeem(world, ann, wrong) == (404, "code_refused")
    assert await redeem(world, await world.player("a.nn+2@example.org"), code) == (404, "code_refused")
    payer = await world.player("payer@example.org")
    payer_id = await world.account_id(payer)
    async with in_active(world):
        await give(payer_id, PAID, world.clock())
    assert await redeem(world, payer, code) == (404, "code_refused")
    assert await redeem(world, bob, code) == (200, None)
    assert await redeem(world, bob, await code_of(world, payer)) == (409, "code_used")
    assert await redeem(world, ann, await code_of(world, bob)) == (404, "code_refused")
    with world.api.app[app_keys.DATABASE].active():
        assert await Referral.all().count() == 1
