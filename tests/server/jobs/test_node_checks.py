"""Silent relays are marked; sessions of dead ones are closed, and only when the fault is surely the relay's."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from plg.contract.relay_control import HeartbeatRequest
from plg_server.database import Database
from plg_server.jobs.node_checks import ABSENCE, EVERY, NAME, NodeChecks
from plg_server.models.leases import NodeSilence
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session, SessionRelay
from plg_server.models.status import RelayDay
from plg_server.relay_control_client import RelayControl
from plg_server.services.leases import Leases
from plg_server.services.relay_days import RelayDays
from plg_server.services.relay_state import RelayStates
from plg_server.services.session_ends import Revocations
from plg_server.store import MemoryStore
from support.billing_world import MovingClock
from support.operator_rows import account_row, node_row, session_row, transit_row

HOLD = timedelta(minutes=1)


@dataclass
class Watch:
    """A server's checks with relays that a test makes speak."""

    clock: MovingClock = field(default_factory=MovingClock)
    states: RelayStates = field(default_factory=lambda: RelayStates(MemoryStore()))

    async def look(self, *speaking: Node) -> dict[str, int]:
        """One round, as the background makes it, while these relays and no others are heard."""
        leases = Leases(self.clock)
        for node in await Node.all():
            await self.states.forget(node.id)
        for node in speaking:
            beat = HeartbeatRequest(boot_id="0123456789abcdef", max_sessions=10)
            await self.states.record(node.id, beat, enrolled_max=10)
        held = await leases.begin(NAME, EVERY, HOLD)
        assert held is not None
        counts = await NodeChecks(self.states, Revocations(RelayControl()), leases, self.clock).tick()
        await held.finish(0.1, counts)
        return dict(counts)

    async def look_for(self, span: timedelta, *speaking: Node) -> int:
        """Rounds over a span, a few minutes apart; gives how many sessions were closed."""
        closed = 0
        end = self.clock.ahead + span
        while self.clock.ahead < end:
            self.clock.ahead += ABSENCE - timedelta(minutes=1)
            closed += (await self.look(*speaking))["sessions_closed"]
        return closed


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_a_silent_relay_is_marked_and_unmarked_when_it_speaks_again(database: Database, watch: Watch) -> None:
    with database.active():
        one, two = await node_row("one", 1, watch.clock()), await node_row("two", 2, watch.clock())
        assert await watch.look(one) == {"heard": 1, "silent": 1, "sessions_closed": 0}
        marked = await NodeSilence.get()
        assert marked.node_id == two.id
        watch.clock.forward(minutes=1)
        await watch.look(one)
        assert (await NodeSilence.get()).since == marked.since
        watch.clock.forward(minutes=1)
        await watch.look(one, two)
        assert not await NodeSilence.exists()


async def test_after_an_hour_of_silence_sessions_are_closed_once(database: Database, watch: Watch) -> None:
    with database.active():
        now = watch.clock()
        lives, dies = await node_row("lives", 1, now), await node_row("dies", 2, now)
        account = await account_row("player@example.org", now)
        later = now + timedelta(hours=4)
        doomed = await session_row(account, dies, now, expires_at=later)
        other = await session_row(account, lives, now, expires_at=later)
        assert await watch.look_for(timedelta(minutes=55), lives) == 0
        assert await watch.look_for(timedelta(minutes=20), lives) == 1
        assert await watch.look_for(timedelta(minutes=20), lives) == 0
        ended = await Session.get(id=doomed.id)
        assert (ended.ended_because, ended.secret) == ("relay_silent", "")
        assert (await Session.get(id=other.id)).ended_at is None


async def test_a_session_whose_standby_lives_may_be_carrying_a_match(database: Database, watch: Watch) -> None:
    with database.active():
        now = watch.clock()
        lives, dies = await node_row("lives", 1, now), await node_row("dies", 2, now)
        session = await session_row(await account_row("player@example.org", now), dies, now)
        await Session.filter(id=session.id).update(expires_at=now + timedelta(hours=4))
        row = await transit_row(session, lives, now)
        await SessionRelay.filter(id=row.id).update(role="standby")
        assert await watch.look_for(timedelta(minutes=90), lives) == 0


async def test_when_nobody_is_heard_the_fault_is_ours_and_nothing_is_closed(database: Database, watch: Watch) -> None:
    with database.active():
        now = watch.clock()
        node = await node_row("one", 1, now)
        await session_row(await account_row("player@example.org", now), node, now, expires_at=now + timedelta(hours=4))
        assert await watch.look_for(timedelta(minutes=90)) == 0
        assert await NodeSilence.all().count() == 1


async def test_after_the_server_was_away_silence_counts_from_anew(database: Database, watch: Watch) -> None:
    with database.active():
        now = watch.clock()
        lives, late = await node_row("lives", 1, now), await node_row("late", 2, now)
        account = await account_row("player@example.org", now)
        await session_row(account, late, now, expires_at=now + timedelta(hours=9))
        await watch.look_for(timedelta(minutes=30), lives)
        watch.clock.forward(
            hours=3
        )  # nobody looked; now the first relay to speak must not cost the others their sessions
        assert (await watch.look(lives))["sessions_closed"] == 0
        assert watch.clock() - (await NodeSilence.get()).since < timedelta(minutes=1)


async def test_a_relay_that_was_taken_out_of_service_is_not_missed(database: Database, watch: Watch) -> None:
    with database.active():
        one, two = await node_row("one", 1, watch.clock()), await node_row("two", 2, watch.clock())
        await watch.look(one)
        await Node.filter(id=two.id).update(disabled_at=watch.clock())
        watch.clock.forward(minutes=1)
        assert await watch.look(one) == {"heard": 1, "silent": 0, "sessions_closed": 0}
        assert not await NodeSilence.exists()


async def test_rounds_fill_the_relays_days(database: Database, watch: Watch) -> None:
    with database.active():
        life_s = 0.0
        days = RelayDays(lambda: life_s)
        life_s = 3600.0
        one, two = await node_row("one", 1, watch.clock()), await node_row("two", 2, watch.clock())
        for _ in range(3):
            await watch.states.record(
                one.id, HeartbeatRequest(boot_id="0" * 16, max_sessions=10, sessions=4), enrolled_max=10
            )
            checks = NodeChecks(watch.states, Revocations(RelayControl()), Leases(watch.clock), watch.clock, days)
            await checks.tick()
            watch.clock.forward(seconds=EVERY.total_seconds())
        rows = {row.node_id: row for row in await RelayDay.all().order_by("day")}
    heard, silent = rows[one.id], rows[two.id]
    assert heard.seconds_looked == heard.seconds_heard > 0 == silent.seconds_heard
    assert (heard.peak_sessions, silent.peak_sessions) == (4, 0)
