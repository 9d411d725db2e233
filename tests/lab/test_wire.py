"""The line in the router: delay, loss and outage for whole hosts, over any protocol."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.lab.impairment import Impairment
from plg.lab.namespaces import Host, Lab
from plg.lab.processes import LabError
from plg.lab.traffic_counter import TrafficCounter
from plg.lab.wire import Wire, WireProcess, packet_pair
from support.requirements import require_binary, require_root

ECHO_SERVER = """
import socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
    server.bind(("::", 5000))
    print("ready", flush=True)
    while True:
        data, source = server.recvfrom(2000)
        server.sendto(data, source)
"""

STREAM = """
import json, select, socket, struct, sys, time
address, packets, spacing_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
times_ms = []
with socket.socket(family, socket.SOCK_DGRAM) as client:
    client.connect((address, 5000))
    started_s = time.monotonic()
    for number in range(packets + 1):
        until_s = started_s + number * spacing_s + (0.5 if number == packets else 0)
        while (left_s := until_s - time.monotonic()) > 0:
            if select.select([client], [], [], left_s)[0]:
                sent_s, = struct.unpack("d", client.recv(100))
                times_ms.append((time.monotonic() - sent_s) * 1000)
        if number < packets:
            client.send(struct.pack("d", time.monotonic()))
print(json.dumps(times_ms))
"""


@dataclass
class Line:
    lab: Lab
    client: Host
    game: Host
    wire: Wire

    def stream(self, address: str, packets: int = 64, spacing_s: float = 1 / 64) -> list[float]:
        argv = [sys.executable, "-c", STREAM, address, str(packets), str(spacing_s)]
        times: list[float] = json.loads(self.client.run(argv).stdout)
        return times


@pytest.fixture
def line() -> Iterator[Line]:
    require_root()
    require_binary("ip")
    with Lab() as lab:
        client, game = lab.add_host("client"), lab.add_host("game")
        echo = game.spawn([sys.executable, "-c", ECHO_SERVER], stdout=subprocess.PIPE)
        assert echo.stdout is not None
        assert echo.stdout.readline() == b"ready\n"
        with Wire(lab) as wire:
            yield Line(lab, client, game, wire)


@pytest.mark.netns
def test_delay_is_added_for_the_pair_that_it_was_asked_for_over_both_protocols(line: Line) -> None:
    assert statistics.median(line.stream(line.game.ipv4)) < 10
    line.wire.impair_both_ways(line.client, line.game, Impairment(delay_ms=30))
    for address in (line.game.ipv4, line.game.ipv6):
        times_ms = line.stream(address)
        assert len(times_ms) == 64
        assert min(times_ms) >= 60
        assert statistics.median(times_ms) < 70


@pytest.mark.netns
def test_the_wire_counts_exactly_the_packets_that_did_not_arrive(line: Line) -> None:
    line.wire.impair(line.client, line.game, Impairment(loss_percent=20))
    times_ms = line.stream(line.game.ipv4, packets=300, spacing_s=1 / 200)
    counts = line.wire.counts(line.client, line.game)
    assert counts["offered"] == 300
    assert 30 <= counts["lost"] <= 90
    assert len(times_ms) == 300 - counts["lost"]


@pytest.mark.netns
def test_an_outage_begins_and_ends_at_run_time(line: Line) -> None:
    line.wire.impair(line.game, line.client, Impairment(blackhole=True))
    assert line.stream(line.game.ipv4, packets=5) == []
    line.wire.impair(line.game, line.client, Impairment())
    assert len(line.stream(line.game.ipv4, packets=5)) == 5


@pytest.mark.netns
def test_the_router_counts_a_packet_once_although_the_wire_passes_it_twice(line: Line) -> None:
    require_binary("nft")
    counter = TrafficCounter(line.lab)
    counter.count_udp("up", line.client, line.game)
    line.stream(line.game.ipv4, packets=9)
    assert counter.packets("up") == 9


@pytest.mark.netns
def test_a_wire_that_has_ended_says_so(line: Line) -> None:
    line.wire.__exit__(None, None, None)
    with pytest.raises((LabError, ValueError)):
        line.wire.impair(line.client, line.game, Impairment())


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_of_a_pair_or_none_and_pass_unchanged(packet: bytes) -> None:
    pair = packet_pair(packet)
    if pair is not None:
        assert pair[0].packed in packet
        assert pair[1].packed in packet
    process = WireProcess(seed=1)
    process.packet(packet, 5.0)
    assert process.schedule.take_due(5.0) == [packet]


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_a_wrong_request_gets_an_error_and_never_ends_the_wire(request_line: str) -> None:
    assert set(WireProcess(seed=1).answer(request_line)) == {"error"}


def test_requests_change_and_report_one_direction_of_a_pair() -> None:
    process = WireProcess(seed=1)
    pair = ["10.77.1.2", "10.77.2.2"]
    asked = {"op": "impair", "pair": pair, "impairment": {"blackhole": True}}
    assert process.answer(json.dumps(asked)) == {"impaired": True}
    header = bytes([0x45]) + bytes(11)
    there, back = header + bytes([10, 77, 1, 2, 10, 77, 2, 2]), header + bytes([10, 77, 2, 2, 10, 77, 1, 2])
    process.packet(there, 1.0)
    process.packet(back, 1.0)
    assert process.schedule.take_due(1.0) == [back]
    counts = process.answer(json.dumps({"op": "counts", "pair": pair}))["counts"]
    assert (counts["offered"], counts["lost"]) == (1, 1)
    assert process.answer(json.dumps({"op": "dance", "pair": pair})) == {"error": "unknown request 'dance'"}
