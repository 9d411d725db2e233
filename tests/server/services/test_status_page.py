"""The status page as data: what it says of relays and of all of them, and that it is made seldom."""

from datetime import UTC, datetime, timedelta

import pytest

from plg.contract.relay_control import HeartbeatRequest
from plg.contract.status_page import StatusPage
from plg_server.database import Database
from plg_server.models.nodes import Node
from plg_server.models.status import Incident, RelayDay
from plg_server.services.relay_days import DAYS, DaySums, day_of
from plg_server.services.relay_state import RelayState, RelayStates
from plg_server.services.status_page import FRESH_S, KEPT_FOR, StatusPages, share
from plg_server.store import MemoryStore, StoreUnavailable
from support.operator_rows import node_row

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Watched:
    """A status page whose relays and time a test makes."""

    def __init__(self) -> None:
        self.states = RelayStates(MemoryStore())
        self.passed_s = 0.0
        self.pages = StatusPages(self.states, lambda: NOW + timedelta(seconds=self.passed_s), lambda: self.passed_s)

    async def beat(self, node: Node, **fields: object) -> None:
        """A relay speaks."""
        beat = HeartbeatRequest(boot_id="0" * 16, max_sessions=100, **fields)  # type: ignore[arg-type]  # a test's own
        await self.states.record(node.id, beat, enrolled_max=100)

    async def later(self) -> StatusPage:
        """The page when the copy is too old."""
        self.passed_s += FRESH_S
        return await self.pages.now()


@pytest.fixture
def watched() -> Watched:
    return Watched()


async def test_each_relay_is_told_as_it_is_and_all_together_as_players_meet_them(
    database: Database, watched: Watched
) -> None:
    with database.active():
        assert (await watched.pages.now()).state == "no_relays"
        nodes = [await node_row(name, number, NOW) for number, name in enumerate(("busy", "leaving", "quiet"), 1)]
        assert (await watched.later()).state == "down"
        await watched.beat(nodes[0], sessions=100, web_ping_url="https://busy.example/ping")
        await watched.beat(nodes[1], draining=True, sessions=5)
        page = await watched.later()
        told = [(relay.name, relay.state, relay.on_line, relay.draining, relay.load_percent) for relay in page.relays]
        assert told == [
            ("busy", "full", True, False, 100.0),
            ("leaving", "draining", True, True, 5.0),
            ("quiet", "silent", False, False, None),
        ]
        assert [relay.web_ping_url for relay in page.relays] == ["https://busy.example/ping", None, None]
        assert page.state == "degraded"
        await watched.beat(nodes[2])
        assert (await watched.later()).state == "up"
        await Node.filter(id=nodes[1].id).update(disabled_at=NOW)
        assert [relay.name for relay in (await watched.later()).relays] == ["busy", "quiet"]


@pytest.mark.parametrize(
    ("severity", "started_min", "ended_min", "state"),
    [
        ("minor", -5, None, "degraded"),
        ("major", -5, None, "degraded"),
        ("maintenance", -5, None, "up"),
        ("minor", 5, None, "up"),
        ("minor", -5, -1, "up"),
    ],
)
async def test_an_incident_that_goes_on_shows_in_the_state_of_the_whole(
    database: Database, watched: Watched, severity: str, started_min: int, ended_min: int | None, state: str
) -> None:
    with database.active():
        await watched.beat(await node_row("one", 1, NOW))
        await Incident.create(
            id="1",
            title="x",
            severity=severity,
            started_at=NOW + timedelta(minutes=started_min),
            ended_at=None if ended_min is None else NOW + timedelta(minutes=ended_min),
        )
        assert (await watched.pages.now()).state == state


async def test_ninety_days_are_told_and_a_day_that_nobody_looked_at_is_null(
    database: Database, watched: Watched
) -> None:
    with database.active():
        one, two = await node_row("one", 1, NOW), await node_row("two", 2, NOW)
        gone = await node_row("gone", 3, NOW)
        await Node.filter(id=gone.id).update(disabled_at=NOW, deleted_at=NOW)
        yesterday, today = day_of(NOW - timedelta(days=1)), day_of(NOW)
        rows = (
            (one, yesterday, 1000, 1000),
            (two, yesterday, 1000, 499),
            (gone, yesterday, 1000, 1),
            (one, today, 9, 9),
        )
        for number, (node, day, looked, heard) in enumerate(rows):
            await RelayDay.create(
                id=f"{number}", node=node, day=day, looked_at=NOW, seconds_looked=looked, seconds_heard=heard
            )
        page = await watched.pages.now()
    assert len(page.days) == len(page.relays[0].days) == DAYS
    assert [day.availability_percent for day in page.days[-3:]] == [None, 50.0, 100.0]
    assert [day.availability_percent for day in page.relays[1].days[-3:]] == [None, 49.9, None]
    assert [relay.availability_percent for relay in page.relays] == [100.0, 49.9]
    assert page.availability_percent == pytest.approx(100 * 1509 / 3009, abs=0.001)


def test_a_moment_of_silence_is_never_rounded_away() -> None:
    assert share([DaySums(7_776_000, 7_775_999, 0)]) == 99.999
    assert share([DaySums(0, 0, 0)]) is None


async def test_the_page_is_made_at_most_once_in_some_seconds_and_outlives_a_store_that_is_away(
    database: Database, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_self: RelayStates, _node_id: str) -> RelayState:
        raise StoreUnavailable("gone")

    with database.active():
        await node_row("one", 1, NOW)
        first = await watched.pages.now()
        watched.passed_s = FRESH_S - 0.1
        assert await watched.pages.now() is first
        assert (await watched.later()).made_at > first.made_at
        monkeypatch.setattr(RelayStates, "get", away)
        kept = await watched.later()
        assert kept.made_at > first.made_at
        watched.passed_s += KEPT_FOR.total_seconds()
        with pytest.raises(StoreUnavailable):
            await watched.pages.now()
