"""Days without a gain come back: once, within bounds that hold against a client that lies, and they go with their payment."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.nodes import Node
from plg_server.models.payments import Payment
from plg_server.services.outcome_fair import give_fair_days
from plg_server.services.payment_queue import mark_refunded
from support.api_driver import StartServer
from support.operator_rows import node_row, session_row
from support.operator_world import OperatorWorld, operator_world

DULL = {"rtt_ms_p50": 12.0, "measured_total_ms": 40.0, "direct_ms": 38.0, "predicted_total_ms": 36.0}


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    world = await operator_world(start_server, backend)
    # Noon, so that an hour more or less is the same day.
    world.clock.forward(seconds=(36 - world.clock().hour) % 24 * 3600)
    return world


async def played(world: OperatorWorld, account_id: str, *, measured: bool = True, **changes: Any) -> None:
    """Half an hour of play that begins now, with nothing gained unless the changes say otherwise."""
    began = world.clock()
    ended = began + timedelta(minutes=30)
    facts = {
        "ended_at": ended,
        "measured_at": ended if measured else None,
        "seconds": 1800.0,
        "packets_down": 100_000,
        **(DULL if measured else {}),
        **changes,
    }
    with world.active:
        node = await Node.first() or await node_row("r1", 1, began)
        await session_row(await Account.get(id=account_id), node, began, **facts)


async def given(world: OperatorWorld, *, after_days: float = 2) -> int:
    """What the job gives back when it runs so much later; the clock is put back afterwards."""
    with world.active:
        return await give_fair_days(world.clock() + timedelta(days=after_days))


async def test_a_paid_day_without_a_gain_is_given_back_once_with_a_line_that_says_why(world: OperatorWorld) -> None:
    account_id, access = await world.buyer()
    await played(world, account_id)
    day = world.clock().date().isoformat()
    assert await given(world, after_days=1) == 0  # it has not waited a day yet
    assert await given(world) == 1
    # Also with a clock that is set back, and set right again.
    assert [await given(world, after_days=days) for days in (3, 5, -400, 2)] == [0, 0, 0, 0]
    newest, _payment = (await world.ask("GET", "/v1/subscription/history", access))["grants"]
    assert (newest["source"], newest["days"], newest["for_day"]) == ("outcome_fair", 1, day)
    assert "-2.0 ms" in newest["note"]
    assert (await world.billing.subscription(access))["days_left"] == 31


async def test_replicas_that_judge_at_once_give_one_day(world: OperatorWorld) -> None:
    account_id, _access = await world.buyer()
    await played(world, account_id)
    assert sorted(await asyncio.gather(*(given(world) for _ in range(4)))) == [0, 0, 0, 1]


async def test_a_day_with_a_gain_or_a_session_that_nobody_measured_or_that_still_runs_counts(
    world: OperatorWorld,
) -> None:
    still_runs = {"ended_at": None, "expires_at": world.clock() + timedelta(days=9)}
    dull_days: tuple[dict[str, Any], ...] = (
        {"direct_ms": 60.0},
        {"measured": False},
        {"saved_down": 5_000},
        still_runs,
    )
    for number, changes in enumerate(dull_days):
        account_id, _access = await world.buyer(str(number))
        await played(world, account_id)
        await played(world, account_id, **changes)
    assert await given(world) == 0


async def test_days_of_a_trial_or_a_gift_are_not_given_back(world: OperatorWorld) -> None:
    account_id, access = await world.player()
    await world.ask("POST", "/v1/subscription/trial", access)
    await world.pay(access)  # begins when the trial has ended
    await played(world, account_id)
    assert await given(world) == 0
    world.clock.forward(days=8)
    await played(world, account_id)
    assert await given(world) == 1


async def test_who_lies_every_day_gets_seven_in_thirty_and_a_quarter_of_a_payment(world: OperatorWorld) -> None:
    account_id, access = await world.player()
    await world.pay(access, plan="quarterly")
    total = 0
    for _day in range(60):
        await played(world, account_id)
        world.clock.forward(days=1)
        with world.active:
            total += await give_fair_days(world.clock())
    assert total == 14
    short_id, _access = await world.buyer("short")
    with world.active:
        await SubscriptionGrant.filter(account_id=short_id).update(days=8)
        await Account.filter(id=short_id).update(plan_expires_at=world.clock() + timedelta(days=8))
    for _day in range(6):
        await played(world, short_id)
        world.clock.forward(days=1)
    assert await given(world, after_days=1) == 2


async def test_with_the_payment_its_given_days_go_back_and_never_come_again(world: OperatorWorld) -> None:
    account_id, access = await world.buyer()
    await played(world, account_id)
    assert await given(world) == 1
    with world.active:
        await mark_refunded((await Payment.get()).id, world.clock())
    assert (await world.billing.subscription(access))["state"] == "none"
    await world.pay(access, "again")
    assert await given(world) == 0
