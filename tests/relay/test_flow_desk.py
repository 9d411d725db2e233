"""Where a client may send: denied ranges, profiles, limits, the lock against scans."""

import random
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec
import pytest

from plg.protocol.destination import NEVER, PRIVATE
from plg.protocol.errors import FlowDenial
from plg.protocol.events import FlowRefused, FlowRequested
from plg.protocol.ticket import TicketCaps
from plg_relay.flow_desk import LOCK_S
from support.relay_bench import GAME, RelayBench, a_grant, a_policy, a_profile, a_target

ANYWHERE = a_policy(a_profile("0.0.0.0/0", "::/0", ports=("0-65535",)))


def denials(bench: RelayBench) -> dict[FlowDenial, int]:
    return {reason: count for reason, count in bench.forwarder.counters.denials.items() if count}


def ask(bench: RelayBench, address: IPv4Address | IPv6Address, port: int) -> bool:
    """Whether one more destination of the first player is accepted; the limits on rate do not count here."""
    session = next(iter(bench.forwarder.table.by_cid.values()))
    bench.now_s += 2.0
    request = FlowRequested(1, 27005, 0, address, port, b"", 1 << 40)
    flow = bench.forwarder.desk.open(session, request, bench.forwarder.rules, bench.now_s)
    if flow is not None:
        bench.forwarder.desk.close_flow(session, flow)
    return flow is not None


def test_no_special_range_is_reachable_even_when_a_profile_says_so() -> None:
    bench = RelayBench(ANYWHERE)
    bench.player()
    chance = random.Random(5)
    for network in (*PRIVATE, *NEVER):
        picks = {0, network.num_addresses - 1, chance.randrange(network.num_addresses)}
        for offset in picks:
            assert not ask(bench, network[offset], 27015), network[offset]
    assert bench.game_side.sent == []
    assert set(denials(bench)) == {FlowDenial.HARD_DENIED}


def test_ten_thousand_random_destinations_outside_the_profile_are_all_refused() -> None:
    bench = RelayBench()
    bench.player()
    session = next(iter(bench.forwarder.table.by_cid.values()))
    chance = random.Random(6)
    allowed = ip_network("93.184.216.0/24")
    for number in range(10_000):
        address = IPv4Address(chance.getrandbits(32)) if number % 3 else IPv6Address(chance.getrandbits(128))
        if address in allowed:
            continue
        session.flow_opens.tokens = session.denials.tokens = 30.0
        request = FlowRequested(1, 1, 0, address, chance.randrange(65536), b"x", 1 << 40)
        assert bench.forwarder.desk.open(session, request, bench.forwarder.rules, bench.now_s) is None
    assert bench.forwarder.desk.flow_count == 0


@pytest.mark.parametrize("port", [0, 22, 80, 443, 1023, 1900, 5353, 11211])
def test_low_and_amplifier_ports_need_a_profile_that_names_them(port: int) -> None:
    bench = RelayBench(ANYWHERE)
    bench.player()
    assert not ask(bench, ip_address(GAME[0]), port)
    named = msgspec.structs.replace(ANYWHERE.profiles[0], low_ports_allowed=[port], amplifier_ports_allowed=[port])
    bench.apply(a_policy(named))
    assert ask(bench, ip_address(GAME[0]), port) == (port != 0)


def test_a_lab_relay_reaches_private_addresses_but_not_its_own_ports() -> None:
    bench = RelayBench(ANYWHERE, allow_private=True)
    bench.player()
    assert ask(bench, ip_address("127.0.0.1"), 27015)
    assert ask(bench, ip_address("10.1.2.3"), 5000)
    assert not ask(bench, ip_address("127.0.0.1"), 5000)
    assert not ask(bench, ip_address("224.0.0.1"), 27015)


def test_what_the_server_denies_is_denied_and_live_flows_to_it_end() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.apply(msgspec.structs.replace(bench.policy, denied_addresses=["93.184.216.34/32", "not a prefix"]))
    assert [event.reason for event in player.events if isinstance(event, FlowRefused)] == [FlowDenial.HARD_DENIED]
    assert bench.forwarder.desk.flow_count == 0
    assert not ask(bench, ip_address(GAME[0]), GAME[1])
    assert ask(bench, ip_address("93.184.216.35"), GAME[1])


def test_a_profile_that_becomes_narrower_does_not_break_a_match() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.apply(a_policy(a_profile("8.8.4.0/24")))
    assert bench.say(player, b"on")
    assert bench.game_side.sent[-1].payload == b"on"
    assert not ask(bench, ip_address("93.184.216.35"), 27015)


def test_a_ticket_may_bring_targets_of_its_own() -> None:
    bench = RelayBench()
    bench.player(a_grant(targets=(a_target("5.6.7.8/32", 28_000, 28_010),)))
    assert ask(bench, ip_address("5.6.7.8"), 28_005)
    assert not ask(bench, ip_address("5.6.7.8"), 28_011)
    assert not ask(bench, ip_address("5.6.7.9"), 28_005)


def test_the_client_is_told_of_a_refusal_so_that_the_game_goes_direct() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"x", ("8.8.8.8", 27015))
    assert [event.reason for event in player.events if isinstance(event, FlowRefused)] == [FlowDenial.NOT_ALLOWED]
    assert bench.game_side.sent == []
    assert not bench.say(player, b"x", ("8.8.8.8", 27015))


def test_flows_and_local_ports_are_bounded_by_the_ticket() -> None:
    bench = RelayBench()
    player = bench.player(a_grant(caps=TicketCaps(60_000, 60_000, 60_000, flows=5, local_ports=3)))
    session = bench.forwarder.table.by_cid[player.session.cid]
    results = []
    for flow, local_port in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 1), (6, 2), (7, 3)]:
        request = FlowRequested(flow, local_port, 0, ip_address("93.184.216.7"), 2000 + flow, b"", flow)
        opened = bench.forwarder.desk.open(session, request, bench.forwarder.rules, bench.now_s)
        results.append(opened is not None)
    assert results == [True, True, True, False, True, True, False]
    assert denials(bench) == {FlowDenial.LIMIT: 2}


@pytest.mark.parametrize("flow", [0, 255])
def test_reserved_flow_ids_open_nothing(flow: int) -> None:
    bench = RelayBench()
    player = bench.player()
    session = bench.forwarder.table.by_cid[player.session.cid]
    request = FlowRequested(flow, 1, 0, ip_address(GAME[0]), GAME[1], b"", 1)
    assert bench.forwarder.desk.open(session, request, bench.forwarder.rules, bench.now_s) is None


def test_flows_are_opened_at_most_sixty_at_once_and_twenty_a_second() -> None:
    bench = RelayBench()
    player = bench.player()
    session = bench.forwarder.table.by_cid[player.session.cid]
    opened = 0
    for number in range(400):
        request = FlowRequested(1, 1, 0, ip_address("93.184.216.7"), 2000 + number, b"", number)
        opened += bench.forwarder.desk.open(session, request, bench.forwarder.rules, bench.now_s) is not None
        bench.now_s += 0.01
    assert 0.95 * (60 + 20 * 4) <= opened <= 1.05 * (60 + 20 * 4)


def test_a_port_scan_locks_the_session_for_a_minute_and_keeps_what_is_open() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    session = bench.forwarder.table.by_cid[player.session.cid]
    allowed = FlowRequested(3, 2, 0, ip_address("93.184.216.7"), 2000, b"", 1)
    for number in range(100):
        scan = FlowRequested(2, 2, 0, ip_address("93.184.216.7"), number, b"", number)
        bench.forwarder.desk.open(session, scan, bench.forwarder.rules, bench.now_s)
        bench.now_s += 0.06
    assert bench.forwarder.desk.open(session, allowed, bench.forwarder.rules, bench.now_s) is None
    assert bench.say(player, b"still played")
    assert bench.game_side.sent[-1].payload == b"still played"
    bench.pass_time(LOCK_S, clients=False)
    bench.now_s += 1.0
    assert bench.forwarder.desk.open(session, allowed, bench.forwarder.rules, bench.now_s) is not None


def test_a_late_request_for_a_flow_id_does_not_win_over_the_newer_one() -> None:
    bench = RelayBench()
    player = bench.player()
    session = bench.forwarder.table.by_cid[player.session.cid]
    newer = FlowRequested(1, 1, 0, ip_address("93.184.216.7"), 2001, b"", 20)
    older = FlowRequested(1, 1, 0, ip_address("93.184.216.7"), 2002, b"", 10)
    flow = bench.forwarder.desk.open(session, newer, bench.forwarder.rules, bench.now_s)
    assert bench.forwarder.desk.open(session, older, bench.forwarder.rules, bench.now_s) is None
    assert session.flows[1] is flow


def test_without_a_free_port_the_client_is_told() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.game_side.refuse_ports = True
    bench.say(player, b"x")
    assert [event.reason for event in player.events if isinstance(event, FlowRefused)] == [FlowDenial.NO_PORT]


def test_idle_flows_and_ports_are_forgotten_after_three_minutes() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"x")
    bench.pass_time(178, step_s=0.5)
    assert (bench.forwarder.desk.flow_count, len(bench.game_side.in_use)) == (1, 1)
    bench.pass_time(5, step_s=0.5)
    assert (bench.forwarder.desk.flow_count, len(bench.game_side.in_use)) == (0, 0)
    assert len(bench.forwarder.table) == 1


def test_a_flow_in_use_is_kept() -> None:
    bench = RelayBench()
    player = bench.player()
    for _ in range(5):
        bench.say(player, b"x")
        bench.pass_time(60, step_s=0.5)
    assert bench.forwarder.desk.flow_count == 1
