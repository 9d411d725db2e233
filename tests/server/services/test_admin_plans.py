"""Plans in an operator's hands: exact prices, what is not offered is not sold, and a try changes nothing."""

import pytest

from plg.contract.admin_plans import EditPlanRequest
from plg_server.problems import ApiError
from plg_server.services.admin_plans import edit, plans
from support.api_driver import StartServer
from support.operator_world import ACTOR, OperatorWorld, operator_world


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    return await operator_world(start_server, backend)


async def test_what_is_named_changes_and_the_rest_stays(world: OperatorWorld) -> None:
    with world.active:
        request = EditPlanRequest(prices={"USD": "6.49", "EUR": None}, max_sessions=3)
        tried = await edit(ACTOR, "monthly", EditPlanRequest(days=31, dry_run=True), world.clock())
        assert tried.after.days == 31
        done = await edit(ACTOR, "monthly", request, world.clock())
        assert done.before is not None
        assert (done.before.max_sessions, done.after.max_sessions, done.after.days) == (2, 3, 30)
        assert {one.currency: one.amount for one in done.after.prices} == {"USD": "6.49", "RUB": "499.00"}
    offers = (await world.ask("GET", "/v1/plans", world.admin))["plans"]
    assert [price["amount"] for plan in offers if plan["name"] == "monthly" for price in plan["prices"]] == [
        "6.49",
        "499.00",
    ]
    assert await world.acts() == ["plans.edit plan:monthly"]


async def test_a_plan_that_is_not_offered_is_not_sold_and_stays_with_who_has_it(world: OperatorWorld) -> None:
    _account_id, access = await world.buyer()
    with world.active:
        await edit(ACTOR, "monthly", EditPlanRequest(offered=False), world.clock())
        assert [plan.offered for plan in (await plans()).plans] == [True, False, True, True]
    refused = await world.ask(
        "POST", "/v1/payments/checkout", access, {"plan": "monthly", "provider": "donatepay"}, status=404
    )
    assert refused["code"] == "plan_not_found"
    assert (await world.billing.subscription(access))["plan"] == "monthly"


async def test_a_new_plan_needs_its_days_and_a_price_that_is_one(world: OperatorWorld) -> None:
    with world.active:
        made = await edit(ACTOR, "weekly", EditPlanRequest(days=7, prices={"RUB": "149"}), world.clock())
        assert (made.before, made.after.offered, made.after.prices[0].amount) == (None, True, "149.00")
        for name, request, refusal in (
            ("daily", EditPlanRequest(prices={"USD": "1"}), "needs days"),
            ("daily", EditPlanRequest(days=1), "has a price"),
            ("weekly", EditPlanRequest(prices={"RUB": "0.00"}), "above zero"),
            ("weekly", EditPlanRequest(prices={"RUB": "99999999999.99"}), "not an amount"),
        ):
            with pytest.raises(ApiError, match=refusal):
                await edit(ACTOR, name, request, world.clock())
        assert [plan.name for plan in (await plans()).plans][-1] == "weekly"
    assert await world.acts() == ["plans.edit plan:weekly"]
