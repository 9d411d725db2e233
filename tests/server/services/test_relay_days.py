"""The days of relays: what counts as heard, as not heard, and as not looked at."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from plg_server.database import Database
from plg_server.models.status import RelayDay
from plg_server.services.relay_days import (
    DAYS,
    LISTENING_S,
    LONGEST_GAP,
    DaySums,
    Look,
    RelayDays,
    day_of,
    forget_days,
    history,
    last_days,
)
from support.operator_rows import node_row

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROUND = timedelta(seconds=30)


class Listener:
    """A server that has listened for long, and makes rounds."""

    def __init__(self, began: datetime = NOON) -> None:
        self.life_s = 0.0
        self.days = RelayDays(lambda: self.life_s)
        self.life_s = LISTENING_S
        self.now = began

    async def rounds(self, count: int, *looks: Look) -> None:
        """So many rounds that see the same."""
        for _ in range(count):
            await self.days.note(looks, self.now)
            self.now += ROUND

    async def sums(self, node_id: str) -> DaySums:
        """Of the day of the last round."""
        last = self.now - ROUND
        return (await history(last))[node_id][day_of(last)]


@pytest.fixture
def listener() -> Listener:
    return Listener()


async def test_the_time_between_rounds_counts_as_the_later_round_found_the_relay(
    database: Database, listener: Listener
) -> None:
    with database.active():
        one, two = [(await node_row(name, number, NOON)).id for number, name in enumerate("ab", 1)]
        await listener.rounds(5, Look(one, heard=True, sessions=7), Look(two, heard=True, sessions=0))
        await listener.rounds(3, Look(one, heard=True, sessions=3), Look(two, heard=False, sessions=0))
        assert await listener.sums(one) == DaySums(looked_s=210, heard_s=210, peak_sessions=7)
        assert await listener.sums(two) == DaySums(looked_s=210, heard_s=120, peak_sessions=0)


async def test_a_gap_of_the_server_is_not_looked_at(database: Database, listener: Listener) -> None:
    with database.active():
        node = (await node_row("a", 1, NOON)).id
        await listener.rounds(3, Look(node, heard=True, sessions=0))
        listener.now += LONGEST_GAP
        await listener.rounds(3, Look(node, heard=False, sessions=0))
        listener.now -= timedelta(hours=1)  # the clock was set back
        await listener.rounds(2, Look(node, heard=True, sessions=0))
        assert await listener.sums(node) == DaySums(looked_s=150, heard_s=90, peak_sessions=0)


async def test_a_server_that_has_just_begun_to_listen_blames_nobody(database: Database, listener: Listener) -> None:
    with database.active():
        node = (await node_row("a", 1, NOON)).id
        await listener.rounds(3, Look(node, heard=True, sessions=0))
        listener.life_s = LISTENING_S - 1
        await listener.rounds(1, Look(node, heard=False, sessions=0))
        listener.life_s = LISTENING_S
        await listener.rounds(1, Look(node, heard=True, sessions=0))
        assert await listener.sums(node) == DaySums(looked_s=90, heard_s=90, peak_sessions=0)


async def test_when_none_of_several_is_heard_nobody_looked_and_a_single_one_is_down(
    database: Database, listener: Listener
) -> None:
    with database.active():
        one, two = [(await node_row(name, number, NOON)).id for number, name in enumerate("ab", 1)]
        silent = [Look(node, heard=False, sessions=0) for node in (one, two)]
        await listener.rounds(4, *silent)
        assert (await listener.sums(one)).looked_s == 0
        await listener.rounds(2, silent[0])
        assert await listener.sums(one) == DaySums(looked_s=60, heard_s=0, peak_sessions=0)


async def test_midnight_parts_the_time_of_a_round(database: Database) -> None:
    listener = Listener(datetime(2026, 3, 1, 23, 59, 40, tzinfo=UTC))
    with database.active():
        node = (await node_row("a", 1, NOON)).id
        await listener.rounds(2, Look(node, heard=True, sessions=0))
        days = (await history(listener.now))[node]
        assert {day: (sums.looked_s, sums.heard_s) for day, sums in days.items()} == {
            "2026-03-01": (20, 20),
            "2026-03-02": (10, 10),
        }


async def test_a_round_that_is_made_twice_or_at_the_same_time_elsewhere_counts_once(
    database: Database, listener: Listener
) -> None:
    with database.active():
        node = (await node_row("a", 1, NOON)).id
        looks = [Look(node, heard=True, sessions=1)]
        await listener.rounds(1, *looks)
        await asyncio.gather(*(listener.days.note(looks, listener.now) for _ in range(4)))
        await listener.rounds(1, *looks)
        assert await listener.sums(node) == DaySums(looked_s=30, heard_s=30, peak_sessions=1)


async def test_ninety_days_are_shown_and_older_ones_deleted(database: Database) -> None:
    with database.active():
        node = await node_row("a", 1, NOON)
        for ago in (0, DAYS - 1, DAYS, DAYS + 1, DAYS + 2):
            day = day_of(NOON - timedelta(days=ago))
            await RelayDay.create(id=f"{ago}", node=node, day=day, looked_at=NOON, seconds_looked=1)
        shown = (await history(NOON))[node.id]
        assert list(shown) == [last_days(NOON)[0], last_days(NOON)[-1]]
        assert await forget_days(NOON) == 1
    assert len(last_days(NOON)) == DAYS
    assert last_days(NOON)[-1] == "2026-03-01"
