"""Which packets are the game's, and what is remembered to answer them."""

import socket
from ipaddress import ip_network

from plg.capture.flow_table import MAX_FLOWS, FlowTable, build_original, build_reply
from plg.capture.ip_udp import UdpPacket, build_udp, parse_udp
from plg.capture.packet_source import CaptureRule, CaptureSpec, CaptureStats, FlowKey, PortSpan
from plg.capture.process_ports import ProcessPorts

CLIENT, SERVER = socket.inet_aton("10.0.0.2"), socket.inet_aton("192.0.2.7")
SPEC = CaptureSpec((CaptureRule((ip_network("192.0.2.0/24"),), (PortSpan(27015, 27030),)),))


def packet(source_port: int = 5000, destination: bytes = SERVER, port: int = 27015) -> UdpPacket:
    raw = build_udp(CLIENT, destination, source_port, port, b"x")
    parsed = parse_udp(raw, 0, len(raw))
    assert parsed is not None
    return parsed


class OnlyPort5000:
    def socket_of(self, port: int) -> object | None:
        return port

    def game_sockets(self, *, full: bool) -> frozenset[object]:
        return frozenset({5000})


def test_a_matching_packet_becomes_a_flow_with_the_interface_it_last_left_by() -> None:
    stats = CaptureStats()
    table = FlowTable(SPEC, stats)
    first = table.flow_of(packet(), (2, 0))
    again = table.flow_of(packet(), (3, 0))
    assert first is again
    assert again is not None
    assert again.key == FlowKey(5000, "192.0.2.7", 27015)
    assert (again.local_address, again.remote_address, again.interface) == (CLIENT, SERVER, (3, 0))
    assert table.known_flow(again.key) is again
    assert stats == CaptureStats()


def test_what_the_rules_do_not_name_passes_and_is_counted() -> None:
    stats = CaptureStats()
    table = FlowTable(SPEC, stats)
    assert table.flow_of(packet(destination=socket.inet_aton("192.0.3.7")), (2, 0)) is None
    assert table.flow_of(packet(port=27031), (2, 0)) is None
    assert stats == CaptureStats(passed_direct=2)


def test_another_programs_packet_passes_and_is_counted_as_such() -> None:
    stats = CaptureStats()
    spec = CaptureSpec(SPEC.rules, executables=("game",))
    table = FlowTable(spec, stats, open_ports=lambda _names: ProcessPorts(OnlyPort5000()))
    assert table.flow_of(packet(5000), (2, 0)) is not None
    assert table.flow_of(packet(5001), (2, 0)) is None
    assert stats == CaptureStats(passed_direct=1, other_process=1)


def test_an_unknown_flow_cannot_be_answered_and_is_counted() -> None:
    stats = CaptureStats()
    assert FlowTable(SPEC, stats).known_flow(FlowKey(1, "192.0.2.7", 2)) is None
    assert stats.errors == {"unknown_flow": 1}


def test_a_spray_of_flows_takes_bounded_memory() -> None:
    table = FlowTable(CaptureSpec((CaptureRule((), (PortSpan(1, 65535),)),)), CaptureStats())
    for number in range(MAX_FLOWS + 100):
        assert table.flow_of(packet(1 + number % 60000, (0x08000000 + number).to_bytes(4, "big")), (2, 0)) is not None
    assert len(table._by_packet) == len(table._by_key) == len(table._destinations) == MAX_FLOWS


def test_a_reply_comes_from_the_server_and_the_original_goes_to_it() -> None:
    stats = CaptureStats()
    flow = FlowTable(SPEC, stats).flow_of(packet(), (2, 0))
    assert flow is not None
    assert build_reply(flow, b"answer", stats) == build_udp(SERVER, CLIENT, 27015, 5000, b"answer")
    assert build_original(flow, b"question", stats) == build_udp(CLIENT, SERVER, 5000, 27015, b"question")
    assert build_reply(flow, bytes(70000), stats) is None
    assert stats.errors == {"payload_too_large": 1}
