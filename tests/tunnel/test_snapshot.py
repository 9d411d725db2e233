"""The numbers of one moment."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from plg.capture.packet_source import CaptureStats, FlowKey
from plg.contract.sessions import StartSessionRequest
from plg.protocol.path_meter import PathNumbers
from plg.tunnel.counterfactual import Comparison
from plg.tunnel.engine import EngineCounters
from plg.tunnel.flow_routes import Flow, Route, Why
from plg.tunnel.snapshot import SHOWN_FLOWS, PathFacts, TunnelFacts, session_drops, status_document
from plg.tunnel.states import CONNECTED, OVER_LIMIT_DOWN, STARTING
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.protocol_pair import Pair

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
START = TunnelFacts(STARTING, now_s=105.0, began_s=100.0, pid=7, game="lab-game", capture=None, message=None)


def flow(port: int, used_at_s: float, route: Route = Route.RELAY, why: Why | None = None) -> Flow:
    return Flow(FlowKey(port, "2620:fe::9", 27015), route, why, used_at_s, used_at_s, 5, 4)


def test_at_the_start_what_is_not_known_is_null() -> None:
    document = status_document(START, AT)
    assert (document.state, document.uptime_s, document.game, document.pid) == ("starting", 5.0, "lab-game", 7)
    assert (document.relay, document.traffic, document.paths, document.flows) == (None, None, [], [])


def test_what_the_relay_dropped_over_its_limit_stands_beside_our_own_drops() -> None:
    pair = Pair().established()
    pair.client.receive_datagram(b"junk", 0, pair.now)
    pair.session.over_cap_down = 5
    pair.run(2.5)
    assert session_drops(pair.client) == {"malformed": 1, OVER_LIMIT_DOWN: 5}


async def test_a_running_tunnel_shows_relay_path_traffic_and_flows() -> None:
    grant = await LoopbackServer({"one": LoopbackRelay()}).start_session(StartSessionRequest(game="lab-game"))
    facts = replace(
        START,
        state=CONNECTED,
        grant=grant,
        relay=grant.relay,
        predicted_total_ms=grant.predicted_total_ms,
        measured_rtt_ms=12.0,
        paths=(
            PathFacts(0, "active", PathNumbers(11.1114, 13.0, 0.5, None, 0.0, 1.25, 40), bytes_up=7, bytes_down=8),
            PathFacts(1, "standby", PathNumbers(), "transit", "Amsterdam 1", is_primary=False),
        ),
        drops={"forged": 2},
        counters=EngineCounters(1, 2, 3, 4, direct=5, dropped={"flow_went_direct": 1}),
        capture_stats=CaptureStats(leaked=6, fragments_direct=7, errors={"forged": 1}),
        flows=(
            flow(50000, 100.0),
            flow(50001, 104.0, Route.DIRECT, Why.NOT_ALLOWED),
            flow(50002, 10.0),
            flow(50003, 101.0, Route.HELD),
        ),
    )
    document = status_document(facts, AT)
    assert document.session_id == "session-1"
    assert document.relay is not None
    assert (document.relay.name, document.relay.game_leg_ms, document.predicted_total_ms) == ("One", 8.0, 20.0)
    path, transit = document.paths
    assert (path.state, path.rtt_ms, path.jitter_down_ms, path.loss_down_percent) == ("active", 11.111, None, 1.25)
    assert (path.kind, path.is_primary, path.bytes_up, path.bytes_down) == ("direct", True, 7, 8)
    assert (transit.path, transit.kind, transit.via, transit.is_primary) == (1, "transit", "Amsterdam 1", False)
    assert transit.rtt_ms is None
    assert document.traffic is not None
    assert (document.traffic.direct, document.traffic.leaked) == (12, 6)
    assert document.traffic.dropped == {"forged": 3, "flow_went_direct": 1}
    assert [(view.local_port, view.route, view.why) for view in document.flows] == [
        (50001, "direct", "destination_not_in_profile"),
        (50003, "relay", None),
        (50000, "relay", None),
    ]
    assert document.flows[0].destination == "[2620:fe::9]:27015"
    assert msgspec.json.decode(msgspec.json.encode(document), type=type(document)) == document


async def test_without_a_measurement_the_way_on_is_not_known() -> None:
    grant = await LoopbackServer({"one": LoopbackRelay()}).start_session(StartSessionRequest(game="lab-game"))
    relay = status_document(replace(START, grant=grant, relay=grant.relay), AT).relay
    assert relay is not None
    assert relay.game_leg_ms is None


def test_the_number_of_flows_shown_is_bounded() -> None:
    facts = replace(START, flows=tuple(flow(port, 104.0) for port in range(500)))
    assert len(status_document(facts, AT).flows) == SHOWN_FLOWS


def test_the_comparison_is_shown_with_its_verdict_and_nothing_is_invented() -> None:
    measured = Comparison(41.02, 58.0, 0.4, 0.0, 8.0, "icmp", 1.25, estimated=True)
    shown = status_document(replace(START, comparison=measured, measured_total_ms=44.0), AT).comparison
    assert shown is not None
    assert (shown.now_ms, shown.direct_ms, shown.gain_ms, shown.verdict) == (41.02, 58.0, 16.98, "boost")
    assert (shown.method, shown.age_s, shown.estimated, shown.measured_total_ms) == ("icmp", 1.25, True, 44.0)
    unknown = status_document(replace(START, comparison=Comparison(None, 58.0)), AT).comparison
    assert unknown is not None
    assert (unknown.now_ms, unknown.gain_ms, unknown.verdict) == (None, None, "unknown")
    direct = status_document(replace(START, comparison=measured, prefers_direct=True), AT).comparison
    assert direct is not None
    assert direct.verdict == "direct"


async def test_the_leg_that_the_server_measured_goes_before_the_difference_of_predictions() -> None:
    grant = await LoopbackServer({"one": LoopbackRelay()}).start_session(StartSessionRequest(game="lab-game"))
    facts = replace(START, relay=grant.relay, predicted_total_ms=20.0, measured_rtt_ms=5.0)
    relay = status_document(replace(facts, comparison=Comparison(leg_ms=7.0)), AT).relay
    assert relay is not None
    assert relay.game_leg_ms == 7.0
