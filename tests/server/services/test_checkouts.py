"""Checkouts: the price is fixed, the ways are named, and a provider that is away leaves nothing behind."""

from typing import Any

import pytest

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.payments import Checkout
from plg_server.problems import ApiError
from plg_server.services import checkouts
from plg_server.services.ledger import settle
from plg_server.services.payment_facts import Order, ProviderUnavailable
from plg_server.services.plans import PlanFacts, edit_plan
from support.api_driver import StartServer
from support.billing_world import DONATEPAY, BillingWorld, begun, billing_world, paid


@pytest.fixture
async def world(start_server: StartServer) -> BillingWorld:
    return await billing_world(start_server, {}, **DONATEPAY)


async def test_a_checkout_names_price_link_and_code(world: BillingWorld) -> None:
    checkout = await begun(world, await world.player(), "yearly")
    assert (checkout["amount"], checkout["currency"], checkout["code_in_comment"]) == ("3988.00", "RUB", True)
    assert checkout["code"].startswith("PLG-")
    assert checkout["code"] in checkout["link"]


async def test_a_price_that_changes_later_does_not_touch_it(world: BillingWorld) -> None:
    checkout = await begun(world, await world.player())
    with world.api.app[app_keys.DATABASE].active():
        await edit_plan(PlanFacts("monthly", 10, prices={"RUB": "900"}), utc_now())
        kept = await Checkout.get(id=checkout["id"])
    assert (kept.amount_minor, kept.days) == (49_900, 30)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"provider": "cash"}, "provider_not_found"),
        ({"currency": "USD"}, "provider_not_found"),
        ({"plan": "weekly"}, "plan_not_found"),
        ({"plan": "trial"}, "plan_not_found"),
        ({"plan": "a" * 64}, "plan_not_found"),
        ({"currency": "rub"}, "invalid_body"),
        ({"amount": "0.01"}, "invalid_body"),
    ],
)
async def test_what_cannot_be_paid_is_refused(world: BillingWorld, changes: dict[str, Any], code: str) -> None:
    body = {"plan": "monthly", "provider": "donatepay", **changes}
    assert (await world.api.post("/v1/payments/checkout", body, await world.player())).code == code


async def test_a_provider_that_is_away_leaves_no_checkout(world: BillingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_provider: object, _order: Order) -> str:
        raise ProviderUnavailable("TimeoutError")

    monkeypatch.setattr("plg_server.providers.donatepay.DonatePay.link", away)
    body = {"plan": "monthly", "provider": "donatepay"}
    reply = await world.api.post("/v1/payments/checkout", body, await world.player())
    assert (reply.status, reply.code) == (503, "provider_unavailable")
    with world.api.app[app_keys.DATABASE].active():
        assert await Checkout.all().count() == 0


async def test_an_account_begins_only_so_many_payments_a_day(
    world: BillingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkouts, "CHECKOUTS_A_DAY", 1)
    access = await world.player()
    await begun(world, access)
    body = {"plan": "monthly", "provider": "donatepay"}
    assert (await world.api.post("/v1/payments/checkout", body, access)).code == "rate_limited"
    world.clock.forward(days=1, seconds=1)
    await begun(world, access)


async def test_with_billing_off_nothing_is_paid(start_server: StartServer) -> None:
    world = await billing_world(start_server, {}, billing="off", **DONATEPAY)
    body = {"plan": "monthly", "provider": "donatepay"}
    assert (await world.api.post("/v1/payments/checkout", body, await world.player())).code == "billing_off"


async def test_its_owner_comes_back_to_it_until_it_is_paid_or_over_and_nobody_else_sees_it(world: BillingWorld) -> None:
    access, stranger = await world.player(), await world.player("stranger@example.org")
    checkout = await begun(world, access)
    mine, theirs = await world.account_id(access), await world.account_id(stranger)
    service = world.api.app[app_keys.CHECKOUTS]
    with world.api.app[app_keys.DATABASE].active():
        own = await service.own(mine, checkout["id"])
        assert (own.checkout.link, own.checkout.code) == (checkout["link"], checkout["code"])
        assert (own.is_paid, own.is_over, own.payment_id) == (False, False, None)
        assert [one.id for one in await service.waiting(mine)] == [checkout["id"]]
        assert await service.waiting(theirs) == []
        for account_id, checkout_id in ((theirs, checkout["id"]), (mine, "0" * 16)):
            with pytest.raises(ApiError) as caught:
                await service.own(account_id, checkout_id)
            assert caught.value.code is ErrorCode.NOT_FOUND
        await settle(paid(checkout), utc_now())
        own = await service.own(mine, checkout["id"])
        assert own.is_paid
        assert own.payment_id is not None
        assert await service.waiting(mine) == []
        other = await begun(world, access)
        world.clock.forward(days=30)
        assert (await service.own(mine, other["id"])).is_over
        assert await service.waiting(mine) == []
