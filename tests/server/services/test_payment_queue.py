"""The operator's queue: what waits in it, one key to match, and each decision taken once."""

import asyncio
from datetime import timedelta

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.problems import ApiError
from plg_server.services.ledger import settle
from plg_server.services.payment_queue import candidates, dismiss, mark_refunded, match, waiting
from support.api_driver import StartServer
from support.billing_world import DONATEPAY, BillingWorld, begun, billing_world, paid


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> BillingWorld:
    return await billing_world(start_server, backend, **DONATEPAY)


async def test_a_payment_without_its_code_is_matched_with_the_likely_checkout_once(world: BillingWorld) -> None:
    access = await world.player()
    checkout = await begun(world, access)
    await begun(world, access, "yearly")
    with world.api.app[app_keys.DATABASE].active():
        await settle(paid(checkout, comment="I forgot the code", at=utc_now() + timedelta(minutes=1)), utc_now())
        (payment,) = await waiting(10)
        (likely,) = await candidates(payment)
        assert (payment.reason, likely.id) == ("no_code", checkout["id"])
        tries = await asyncio.gather(
            *(match(payment.id, likely.id, utc_now()) for _ in range(5)), return_exceptions=True
        )
        assert sorted(str(one) for one in tries)[:2] == ["None", f"no payment '{payment.id}' waits for a decision"]
        assert await waiting(10) == []
    assert (await world.subscription(access))["days_left"] == 30
    with world.api.app[app_keys.DATABASE].active():
        await mark_refunded(payment.id, utc_now())
        with pytest.raises(ApiError):
            await mark_refunded(payment.id, utc_now())
    assert (await world.subscription(access))["state"] == "none"


async def test_a_late_payment_has_its_own_checkout_first_and_a_gift_to_the_operator_is_dismissed(
    world: BillingWorld,
) -> None:
    access = await world.player()
    checkout = await begun(world, access)
    with world.api.app[app_keys.DATABASE].active():
        await settle(paid(checkout, "late", at=utc_now() + timedelta(days=2)), utc_now())
        await settle(paid(checkout, "gift", comment="you are great"), utc_now())
        late, gift = await waiting(10)
        assert (await candidates(late))[0].id == checkout["id"]
        await dismiss(gift.id, utc_now())
        with pytest.raises(ApiError):
            await dismiss(gift.id, utc_now())
        with pytest.raises(ApiError, match="no checkout"):
            await match(late.id, "0" * 16, utc_now())
        assert [one.external_id for one in await waiting(10)] == ["late"]
