"""Whose turn it is: one replica of many, once in each round, whatever clocks and crashes do."""

import asyncio
from datetime import timedelta

import pytest

from plg_server.database import Database
from plg_server.models.leases import Lease
from plg_server.services.leases import LeaseLost, Leases, forget_leases
from support.billing_world import MovingClock

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


async def test_of_many_replicas_at_once_one_has_the_round_and_the_next_one_comes_in_time(
    database: Database, clock: MovingClock
) -> None:
    with database.active():
        for expected in (1, 0, 1):
            turns = await asyncio.gather(*(Leases(clock).turn("work", HOUR) for _ in range(12)))
            assert sum(turns) == expected
            clock.forward(minutes=31)
        assert (await Lease.get(id="work")).rounds == 2


async def test_a_clock_that_was_set_back_stops_nothing(database: Database, clock: MovingClock) -> None:
    with database.active():
        clock.forward(days=400)
        assert await Leases(clock).turn("work", HOUR)
        held = await Leases(clock).begin("long", HOUR, MINUTE)
        assert held is not None
        clock.forward(days=-400)
        assert await Leases(clock).turn("work", HOUR)
        assert not await Leases(clock).turn("work", HOUR)
        assert await Leases(clock).begin("long", HOUR, MINUTE) is not None


async def test_clocks_that_differ_by_minutes_make_no_second_round(database: Database, clock: MovingClock) -> None:
    slow = MovingClock()
    slow.forward(minutes=-9)
    with database.active():
        assert await Leases(clock).turn("work", HOUR)
        assert not await Leases(slow).turn("work", HOUR)


async def test_while_one_works_nobody_else_begins_even_when_the_next_round_is_due(
    database: Database, clock: MovingClock
) -> None:
    leases = Leases(clock)
    with database.active():
        begun = await asyncio.gather(*(Leases(clock).begin("work", MINUTE, HOUR) for _ in range(12)))
        (held,) = [one for one in begun if one is not None]
        clock.forward(minutes=30)
        assert await leases.begin("work", MINUTE, HOUR) is None
        await held.finish(1.5, {"found": 3})
        again = await leases.begin("work", MINUTE, HOUR)
        assert again is not None
        assert again.fence > held.fence
        last = await leases.last("work")
    assert last is not None
    assert (last.rounds, last.seconds, last.outcome) == (2, 1.5, {"found": 3})


async def test_a_round_whose_replica_died_is_begun_again_by_another_one(database: Database, clock: MovingClock) -> None:
    leases = Leases(clock)
    with database.active():
        dead = await leases.begin("work", HOUR, MINUTE)
        assert dead is not None
        clock.forward(seconds=59)
        assert await leases.begin("work", HOUR, MINUTE) is None
        clock.forward(seconds=2)
        heir = await leases.begin("work", HOUR, MINUTE)
        assert heir is not None
        # It was not dead after all, only stopped: it finds out, and changes nothing of the other one's.
        with pytest.raises(LeaseLost):
            await dead.renew()
        await dead.finish(1.0, {})
        await dead.give_back(timedelta())
        await heir.renew()
        assert (await Lease.get(id="work")).succeeded_at is None
        await heir.finish(1.0, {})
        clock.forward(minutes=2)
        assert await leases.begin("work", HOUR, MINUTE) is None


async def test_renewing_keeps_it_for_longer(database: Database, clock: MovingClock) -> None:
    leases = Leases(clock)
    with database.active():
        held = await leases.begin("work", HOUR, MINUTE)
        assert held is not None
        for _ in range(3):
            clock.forward(seconds=50)
            await held.renew()
        assert await leases.begin("work", HOUR, MINUTE) is None


async def test_a_round_that_failed_is_tried_again_soon(database: Database, clock: MovingClock) -> None:
    leases = Leases(clock)
    with database.active():
        held = await leases.begin("work", HOUR, MINUTE)
        assert held is not None
        await held.give_back(MINUTE)
        assert await leases.begin("work", HOUR, MINUTE) is None
        clock.forward(seconds=61)
        assert await leases.begin("work", HOUR, MINUTE) is not None


async def test_a_hold_is_one_replicas_until_it_leaves_and_its_number_grows(
    database: Database, clock: MovingClock
) -> None:
    leases = Leases(clock)
    with database.active():
        async with leases.hold("move", MINUTE) as first:
            assert first is not None
            async with leases.hold("move", MINUTE) as second:
                assert second is None
        async with leases.hold("move", MINUTE) as third:
            assert third is not None
            assert third.fence > first.fence


async def test_work_that_nobody_does_any_more_is_forgotten_and_held_work_is_not(
    database: Database, clock: MovingClock
) -> None:
    leases = Leases(clock)
    with database.active():
        await leases.turn("gone", HOUR)
        await leases.begin("held", HOUR, MINUTE)
        clock.forward(hours=2)
        await leases.turn("alive", HOUR)
        assert await forget_leases(clock()) == 1
        assert await leases.last("gone") is None
        assert await Lease.all().count() == 2
