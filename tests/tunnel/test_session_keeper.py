"""The session over its life, with a loopback relay on a real socket and the server's part in memory."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import pytest

from plg.api.errors import NotSignedIn, NotSignedInReason, ServerUnreachable, UnreachableReason
from plg.capture.packet_source import FlowKey, Verdict
from plg.contract.games import AddressChange, GameDetail
from plg.contract.problem import ErrorCode
from plg.contract.sessions import Mode, RelayEndpoint, StartSessionRequest
from plg.protocol.client_session import PathState
from plg.protocol.destination import AccessList
from plg.protocol.errors import CloseReason, WelcomeStatus
from plg.tunnel.clock import LoopClock
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.flow_routes import Approvals, FlowRoutes, Route
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.relay_survey import survey_relays
from plg.tunnel.session_keeper import SessionKeeper
from plg.tunnel.session_opening import RelaysUnreachable, SessionOpening
from plg.tunnel.session_recovery import RelayPlan
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_relay import LoopbackRelay
from support.loopback_server import GAME as GAME_PROFILE
from support.loopback_server import LoopbackServer, refused
from support.loopback_transit import LoopbackTransit
from support.scripted_source import ScriptedSource

GAME = FlowKey(50000, "198.20.0.7", 27015)
STRANGER = FlowKey(50000, "198.20.9.9", 27015)


class Player:
    """Engine and keeper as a tunnel wires them."""

    def __init__(
        self,
        server: LoopbackServer,
        node: str | None = None,
        mode: Mode = "off",
        interfaces: tuple[LocalInterface, ...] = (),
    ) -> None:
        self.server = server
        self.source = ScriptedSource()
        self.events: list[TunnelEvent] = []
        self.clock = LoopClock()
        routes = FlowRoutes(AccessList(()), Approvals(anywhere=True))
        self.engine = TunnelEngine(self.source, routes, self.clock, self.ask_approval)
        request = StartSessionRequest(game="lab-game", node_id=node, mode=mode, interfaces=max(1, len(interfaces)))
        opening = SessionOpening(
            server,
            request,
            open_path,
            self.clock,
            os.urandom,
            self.events.append,
            interfaces=interfaces,
        )
        self.keeper = SessionKeeper(server, opening, self.engine, self.replan, self.clock, self.events.append)
        self.source.handler = self.engine.handle_packet

    def ask_approval(self, key: FlowKey) -> None:
        self.keeper.ask_approval(key)

    async def replan(self) -> RelayPlan:
        return RelayPlan((await survey_relays((await self.server.nodes()).nodes)).measurements())

    def happened(self, what: Happening) -> bool:
        return any(event.what is what for event in self.events)

    async def until(self, condition: Callable[[], object], seconds: float = 25.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the conditions are of many kinds
                await asyncio.sleep(0.01)

    async def plays(self, flow: FlowKey = GAME) -> None:
        """Send until a reply comes through the relay."""
        before = len(self.source.delivered)
        while len(self.source.delivered) == before:
            self.source.game_sends(flow, b"x")
            await asyncio.sleep(0.02)


async def open_path(relay: RelayEndpoint, interface: LocalInterface | None) -> RelayPath:
    prepare = interface.bind if interface is not None else None
    return RelayPath(await find_relay(relay.host, relay.port), prepare=prepare)


@asynccontextmanager
async def playing(
    server: LoopbackServer, mode: Mode = "off", interfaces: tuple[LocalInterface, ...] = ()
) -> AsyncIterator[Player]:
    """A connected player whose keeper runs."""
    player = Player(server, mode=mode, interfaces=interfaces)
    await player.keeper.connect([])
    keeping = asyncio.ensure_future(player.keeper.keep())
    await asyncio.sleep(0)
    try:
        yield player
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await player.keeper.finish("user")


@pytest.fixture
async def relay() -> AsyncIterator[LoopbackRelay]:
    opened = LoopbackRelay().open()
    yield opened
    opened.close()


async def test_after_connect_packets_flow_and_the_end_is_told_to_relay_and_server(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    async with playing(server) as player:
        await player.plays()
    assert relay.brain.closed[:1] == [CloseReason.USER]
    told = server.stops["session-1"]
    assert told.reason == "user"
    assert told.packets_up >= told.packets_down >= 1
    assert told.paths[0].rtt_ms_p50 is not None


async def test_a_silent_relay_is_told_to_the_server_and_the_next_one_is_taken(
    relay: LoopbackRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.protocol.client_session.HANDSHAKE_TIMEOUT_S", 0.3)
    silent = LoopbackRelay().open()
    silent.close()
    server = LoopbackServer({"dead": silent, "one": relay})
    async with playing(server) as player:
        assert player.keeper.grant is not None
        assert player.keeper.grant.relay.node_id == "one"
        assert player.happened(Happening.RELAY_FAILED)
    assert [(entry.node_id, entry.rtt_ms) for entry in server.starts[1].measurements] == [("dead", None)]
    assert server.stops["session-1"].reason == "relay_unreachable"


async def test_when_no_relay_answers_each_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.protocol.client_session.HANDSHAKE_TIMEOUT_S", 0.3)
    silent = LoopbackRelay().open()
    silent.close()
    with pytest.raises(RelaysUnreachable) as caught:
        await Player(LoopbackServer({"dead": silent})).keeper.connect([])
    assert (caught.value.names, caught.value.reasons) == (("Dead",), ("no answer",))


async def test_a_relay_that_refuses_is_named_with_its_reason(relay: LoopbackRelay) -> None:
    relay.brain.refusal = WelcomeStatus.FULL
    with pytest.raises(RelaysUnreachable) as caught:
        await Player(LoopbackServer({"one": relay}), node="one").keeper.connect([])
    assert caught.value.reasons == ("full",)


async def test_the_ticket_is_renewed_in_the_background(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay}, renew_after_s=1)
    async with playing(server) as player:
        await player.until(lambda: player.happened(Happening.TICKET_RENEWED))
        await player.plays()
    assert len(relay.brain.taken_tickets) == server.renewals
    assert len(server.starts) == 1


async def test_a_server_that_is_away_changes_nothing_for_the_game(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay}, renew_after_s=1)
    async with playing(server) as player:
        await player.plays()
        server.is_up = False
        await player.until(lambda: player.happened(Happening.RENEWAL_DELAYED))
        direct_before = len(player.source.direct)
        await player.plays()
        assert len(player.source.direct) == direct_before
        assert not player.happened(Happening.RELAY_LOST)


async def test_a_refused_renewal_is_said_and_the_game_goes_on(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay}, renew_after_s=1)
    server.refuses["renew_session"] = refused(ErrorCode.SESSION_ENDED)
    async with playing(server) as player:
        await player.until(lambda: player.happened(Happening.RENEWAL_REFUSED))
        await player.plays()


async def test_an_unknown_destination_is_approved_and_its_first_packet_arrives_through_the_relay(
    relay: LoopbackRelay,
) -> None:
    server = LoopbackServer({"one": relay})
    async with playing(server) as player:
        assert player.source.game_sends(STRANGER, b"first") is Verdict.TAKEN
        await player.until(lambda: relay.brain.arrived)
        assert relay.brain.arrived[0][1:] == (("198.20.9.9", 27015), b"first")
        assert server.approvals == ["198.20.9.9:27015"]
        assert player.happened(Happening.TARGET_APPROVED)
        assert player.source.direct == []


@pytest.mark.parametrize(
    "error", [refused(ErrorCode.TARGET_REFUSED), ServerUnreachable("http://x", UnreachableReason.TIMED_OUT)]
)
async def test_a_destination_that_is_not_approved_goes_direct(relay: LoopbackRelay, error: Exception) -> None:
    server = LoopbackServer({"one": relay})
    server.refuses["approve_target"] = error
    async with playing(server) as player:
        player.source.game_sends(STRANGER, b"first")
        await player.until(lambda: player.source.direct)
        assert player.source.direct == [(STRANGER, b"first")]
        assert player.happened(Happening.TARGET_REFUSED)


async def test_a_restarted_relay_is_found_again_within_seconds_with_the_same_session(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    async with playing(server) as player:
        await player.plays()
        relay.close()
        relay.brain.restart()
        await asyncio.sleep(0.3)
        relay.open()
        await player.until(
            lambda: player.happened(Happening.RELAY_BACK) or player.source.game_sends(GAME, b"y") is None
        )
        await player.plays()
        assert len(server.starts) == 1
    ports = {port for port, _, _ in relay.brain.arrived}
    assert len(ports) == 1


async def test_when_the_relay_closes_the_session_another_relay_takes_over(relay: LoopbackRelay) -> None:
    second = LoopbackRelay(relay_id=43).open()
    server = LoopbackServer({"one": relay, "two": second})
    async with playing(server) as player:
        await player.plays()
        relay.send(relay.brain.close_all(CloseReason.DRAINED))
        relay.close()
        await player.until(lambda: player.happened(Happening.RELAY_LOST))
        flow = player.engine.routes.get(GAME)
        assert flow is not None
        assert flow.route is Route.DIRECT
        assert player.source.game_sends(GAME, b"meanwhile") is Verdict.DIRECT
        await player.until(lambda: player.happened(Happening.RELAY_CHANGED))
        assert player.keeper.grant is not None
        assert player.keeper.grant.relay.node_id == "two"
        await player.plays(FlowKey(50001, "198.20.0.7", 27015))
    assert server.stops["session-1"].reason == "relay_lost"
    second.close()


async def test_while_no_relay_answers_at_all_the_session_is_kept_and_not_started_anew(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    async with playing(server) as player:
        relay.send(relay.brain.close_all(CloseReason.DRAINED))
        relay.close()
        await player.until(lambda: player.happened(Happening.RELAY_LOST))
        await asyncio.sleep(2.5)
        assert len(server.starts) == 1


async def test_a_login_that_is_over_ends_the_tunnel_when_a_new_session_is_needed(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    player = Player(server)
    await player.keeper.connect([])
    await player.plays()
    server.refuses["start_session"] = NotSignedIn("http://server.test", NotSignedInReason.ENDED)
    relay.send(relay.brain.close_all(CloseReason.REVOKED))
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(20):
            await player.keeper.keep()
    assert caught.group_contains(NotSignedIn)
    await player.keeper.finish("error")


async def test_a_draining_relay_is_announced(relay: LoopbackRelay) -> None:
    async with playing(LoopbackServer({"one": relay})) as player:
        relay.send(relay.brain.drain_all(30))
        await player.until(lambda: player.happened(Happening.RELAY_DRAINING))


async def test_leaving_does_not_wait_for_a_server_that_is_away(relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    async with playing(server) as player:
        server.is_up = False
        async with asyncio.timeout(1):
            await player.keeper.finish("user")
    assert server.stops == {}


# --- several ways ----------------------------------------------------------------------------------------------------


@dataclass
class Ways:
    """An exit with two transits to choose from, a second exit in reserve."""

    exits: dict[str, LoopbackRelay]
    transits: dict[str, LoopbackTransit]
    server: LoopbackServer


def machines_of(
    exits: dict[str, LoopbackRelay], transits: dict[str, LoopbackTransit]
) -> list[LoopbackRelay | LoopbackTransit]:
    return [*exits.values(), *transits.values()]


@pytest.fixture
async def ways() -> AsyncIterator[Ways]:
    exits = {"one": LoopbackRelay().open(), "two": LoopbackRelay(relay_id=43).open()}
    transits = {"amsterdam": LoopbackTransit(901).open(), "paris": LoopbackTransit(902).open()}
    server = LoopbackServer(exits, has_standby=True, transits=transits)
    yield Ways(exits, transits, server)
    for machine in machines_of(exits, transits):
        machine.close()


def agile() -> GameDetail:
    return msgspec.structs.replace(GAME_PROFILE, address_change=AddressChange.AGILE)


async def play_until(player: Player, condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Send at a steady rate until something has happened."""
    async with asyncio.timeout(seconds):
        while not condition():
            player.source.game_sends(GAME, b"x")
            await asyncio.sleep(0.016)


def two_ways(player: Player) -> bool:
    link = player.keeper.link
    return link is not None and link.session.paths.get(1) is PathState.ACTIVE


async def test_copies_travel_through_a_transit_and_the_game_sees_each_packet_once(ways: Ways) -> None:
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        before = len(ways.exits["one"].brain.arrived)
        forwarded = ways.transits["amsterdam"].forwarded
        for number in range(64):
            player.source.game_sends(GAME, b"%d" % number)
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.3)
        payloads = [payload for _, _, payload in ways.exits["one"].brain.arrived[before:]]
        assert sorted(payloads) == sorted(b"%d" % number for number in range(64))
        assert ways.transits["amsterdam"].forwarded - forwarded >= 128
        assert player.keeper.degraded_because() is None
        assert player.keeper.paths.describe(1) == ("transit", "Amsterdam")
    assert [path.path for path in ways.server.stops["session-1"].paths] == [0, 1]
    assert ways.server.stops["session-1"].mode == "redundant"


async def test_a_transit_that_dies_costs_nothing_and_another_one_takes_its_place(ways: Ways) -> None:
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        ways.transits["amsterdam"].close()
        sent_direct = len(player.source.direct)
        await play_until(player, lambda: player.happened(Happening.TRANSIT_REPLACED))
        await play_until(player, lambda: two_ways(player))
        assert len(player.source.direct) == sent_direct
        assert ways.server.replacements[0].exclude == ["amsterdam"]
        assert player.keeper.paths.describe(1) == ("transit", "Paris")
        assert player.happened(Happening.PATH_DOWN)
        assert not player.happened(Happening.RELAY_SILENT)


async def test_a_transit_that_refuses_is_replaced_at_once(ways: Ways) -> None:
    ways.transits["amsterdam"].refusal = WelcomeStatus.NO_TRANSIT
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        assert player.happened(Happening.TRANSIT_REFUSED)
        assert player.keeper.paths.describe(1) == ("transit", "Paris")


async def test_when_the_server_has_no_other_transit_that_is_said_and_the_game_goes_on(ways: Ways) -> None:
    ways.transits.pop("paris").close()
    ways.server.degraded_because = "no second way: no transit is left"
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        ways.transits["amsterdam"].close()
        await play_until(player, lambda: player.happened(Happening.DEGRADED))
        assert player.keeper.degraded_because() == "no second way: no transit is left"
        before = len(player.source.delivered)
        await play_until(player, lambda: len(player.source.delivered) > before + 10)


async def test_while_the_server_is_away_a_dead_transit_is_asked_for_again_and_again(ways: Ways) -> None:
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        ways.server.is_up = False
        ways.transits["amsterdam"].close()
        await play_until(player, lambda: player.happened(Happening.DEGRADED))
        assert player.keeper.degraded_because() == "no answer by way of Amsterdam"
        ways.server.is_up = True
        await play_until(player, lambda: player.happened(Happening.TRANSIT_REPLACED))


async def test_a_transit_that_is_forgiven_comes_back_when_the_server_is_asked_again(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.tunnel.session_paths.ASK_AGAIN_S", 0.5)
    monkeypatch.setattr("plg.tunnel.session_paths.EXCLUDED_FOR_S", 1.0)
    ways.transits.pop("paris").close()
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        ways.transits["amsterdam"].close()
        await play_until(player, lambda: ways.server.replacements)
        ways.transits["amsterdam"].open()
        await play_until(player, lambda: player.happened(Happening.TRANSIT_REPLACED))
        await play_until(player, lambda: two_ways(player))
        assert player.keeper.degraded_because() is None


async def test_when_the_exit_was_silent_no_transit_is_blamed_for_it(ways: Ways) -> None:
    ways.server.has_standby = False
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player))
        ways.exits["one"].close()
        await play_until(player, lambda: player.happened(Happening.RELAY_SILENT))
        began_s = player.clock.time()
        await play_until(player, lambda: player.clock.time() - began_s > 2.5)
        ways.exits["one"].open()
        await play_until(player, lambda: two_ways(player))
        began_s = player.clock.time()
        await play_until(player, lambda: player.clock.time() - began_s > 3.5)
        assert ways.server.replacements == []


async def test_a_standby_that_keeps_failing_is_told_to_the_server(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.tunnel.standby_exit.GIVE_UP_AFTER", 1)
    ways.exits["two"].brain.refusal = WelcomeStatus.FULL
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: ways.server.replacements)
        assert ways.server.replacements[0].standby_failed
        assert ways.server.replacements[0].exclude == []
        assert two_ways(player)


async def test_renewing_the_session_renews_transit_and_standby_too(ways: Ways) -> None:
    ways.server.renew_after_s = 1
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: two_ways(player) and player.keeper.standby.is_ready)
        await play_until(player, lambda: player.happened(Happening.TICKET_RENEWED))
        await play_until(player, lambda: ways.exits["two"].brain.taken_tickets)
        assert not player.happened(Happening.PATH_DOWN)
        assert two_ways(player)


async def test_a_second_interface_is_a_way_of_its_own() -> None:
    relay = LoopbackRelay().open()
    interfaces = (LocalInterface("lo"), LocalInterface("lo"))
    async with playing(LoopbackServer({"one": relay}), "redundant", interfaces) as player:
        await play_until(player, lambda: two_ways(player))
        assert len(relay.sources) == 2
        assert player.keeper.paths.describe(1) == ("interface", "lo")
        assert player.keeper.paths.describe(0) == ("direct", "lo")
    relay.close()


# --- the exit in reserve ---------------------------------------------------------------------------------------------


async def test_a_dead_exit_is_left_once_for_its_standby_and_the_flow_goes_on_there(ways: Ways) -> None:
    ways.server.game_detail = agile()
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready and two_ways(player))
        died_at_s = player.clock.time()
        ways.exits["one"].close()
        await play_until(player, lambda: ways.exits["two"].brain.arrived)
        assert player.clock.time() - died_at_s <= 2.0  # 1.0 in fake time; this machine may be busy
        switched = [event for event in player.events if event.what is Happening.EXIT_SWITCHED]
        assert [(event.detail["from"], event.detail["to"], event.detail["epoch"]) for event in switched] == [
            ("One", "Two", 1)
        ]
        assert ways.exits["two"].brain.epochs[0] == 1
        await play_until(player, lambda: player.source.delivered)
        assert player.source.direct == []
        assert player.keeper.relay is not None
        assert player.keeper.relay.node_id == "two"
        ways.exits["one"].open()
        await play_until(player, lambda: player.clock.time() - died_at_s > 4.0)
        assert player.keeper.exit_switches == 1
        assert player.keeper.relay.node_id == "two"
        assert player.keeper.degraded_because() == "the exit was lost; its standby has one way"
    assert ways.server.stops["session-1"].exit_switches == 1


async def test_after_a_switch_tickets_and_approvals_are_those_of_the_standby(ways: Ways) -> None:
    ways.server.game_detail = agile()
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready)
        ways.exits["one"].close()
        await play_until(player, lambda: player.happened(Happening.EXIT_SWITCHED))
        player.source.game_sends(STRANGER, b"first")
        await player.until(lambda: player.happened(Happening.TARGET_APPROVED))
        await player.until(lambda: any(entry[1] == ("198.20.9.9", 27015) for entry in ways.exits["two"].brain.arrived))


async def test_once_nobody_plays_a_switched_tunnel_gets_a_session_as_good_as_the_first(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.tunnel.session_recovery.HOME_AFTER_S", 0.5)
    monkeypatch.setattr("plg.tunnel.session_recovery.LOOK_HOME_EVERY_S", 0.1)
    ways.server.game_detail = agile()
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready)
        ways.exits["one"].close()
        await play_until(player, lambda: player.happened(Happening.EXIT_SWITCHED))
        ways.exits["one"].open()
        await player.until(lambda: player.happened(Happening.RELAY_CHANGED))
        assert ways.server.stops["session-1"].reason == "exit_lost"
        await player.until(lambda: player.keeper.standby.is_ready)


async def test_an_exit_that_closes_down_keeps_its_flows_while_new_ones_begin_at_the_standby(ways: Ways) -> None:
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready and player.source.delivered)
        first = ways.exits["one"]
        first.send(first.brain.drain_all(30))
        await play_until(player, lambda: player.happened(Happening.RELAY_CHANGED))
        later = FlowKey(50001, "198.20.0.7", 27015)
        player.source.game_sends(later, b"a new match")
        await player.until(lambda: ways.exits["two"].brain.arrived)
        arrived = len(first.brain.arrived)
        await play_until(player, lambda: len(first.brain.arrived) > arrived + 5)
        assert player.keeper.exit_switches == 0
        first.send(first.brain.close_all(CloseReason.DRAINED))
        await play_until(player, lambda: player.happened(Happening.EXIT_SWITCHED))
        arrived = len(ways.exits["two"].brain.arrived)
        await play_until(player, lambda: len(ways.exits["two"].brain.arrived) > arrived + 5)
        assert player.source.direct == []


async def test_an_exit_that_ends_the_session_for_closing_is_left_at_once(ways: Ways) -> None:
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready and player.source.delivered)
        ways.exits["one"].send(ways.exits["one"].brain.close_all(CloseReason.DRAINED))
        await play_until(player, lambda: ways.exits["two"].brain.arrived, 2.0)
        assert player.keeper.exit_switches == 1
        assert player.source.direct == []


async def test_in_an_outage_of_the_players_network_flows_keep_their_exit_longer_than_a_relay_is_waited_for(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.protocol.client_session.LOST_AFTER_S", 1.5)
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready and two_ways(player))
        machines = machines_of(ways.exits, ways.transits)
        for machine in machines:
            machine.close()
        began_s = player.clock.time()
        await play_until(player, lambda: player.clock.time() - began_s > 3.0)
        assert player.source.direct == []
        for machine in machines:
            machine.open()
        delivered = len(player.source.delivered)
        await play_until(player, lambda: len(player.source.delivered) > delivered + 5)
        assert player.keeper.exit_switches == 0
        assert {port for port, _, _ in ways.exits["two"].brain.arrived} == set()


async def test_an_outage_that_lasts_ends_with_the_direct_way(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.protocol.client_session.LOST_AFTER_S", 1.0)
    monkeypatch.setattr("plg.tunnel.session_keeper.OUTAGE_HOLD_S", 1.0)
    async with playing(ways.server, "redundant") as player:
        await play_until(player, lambda: player.keeper.standby.is_ready)
        for machine in machines_of(ways.exits, ways.transits):
            machine.close()
        await play_until(player, lambda: player.happened(Happening.RELAY_LOST))
        assert player.source.game_sends(GAME, b"direct") is Verdict.DIRECT
