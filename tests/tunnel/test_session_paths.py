"""The further ways of a session, over scripted links in fake time: opened, renewed, replaced, and told when they are missing."""

import base64
from collections.abc import Sequence

import msgspec

from plg.contract.sessions import (
    ApproveTargetRequest,
    RelayEndpoint,
    RelayMeasurement,
    ReplaceTransitsRequest,
    SessionGrant,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
    TransitGrant,
)
from plg.protocol.client_session import ClientSession, PathState
from plg.protocol.errors import WelcomeStatus
from plg.protocol.events import ClientEvent
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.relay_path import DatagramPath
from plg.tunnel.session_paths import OPENING_S, SessionPaths
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.fake_time import FakeClock
from support.loopback_relay import UNIX_S, RelayBrain, ScriptedPath, grant_for, make_ticket, seeded_entropy
from support.loopback_transit import ScriptedTransit, make_transit_pass, packed_transit
from support.session_bodies import session_grant


class AwayServer:
    """Nobody answers; what is asked of it is kept."""

    async def start_session(self, request: StartSessionRequest) -> SessionGrant:
        raise AssertionError("not in these tests")

    async def renew_session(self, session_id: str) -> SessionGrant:
        raise AssertionError("not in these tests")

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant:
        raise AssertionError("not in these tests")

    async def replace_transits(self, session_id: str, request: ReplaceTransitsRequest) -> SessionGrant:
        raise AssertionError("not in these tests")

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord:
        raise AssertionError("not in these tests")


class Stage:
    """A session with transits 1 and 2 to be had at paths 1 and 2, and a third interface's path."""

    def __init__(self, interfaces: tuple[LocalInterface, ...] = ()) -> None:
        self.clock = FakeClock()
        self.brain = RelayBrain(seeded_entropy())
        self.straight = ScriptedPath(self.brain, self.clock)
        self.transits = {number: ScriptedTransit(self.brain, self.clock, number) for number in (1, 2)}
        self.further = ScriptedPath(self.brain, self.clock)
        self.further.source = ("192.0.2.77", 40000)
        self.unreachable: set[str] = set()
        self.opened: list[tuple[str, str | None]] = []
        """Which relay was opened by which interface."""
        listed = tuple((number, packed_transit(number)) for number in (1, 2))
        ticket = make_ticket(7, bytes(32), now_unix_s=UNIX_S + self.clock.time(), max_paths=4, transits=listed)
        session = ClientSession(
            grant_for(ticket),
            entropy=seeded_entropy(2),
            unix_ms_offset=UNIX_S * 1000,
            redundancy=Redundancy(RedundancyMode.REDUNDANT),
        )
        self.link = RelayLink(session, self.straight, self.clock, self.heard)
        self.events: list[TunnelEvent] = []
        self.paths = SessionPaths(
            AwayServer(), self.open_path, interfaces, self.measured, self.bring, self.clock, self.events.append
        )
        self.link.start()
        self.clock.run(0.2)

    def heard(self, event: ClientEvent) -> None:
        self.paths.handle_event(event)

    def measured(self) -> Sequence[RelayMeasurement]:
        return ()

    async def bring(self, grant: SessionGrant) -> None:
        await self.paths.take(grant)

    async def open_path(self, relay: RelayEndpoint, interface: LocalInterface | None) -> DatagramPath:
        if relay.node_id in self.unreachable or (interface is not None and interface.name in self.unreachable):
            raise OSError("no way there")
        self.opened.append((relay.node_id, interface.name if interface is not None else None))
        return self.transits[int(relay.node_id[-1])] if relay.node_id.startswith("transit") else self.further

    def transit(self, number: int, secret: bytes = b"s" * 32) -> TransitGrant:
        relay_id = self.transits[number].relay_id
        now_unix_s = UNIX_S + self.clock.time()
        right = make_transit_pass(7, secret, ("192.0.2.1", 443), relay_id=relay_id, now_unix_s=now_unix_s)
        return TransitGrant(
            path=number,
            relay=RelayEndpoint(
                node_id=f"transit-{number}", name=f"Transit {number}", country="", host="x", port=1, relay_id=relay_id
            ),
            ticket=base64.b64encode(right.ticket).decode(),
            key=base64.b64encode(secret).decode(),
            predicted_total_ms=None,
            chosen_because="",
        )

    def grant(self, *transits: TransitGrant, degraded_because: str | None = None) -> SessionGrant:
        return msgspec.structs.replace(
            session_grant(), mode="redundant", max_paths=4, transits=list(transits), degraded_because=degraded_because
        )

    def states(self) -> dict[int, PathState]:
        return self.link.session.paths


async def test_every_way_of_the_grant_is_opened_and_described() -> None:
    stage = Stage((LocalInterface("wlan0"), LocalInterface("eth0")))
    await stage.paths.begin(stage.link, stage.grant(stage.transit(1), stage.transit(2)))
    stage.clock.run(1)
    assert sorted(stage.states()) == [0, 1, 2, 3]
    assert stage.paths.usable() == 3
    assert [stage.paths.describe(number) for number in range(4)] == [
        ("direct", "wlan0"),
        ("transit", "Transit 1"),
        ("transit", "Transit 2"),
        ("interface", "eth0"),
    ]
    assert stage.paths.degraded_because() is None


async def test_a_way_that_cannot_be_opened_is_told_and_left_out() -> None:
    stage = Stage((LocalInterface("wlan0"), LocalInterface("eth0")))
    stage.unreachable = {"eth0"}
    await stage.paths.begin(stage.link, stage.grant(stage.transit(1)))
    stage.clock.run(1)
    assert sorted(stage.states()) == [0, 1]
    assert [(event.what, event.detail["via"]) for event in stage.events] == [(Happening.PATH_DOWN, "eth0")]


async def test_a_transit_leaves_by_another_line_than_the_straight_way_does() -> None:
    for interfaces, line in (((), None), (("wlan0",), "wlan0"), (("wlan0", "eth0"), "eth0")):
        stage = Stage(tuple(LocalInterface(name) for name in interfaces))
        transit = stage.transit(1)
        await stage.paths.begin(stage.link, stage.grant(transit))
        assert (transit.relay.node_id, line) in stage.opened


async def test_a_newer_grant_renews_what_stays_and_drops_and_adds_what_changed() -> None:
    stage = Stage()
    await stage.paths.begin(stage.link, stage.grant(stage.transit(1)))
    stage.clock.run(1)
    bound = stage.transits[1].bound
    await stage.paths.take(stage.grant(stage.transit(1), stage.transit(2)))
    stage.clock.run(1)
    assert stage.transits[1].bound > bound
    assert sorted(stage.states()) == [0, 1, 2]
    await stage.paths.take(stage.grant(stage.transit(2)))
    assert sorted(stage.states()) == [0, 2]
    assert stage.transits[1].closed


async def test_a_lonely_session_says_what_the_server_said_or_who_does_not_answer() -> None:
    stage = Stage()
    await stage.paths.begin(stage.link, stage.grant(degraded_because="no transit is left"))
    assert stage.paths.degraded_because() == "no transit is left"
    assert [(event.what, event.detail) for event in stage.events] == [
        (Happening.DEGRADED, {"because": "no transit is left", "ways": 1})
    ]
    stage.transits[1].refusal = WelcomeStatus.FULL
    await stage.paths.begin(stage.link, stage.grant(stage.transit(1)))
    assert stage.paths.degraded_because() is None
    stage.clock.run(OPENING_S + 0.1)
    assert stage.paths.degraded_because() == "no answer by way of Transit 1"


async def test_after_the_end_there_is_nothing_to_tell() -> None:
    stage = Stage()
    await stage.paths.begin(stage.link, stage.grant(stage.transit(1)))
    stage.paths.end()
    assert (stage.paths.degraded_because(), stage.paths.usable()) == (None, 0)
    await stage.paths.take(stage.grant(stage.transit(2)))
    assert stage.paths.describe(2) == ("direct", None)


async def test_a_pass_that_makes_no_sense_is_told_and_the_session_goes_on() -> None:
    stage = Stage()
    bad = msgspec.structs.replace(stage.transit(1), key="AAAA")
    await stage.paths.begin(stage.link, stage.grant(bad))
    stage.clock.run(1)
    assert sorted(stage.states()) == [0]
    assert stage.events[0].what is Happening.PATH_DOWN
