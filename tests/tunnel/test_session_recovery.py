"""When another session is begun, and when patience is better."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from plg.api.errors import NotSignedIn, NotSignedInReason, ServerUnreachable, UnreachableReason
from plg.contract.problem import ErrorCode
from plg.contract.sessions import RelayEndpoint, RelayMeasurement, SessionGrant
from plg.protocol.destination import AccessList
from plg.tunnel.clock import LoopClock
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.flow_routes import Approvals, FlowRoutes
from plg.tunnel.session_figures import SessionFigures
from plg.tunnel.session_opening import RelaysUnreachable
from plg.tunnel.session_recovery import RelayPlan, SessionRecovery
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_server import URL, refused
from support.scripted_source import ScriptedSource
from support.session_bodies import session_grant

if TYPE_CHECKING:
    from plg.tunnel.relay_link import RelayLink

ANSWERING = RelayPlan([RelayMeasurement(node_id="two", rtt_ms=5.0)], ["two"])
SILENT = RelayPlan([RelayMeasurement(node_id="two", rtt_ms=None)])


class Session:
    """A session without a link; `fails` are raised by the next tries to connect."""

    def __init__(self) -> None:
        self.lost = True
        self.on_standby = False
        self.link: RelayLink | None = None
        self.relay: RelayEndpoint | None = session_grant().relay
        self.grant: SessionGrant | None = session_grant()
        self.figures: SessionFigures | None = None
        self.fails: list[Exception] = []
        self.connected: list[Sequence[str]] = []
        self.ended: list[str] = []

    async def connect(self, measurements: Sequence[RelayMeasurement], exit_ids: Sequence[str] = ()) -> None:
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        self.connected.append(tuple(exit_ids))
        self.lost = self.on_standby = False

    async def end_on_server(self, grant: SessionGrant, figures: SessionFigures | None, reason: str) -> None:
        self.ended.append(reason)


class Bench:
    """Recovery with pauses of milliseconds; `plans` are what each survey finds."""

    def __init__(self, *plans: RelayPlan | Exception) -> None:
        self.session = Session()
        self.plans = list(plans)
        self.asked = 0
        self.events: list[TunnelEvent] = []
        clock = LoopClock()
        engine = TunnelEngine(ScriptedSource(), FlowRoutes(AccessList(()), Approvals()), clock, lambda _key: None)
        self.recovery = SessionRecovery(self.session, engine, self.replan, clock, self.events.append)

    async def replan(self) -> RelayPlan:
        await asyncio.sleep(0)
        self.asked += 1
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        if isinstance(plan, Exception):
            raise plan
        return plan

    async def run(self, seconds: float = 5.0) -> "Bench":
        """Until a session was begun."""
        running = asyncio.ensure_future(self.recovery.run())
        self.recovery.wake()
        try:
            async with asyncio.timeout(seconds):
                while not self.session.connected and not running.done():  # noqa: ASYNC110 - two conditions
                    await asyncio.sleep(0.005)
        finally:
            running.cancel()
            (ended,) = await asyncio.gather(running, return_exceptions=True)
        if isinstance(ended, ExceptionGroup):
            raise ended.exceptions[0]
        return self


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.tunnel.session_recovery.RECOVER_FIRST_S", 0.01)
    monkeypatch.setattr("plg.tunnel.session_recovery.RECOVER_MAX_S", 0.05)
    monkeypatch.setattr("plg.tunnel.session_recovery.LOOK_HOME_EVERY_S", 0.01)


async def test_another_relay_that_answers_gets_the_session_and_the_old_one_is_ended() -> None:
    bench = await Bench(ANSWERING).run()
    assert bench.session.connected == [("two",)]
    assert bench.session.ended == ["relay_lost"]
    assert [event.what for event in bench.events] == [Happening.RELAY_CHANGED]


async def test_while_nothing_answers_no_session_is_begun() -> None:
    bench = await Bench(SILENT, SILENT, SILENT, ANSWERING).run()
    assert bench.asked == 4


async def test_a_server_that_is_away_is_asked_again() -> None:
    away = ServerUnreachable(URL, UnreachableReason.REFUSED)
    bench = await Bench(away, away, ANSWERING).run()
    assert bench.asked == 3


async def test_relays_that_do_not_shake_hands_and_passing_refusals_are_tried_again() -> None:
    bench = Bench(ANSWERING)
    bench.session.fails = [RelaysUnreachable(["Two"], ["no answer"]), refused(ErrorCode.NO_RELAY_FREE)]
    await bench.run()
    assert len(bench.session.connected) == 1


@pytest.mark.parametrize(
    "end", [NotSignedIn(URL, NotSignedInReason.ENDED), refused(ErrorCode.SUBSCRIPTION_NEEDED)], ids=["login", "plan"]
)
async def test_what_no_waiting_mends_ends_the_tunnel(end: Exception) -> None:
    bench = Bench(ANSWERING)
    bench.session.fails = [end]
    with pytest.raises(type(end)):
        await bench.run()


async def test_after_a_switch_a_better_session_is_begun_as_soon_as_nobody_plays() -> None:
    bench = Bench(ANSWERING)
    bench.session.lost, bench.session.on_standby = False, True
    await bench.run()
    assert bench.session.ended == ["exit_lost"]
