"""Plans: seeded once, edited in the database, sold at the price of their currency."""

import asyncio
from datetime import UTC, datetime

import pytest

from plg_server import app_keys
from plg_server.models.billing import BillingPlan, PlanPrice
from plg_server.problems import ApiError
from plg_server.services.money import BadAmount
from plg_server.services.plans import PlanFacts, edit_plan, offered, price_of, seed_plans
from support.api_driver import ApiDriver

NOW = datetime(2026, 11, 22, tzinfo=UTC)


async def test_a_new_server_offers_four_plans_in_three_currencies(api: ApiDriver) -> None:
    with api.app[app_keys.DATABASE].active():
        plans = await offered()
    assert [(plan.name, plan.days, plan.is_trial) for plan in plans] == [
        ("trial", 7, True),
        ("monthly", 30, False),
        ("quarterly", 90, False),
        ("yearly", 365, False),
    ]
    assert [plan.prices[0].amount for plan in plans if plan.prices] == ["5.99", "14.97", "47.88"]
    assert [price.currency for price in plans[1].prices] == ["USD", "EUR", "RUB"]


async def test_replicas_that_start_together_seed_once(api: ApiDriver) -> None:
    with api.app[app_keys.DATABASE].active():
        await BillingPlan.all().delete()
        await asyncio.gather(*(seed_plans() for _ in range(4)))
        assert (await BillingPlan.all().count(), await PlanPrice.all().count()) == (4, 9)


async def test_an_edited_plan_counts_at_once_and_a_withdrawn_one_is_not_sold(api: ApiDriver) -> None:
    with api.app[app_keys.DATABASE].active():
        await edit_plan(PlanFacts("monthly", 31, 3, prices={"USD": "6.50"}), NOW)
        plan, amount = await price_of("monthly", "USD")
        assert (plan.days, plan.max_sessions, amount) == (31, 3, 650)
        with pytest.raises(ApiError, match="no plan 'monthly' is sold in RUB"):
            await price_of("monthly", "RUB")
        await edit_plan(PlanFacts("monthly", 31, prices={"USD": "6.50"}), NOW, withdrawn=True)
        with pytest.raises(ApiError) as refused:
            await price_of("monthly", "USD")
        await seed_plans()
        names = [plan.name for plan in await offered()]
    assert refused.value.nearest == ["quarterly", "yearly"]
    assert names == ["trial", "quarterly", "yearly"]


async def test_the_trial_is_not_sold(api: ApiDriver) -> None:
    with api.app[app_keys.DATABASE].active(), pytest.raises(ApiError, match="'trial'"):
        await price_of("trial", "USD")


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (PlanFacts("x", 0), ValueError),
        (PlanFacts("x" * 33, 30), ValueError),
        (PlanFacts("x", 30, prices={"GBP": "1"}), ValueError),
        (PlanFacts("x", 30, prices={"USD": "0"}), ValueError),
        (PlanFacts("x", 30, prices={"USD": "1.001"}), BadAmount),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_and_nothing_is_changed(
    api: ApiDriver, facts: PlanFacts, fault: type[Exception]
) -> None:
    with api.app[app_keys.DATABASE].active():
        with pytest.raises(fault):
            await edit_plan(facts, NOW)
        assert not await BillingPlan.exists(id="x")
