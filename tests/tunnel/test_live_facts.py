"""Live objects as plain facts."""

import os

from plg.contract.sessions import RelayEndpoint, StartSessionRequest
from plg.protocol.destination import AccessList
from plg.tunnel.clock import LoopClock
from plg.tunnel.counterfactual import Comparison
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.flow_routes import Approvals, FlowRoutes
from plg.tunnel.live_facts import path_facts, redundancy_view, standby_view, with_session
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.relay_survey import RelaySurvey
from plg.tunnel.session_keeper import SessionKeeper
from plg.tunnel.session_opening import SessionOpening
from plg.tunnel.session_recovery import RelayPlan
from plg.tunnel.snapshot import TunnelFacts
from plg.tunnel.states import CONNECTED
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.loopback_transit import LoopbackTransit
from support.scripted_source import ScriptedSource


async def open_path(relay: RelayEndpoint, interface: LocalInterface | None) -> RelayPath:
    return RelayPath(await find_relay(relay.host, relay.port))


async def replan() -> RelayPlan:
    return RelayPlan(())


async def test_a_session_with_two_ways_and_a_standby_is_shown_whole() -> None:
    relays = {"one": LoopbackRelay().open(), "two": LoopbackRelay(relay_id=43).open()}
    transit = LoopbackTransit(901).open()
    server = LoopbackServer(relays, has_standby=True, transits={"paris": transit})
    clock = LoopClock()
    engine = TunnelEngine(ScriptedSource(), FlowRoutes(AccessList(()), Approvals()), clock, lambda _key: None)
    request = StartSessionRequest(game="lab-game", mode="redundant")
    opening = SessionOpening(server, request, open_path, clock, os.urandom, lambda _event: None)
    keeper = SessionKeeper(server, opening, engine, replan, clock, lambda _event: None)
    assert standby_view(keeper) is None
    await keeper.connect([])
    link = keeper.link
    assert link is not None
    straight, through = path_facts(link, keeper.paths, clock.time())
    assert (straight.path, straight.kind, straight.via, straight.is_primary) == (0, "direct", None, True)
    assert (through.path, through.kind, through.via, through.is_primary) == (1, "transit", "Paris", False)
    assert (straight.state, through.state) == ("active", "binding")
    assert straight.bytes_up > 0
    view = redundancy_view(link)
    assert (view.mode, view.saved_up, view.lost_up) == ("redundant", 0, 0)
    standby = standby_view(keeper)
    assert standby is not None
    assert (standby.node_id, standby.name, standby.state) == ("two", "Two", "lost")
    facts = TunnelFacts(CONNECTED, clock.time(), 0.0, 7, "lab-game", "scripted", None)
    whole = with_session(facts, keeper, engine, link, RelaySurvey(()), Comparison(41.0, 58.0))
    assert whole.relay is not None
    assert (whole.relay.node_id, whole.predicted_total_ms, whole.exit_switches) == ("one", 20.0, 0)
    assert whole.comparison == Comparison(41.0, 58.0)
    await keeper.finish("user")
    for machine in (relays["one"], relays["two"]):
        machine.close()
    transit.close()


async def test_while_its_only_way_is_silent_the_sessions_state_is_shown() -> None:
    relay = LoopbackRelay().open()
    clock = LoopClock()
    engine = TunnelEngine(ScriptedSource(), FlowRoutes(AccessList(()), Approvals()), clock, lambda _key: None)
    request = StartSessionRequest(game="lab-game")
    server = LoopbackServer({"one": relay})
    opening = SessionOpening(server, request, open_path, clock, os.urandom, lambda _event: None)
    keeper = SessionKeeper(server, opening, engine, replan, clock, lambda _event: None)
    await keeper.connect([])
    link = keeper.link
    assert link is not None
    link.close()
    (path,) = path_facts(link, keeper.paths, clock.time())
    assert path.state == "closed"
    await keeper.finish("user")
    relay.close()
