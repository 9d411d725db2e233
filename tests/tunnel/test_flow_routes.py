"""Which way a flow goes, and when that may change."""

from ipaddress import ip_network

from plg.capture.packet_source import FlowKey
from plg.protocol.destination import AccessList, AccessRule
from plg.tunnel.flow_routes import (
    FEW_PACKETS,
    LIVE_S,
    MAX_FLOWS,
    QUIET_AFTER_FEW_S,
    QUIET_S,
    REFUSED_FOR_S,
    RELAY_QUIET_S,
    Approvals,
    Flow,
    FlowRoutes,
    Route,
    Why,
)

GAME = FlowKey(50000, "198.20.0.7", 27015)
SIX = FlowKey(50000, "2620:fe::9", 27015)
STRANGER = FlowKey(50000, "198.20.9.9", 27015)
ALLOWED = AccessList([AccessRule((ip_network("198.20.0.0/24"), ip_network("2620:fe::/32")), ((27015, 27015),))])


def routes(approvals: Approvals = Approvals()) -> FlowRoutes:  # noqa: B008 - frozen
    return FlowRoutes(ALLOWED, approvals)


def looked_up(table: FlowRoutes, key: FlowKey, now: float, *, carries: bool) -> Flow:
    flow = table.living(key, now) or table.begin(key, now, carries=carries)
    flow.sent_at_s = flow.used_at_s = now
    return flow


def sends(table: FlowRoutes, key: FlowKey, now: float, times: int = 1, *, carries: bool = True) -> Flow:
    flow = looked_up(table, key, now, carries=carries)
    for _ in range(times):
        flow = looked_up(table, key, now, carries=carries)
        flow.packets_up += 1
    return flow


def test_allowed_destinations_of_both_families_go_to_the_relay() -> None:
    table = routes()
    assert sends(table, GAME, 0).route is Route.RELAY
    assert sends(table, SIX, 0).route is Route.RELAY


def test_another_port_of_an_allowed_address_is_not_allowed() -> None:
    flow = sends(routes(), FlowKey(50000, "198.20.0.7", 27016), 0)
    assert (flow.route, flow.why) == (Route.DIRECT, Why.NOT_ALLOWED)


def test_a_route_stands_while_the_flow_is_used() -> None:
    table = routes()
    for second in range(100):
        assert sends(table, GAME, second, 20, carries=second > 5).route is Route.DIRECT


def test_a_direct_flow_of_many_packets_is_decided_anew_after_a_long_pause_only() -> None:
    table = routes()
    sends(table, GAME, 0, FEW_PACKETS, carries=False)
    assert sends(table, GAME, QUIET_S - 1).route is Route.DIRECT
    assert sends(table, GAME, 2 * QUIET_S).route is Route.RELAY


def test_a_direct_flow_of_few_packets_is_decided_anew_after_a_short_pause() -> None:
    table = routes()
    sends(table, GAME, 0, 2, carries=False)
    assert sends(table, GAME, QUIET_AFTER_FEW_S + 0.1).route is Route.RELAY


def test_replies_alone_do_not_keep_a_direct_flow_alive() -> None:
    table = routes()
    flow = sends(table, GAME, 0, FEW_PACKETS, carries=False)
    flow.used_at_s = QUIET_S
    assert flow.is_quiet(QUIET_S + 1)


def test_a_relayed_flow_stays_one_as_long_as_the_relay_remembers_it() -> None:
    table = routes()
    sends(table, GAME, 0)
    assert sends(table, GAME, RELAY_QUIET_S - 1, carries=False).route is Route.RELAY


def test_what_was_alive_before_stays_direct_even_with_few_packets() -> None:
    table = routes()
    table.leave_direct([GAME], 0)
    flow = sends(table, GAME, QUIET_AFTER_FEW_S + 1)
    assert (flow.route, flow.why) == (Route.DIRECT, Why.ALIVE_BEFORE)
    assert sends(table, GAME, 3 * QUIET_S).route is Route.RELAY


def test_an_unknown_destination_is_held_where_the_server_may_be_asked() -> None:
    assert sends(routes(Approvals(anywhere=True)), STRANGER, 0).route is Route.HELD
    assert sends(routes(Approvals(addresses=frozenset({"198.20.9.9"}))), STRANGER, 0).route is Route.HELD
    assert sends(routes(Approvals(addresses=frozenset({"198.20.9.8"}))), STRANGER, 0).route is Route.DIRECT


def test_a_refused_destination_is_asked_for_again_after_a_while() -> None:
    table = routes(Approvals(anywhere=True))
    table.refuse(STRANGER, 0)
    assert sends(table, STRANGER, 1).why is Why.REFUSED_BY_SERVER
    assert sends(table, STRANGER, REFUSED_FOR_S + 1).route is Route.HELD


def test_a_newer_grant_counts_for_flows_that_begin_later() -> None:
    table = routes()
    assert sends(table, STRANGER, 0, FEW_PACKETS).route is Route.DIRECT
    table.allow(AccessList([AccessRule((ip_network("198.20.9.9"),))]))
    assert sends(table, STRANGER, 1).route is Route.DIRECT
    assert sends(table, STRANGER, 2 * QUIET_S).route is Route.RELAY


def test_only_relayed_flows_with_traffic_of_late_are_live() -> None:
    table = routes()
    sends(table, GAME, 0, FEW_PACKETS + 1)
    sends(table, STRANGER, 0, FEW_PACKETS + 1)
    assert [flow.key for flow in table.live(1)] == [GAME]
    assert table.live(LIVE_S + 1) == []


def test_one_handful_of_packets_is_no_match() -> None:
    table = routes()
    sends(table, GAME, 0, 3)
    assert table.live(0.5) == []


def test_the_table_is_bounded_and_what_comes_beyond_goes_direct() -> None:
    table = routes()
    for port in range(MAX_FLOWS):
        sends(table, FlowKey(port, "198.20.0.7", 27015), 0)
    flow = sends(table, FlowKey(60000, "198.20.0.7", 27015), 1)
    assert (flow.route, flow.why) == (Route.DIRECT, Why.TABLE_FULL)
    assert len(table) == MAX_FLOWS
    assert sends(table, FlowKey(60000, "198.20.0.7", 27015), RELAY_QUIET_S + 1).route is Route.RELAY
    assert len(table) == 1


def test_losing_the_relay_moves_relayed_and_held_flows_and_tells_how_many() -> None:
    table = routes(Approvals(anywhere=True))
    sends(table, GAME, 0)
    sends(table, STRANGER, 0)
    table.leave_direct([SIX], 0)
    assert table.send_all_direct(Why.RELAY_LOST) == 2
    assert {flow.key: flow.why for flow in table.flows()} == {
        GAME: Why.RELAY_LOST,
        STRANGER: Why.RELAY_LOST,
        SIX: Why.ALIVE_BEFORE,
    }


def test_ended_flows_are_forgotten() -> None:
    table = routes()
    sends(table, GAME, 0)
    table.forget_ended(QUIET_S + 1)
    assert len(table) == 1
    table.forget_ended(RELAY_QUIET_S + 1)
    assert len(table) == 0


def test_a_flow_that_was_alive_before_ends_with_its_socket() -> None:
    table = routes()
    table.leave_direct([GAME, FlowKey(50001, "198.20.0.7", 27015)], 0)
    sends(table, GAME, 0, 20)
    table.forget_alive(50000)
    assert sends(table, GAME, 1).route is Route.RELAY
    assert sends(table, FlowKey(50001, "198.20.0.7", 27015), 1).route is Route.DIRECT
    table.forget_alive(50000)
    assert sends(table, GAME, 2, carries=False).route is Route.RELAY


def test_a_switch_moves_relayed_flows_alone_and_an_exits_loss_touches_only_its_own() -> None:
    table = routes()
    old = sends(table, GAME, 0)
    direct = sends(table, STRANGER, 0)
    table.exit_id = 1
    new = sends(table, SIX, 1)
    assert (table.count_on(0, 1), table.count_on(1, 1)) == (1, 1)
    assert table.send_all_direct(Why.RELAY_LOST, 0) == 1
    assert (old.route, new.route) == (Route.DIRECT, Route.RELAY)
    table.exit_id = 2
    assert table.move_all(2) == 1
    assert (new.exit_id, direct.route) == (2, Route.DIRECT)
    assert table.relayed_at_s() == 1


def test_while_direct_is_better_only_flows_that_begin_go_direct() -> None:
    table = routes()
    assert sends(table, GAME, 0, FEW_PACKETS).route is Route.RELAY
    table.direct_is_better = True
    assert sends(table, GAME, 1).route is Route.RELAY
    begun = sends(table, SIX, 1)
    assert (begun.route, begun.why) == (Route.DIRECT, Why.DIRECT_IS_BETTER)
    table.direct_is_better = False
    assert sends(table, SIX, 2 + QUIET_AFTER_FEW_S + 1).route is Route.RELAY


def test_without_relayed_flows_there_is_no_last_use() -> None:
    assert routes().relayed_at_s() is None
