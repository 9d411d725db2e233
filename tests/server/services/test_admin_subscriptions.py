"""Subscriptions in an operator's hands: lists on both engines, days given once, plans changed, and nothing without its audit entry."""

import asyncio
from datetime import timedelta

import pytest

from plg.contract.admin_subscriptions import (
    CancelRequest,
    ExtendRequest,
    SetPlanRequest,
    SubscriptionQuery,
    TakeBackRequest,
)
from plg_server import app_keys
from plg_server.models.billing import Cancellation
from plg_server.problems import ApiError
from plg_server.services.admin_subscriptions import (
    AdminSubscriptions,
    account_named,
    subscription_file,
    subscriptions,
)
from plg_server.services.payment_queue import mark_refunded
from support.api_driver import StartServer
from support.operator_world import ACTOR, OperatorWorld, bare_account, operator_world


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    return await operator_world(start_server, backend)


def acts(world: OperatorWorld) -> AdminSubscriptions:
    return AdminSubscriptions(world.billing.api.app[app_keys.CONFIG], ACTOR, world.clock())


async def test_the_list_is_filtered_by_state_plan_and_end_and_the_first_to_end_stands_first(
    world: OperatorWorld,
) -> None:
    now = world.clock()
    config = world.billing.api.app[app_keys.CONFIG]
    with world.active:
        for email, plan, days in (
            ("late@example.org", "monthly", 20),
            ("soon@example.org", "yearly", 2),
            ("trial@example.org", "trial", 5),
            ("over@example.org", "monthly", -1),
            ("quits@example.org", "monthly", 9),
        ):
            await bare_account(email, plan=plan, ends_at=now + timedelta(days=days))
        await bare_account("endless@example.org", plan="yearly")
        quitter = await account_named("QUITS@example.org")
        await Cancellation.create(id="1" * 16, account_id=quitter.id, cancelled_at=now)

        async def found(**query: object) -> list[str]:
            page = await subscriptions(SubscriptionQuery(**query), config, now)  # type: ignore[arg-type] # a test's shorthand
            assert page.total >= len(page.subscriptions)
            return [row.email.partition("@")[0] for row in page.subscriptions]

        assert await found(state="active") == ["soon", "late", "endless"]
        assert await found(state="trial") == ["trial"]
        assert await found(state="cancelled") == ["quits"]
        assert await found(state="expired") == ["over"]
        assert await found(plan="yearly") == ["soon", "endless"]
        assert await found(ends_before=now + timedelta(days=6), state="active") == ["soon"]
        assert await found(account="soon@example.org") == ["soon"]
        paged = [*await found(limit=4), *await found(limit=4, offset=4)]
        assert paged[:6] == ["over", "soon", "trial", "quits", "late", "endless"]
        assert len(await found(state="none")) == 2  # the two operators of this world
        with pytest.raises(ApiError, match="no such account"):
            await found(account="nobody@example.org")


async def test_days_are_given_with_a_reason_once_for_each_key_however_often_it_is_sent(world: OperatorWorld) -> None:
    account_id, access = await world.buyer()
    request = ExtendRequest(days=5, reason="the relay was down", key="try-1")
    with world.active:
        await asyncio.gather(*(acts(world).extend(account_id, request) for _ in range(5)))
        tried = await acts(world).extend(account_id, ExtendRequest(days=7, reason="only a try", dry_run=True))
        assert (tried.before.days_left, tried.after.days_left) == (35, 42)
    assert (await world.billing.subscription(access))["days_left"] == 35
    history = (await world.ask("GET", "/v1/subscription/history", access))["grants"]
    assert [(one["source"], one["days"], one["note"]) for one in history] == [
        ("operator", 5, "the relay was down"),
        ("payment", 30, ""),
    ]
    assert await world.acts() == [f"subscriptions.extend account:{account_id}"]


async def test_without_a_plan_named_days_are_of_the_accounts_own_or_the_first_that_is_sold(
    world: OperatorWorld,
) -> None:
    with world.active:
        yearly = await bare_account("y@example.org", plan="yearly", ends_at=world.clock() + timedelta(days=1))
        nothing = await bare_account("n@example.org")
        assert (await acts(world).extend(yearly, ExtendRequest(days=1, reason="r"))).after.plan == "yearly"
        assert (await acts(world).extend(nothing, ExtendRequest(days=1, reason="r"))).after.plan == "monthly"
        named = await acts(world).extend("n@example.org", ExtendRequest(days=1, reason="r", plan="quarterly"))
        assert (named.after.plan, named.after.days_left) == ("quarterly", 2)
        with pytest.raises(ApiError, match="no plan 'golden'"):
            await acts(world).extend(nothing, ExtendRequest(days=1, reason="r", plan="golden"))


async def test_a_plan_without_an_end_and_back_to_the_days_that_were_paid(world: OperatorWorld) -> None:
    account_id, access = await world.buyer()
    with world.active:
        endless = await acts(world).set_plan(account_id, SetPlanRequest(plan="yearly", reason="a friend", endless=True))
        assert (endless.after.plan, endless.after.ends_at, endless.after.state) == ("yearly", None, "active")
        with pytest.raises(ApiError, match="no end"):
            await acts(world).extend(account_id, ExtendRequest(days=1, reason="r"))
        back = await acts(world).set_plan(account_id, SetPlanRequest(plan="quarterly", reason="no friend any more"))
        assert (back.after.plan, back.after.days_left) == ("quarterly", 30)
        empty = await bare_account("n@example.org")
        with pytest.raises(ApiError, match="no days are left"):
            await acts(world).set_plan(empty, SetPlanRequest(plan="monthly", reason="r"))
    assert (await world.billing.subscription(access))["plan"] == "quarterly"


async def test_somebody_is_cancelled_once_and_their_plan_works_to_its_end(world: OperatorWorld) -> None:
    account_id, access = await world.buyer()
    with world.active:
        tried = await acts(world).cancel(account_id, CancelRequest(reason="asked by phone", dry_run=True))
        assert (tried.after.state, await Cancellation.all().count()) == ("cancelled", 0)
        await acts(world).cancel(account_id, CancelRequest(reason="asked by phone"))
        with pytest.raises(ApiError, match="no running plan"):
            await acts(world).cancel(account_id, CancelRequest(reason="again"))
    shown = await world.billing.subscription(access)
    assert (shown["state"], shown["days_left"]) == ("cancelled", 30)


async def test_days_given_by_mistake_go_back_and_those_of_a_payment_only_with_it(world: OperatorWorld) -> None:
    account_id, access = await world.buyer()
    config = world.billing.api.app[app_keys.CONFIG]
    with world.active:
        await acts(world).extend(account_id, ExtendRequest(days=300, reason="30 were meant"))
        given, paid = (await subscription_file(account_id, config, world.clock())).history
        taken = await acts(world).take_back(account_id, TakeBackRequest(grant_id=given.id, reason="a slip"))
        assert (taken.before.days_left, taken.after.days_left) == (330, 30)
        for grant_id, refusal in ((given.id, "before"), (paid.id, "refunded"), ("f" * 16, "nothing under that id")):
            with pytest.raises(ApiError, match=refusal):
                await acts(world).take_back(account_id, TakeBackRequest(grant_id=grant_id, reason="r"))
        file = await subscription_file(account_id, config, world.clock())
        assert (file.history[0].taken_back_because, file.history[0].ends_at) == ("operator", None)
        await mark_refunded(file.payments[0].id, world.clock())
    assert (await world.billing.subscription(access))["state"] == "none"
