"""Datagrams go over the line of their two addresses, or nowhere."""

from plg.lab.impairment import Impairment
from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.lines import LineModel, SimulatedLine
from plg.lab.simulation.network import IP_UDP_BYTES, Network
from plg.protocol.relay_handshake import Source

HOME: Source = ("198.21.0.1", 50000)
RELAY: Source = ("198.20.1.10", 443)


class Ear:
    def __init__(self, heap: EventHeap) -> None:
        self.heap = heap
        self.heard: list[tuple[float, bytes, Source, Source]] = []

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:
        self.heard.append((self.heap.now, datagram, source, target))


def network() -> tuple[Network, Ear]:
    heap = EventHeap()
    made = Network(heap)
    ear = Ear(heap)
    made.attach(RELAY[0], ear)
    return made, ear


def line(delay_ms: float = 20) -> SimulatedLine:
    return SimulatedLine(LineModel(impairment=Impairment(delay_ms=delay_ms)), 1)


def test_a_datagram_arrives_after_the_lines_delay_and_is_counted_with_its_headers() -> None:
    made, ear = network()
    traffic = made.connect(HOME[0], RELAY[0], line())
    made.send(b"hello", HOME, RELAY)
    made.heap.run_until(1)
    assert ear.heard == [(0.02, b"hello", HOME, RELAY)]
    assert (traffic.packets, traffic.bytes) == (1, 5 + IP_UDP_BYTES)


def test_without_a_line_or_a_host_it_is_gone_and_counted() -> None:
    made, ear = network()
    made.send(b"x", HOME, RELAY)
    made.connect(HOME[0], RELAY[0], line())
    made.send(b"y", HOME, RELAY)
    made.attach(RELAY[0], None)
    made.heap.run_until(1)
    assert (ear.heard, made.unreachable) == ([], 2)
    assert made.host(RELAY[0]) is None


def test_a_host_that_moves_takes_its_lines_along_and_loses_what_was_under_way() -> None:
    made, ear = network()
    made.connect(HOME[0], RELAY[0], line())
    made.send(b"to the old address", HOME, RELAY)
    made.rename(RELAY[0], "198.20.1.99")
    made.send(b"to the new one", HOME, ("198.20.1.99", 443))
    made.heap.run_until(1)
    assert [datagram for _, datagram, _, _ in ear.heard] == [b"to the new one"]
    assert made.unreachable == 1


def test_a_watcher_sees_everything_that_is_sent() -> None:
    made, _ = network()
    seen: list[tuple[bytes, Source, Source]] = []
    made.watch = lambda datagram, source, target: seen.append((datagram, source, target))
    made.send(b"x", HOME, RELAY)
    assert seen == [(b"x", HOME, RELAY)]
