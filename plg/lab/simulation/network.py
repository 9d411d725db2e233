"""The simulated network: hosts by address, and a line for each pair of them and each direction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.lines import Line
from plg.protocol.relay_handshake import Source

IP_UDP_BYTES: Final = 28
"""What IPv4 and UDP add to a datagram on the line."""


class Host(Protocol):
    """Somebody who receives."""

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:
        """One datagram for one of the host's addresses."""


@dataclass(slots=True)
class LineTraffic:
    """What was put on a line: datagrams, and bytes with IP and UDP headers."""

    packets: int = 0
    bytes: int = 0


Watch = Callable[[bytes, Source, Source], None]
"""Sees each datagram as it is sent: bytes, sender, target."""


class Network:
    """Routes by IP address. What has no line or no host is counted and gone, as on the real one."""

    def __init__(self, heap: EventHeap) -> None:
        self.heap = heap
        self.unreachable = 0
        self.watch: Watch | None = None
        self._hosts: dict[str, Host] = {}
        self._lines: dict[tuple[str, str], tuple[Line, LineTraffic]] = {}

    def attach(self, ip: str, host: Host | None) -> None:
        """Give an address to a host, or take it away."""
        if host is None:
            self._hosts.pop(ip, None)
        else:
            self._hosts[ip] = host

    def host(self, ip: str) -> Host | None:
        """Who has the address."""
        return self._hosts.get(ip)

    def connect(self, sender_ip: str, target_ip: str, line: Line) -> LineTraffic:
        """Lay a line for one direction; the answer counts what goes over it."""
        traffic = LineTraffic()
        self._lines[sender_ip, target_ip] = (line, traffic)
        return traffic

    def rename(self, old_ip: str, new_ip: str) -> None:
        """A host's address changes: its lines and their traffic go with it, datagrams under way to the old one are lost."""
        host = self._hosts.pop(old_ip, None)
        if host is not None:
            self._hosts[new_ip] = host
        for sender, target in [pair for pair in self._lines if old_ip in pair]:
            renamed = (new_ip if sender == old_ip else sender, new_ip if target == old_ip else target)
            self._lines[renamed] = self._lines.pop((sender, target))

    def send(self, datagram: bytes, source: Source, target: Source) -> None:
        """Put one datagram on its line."""
        if self.watch is not None:
            self.watch(datagram, source, target)
        found = self._lines.get((source[0], target[0]))
        if found is None:
            self.unreachable += 1
            return
        line, traffic = found
        size = len(datagram) + IP_UDP_BYTES
        traffic.packets += 1
        traffic.bytes += size
        heap = self.heap
        for due_s in line.deliveries(size, heap.now):
            heap.at(due_s, self._arrive, datagram, source, target)

    def _arrive(self, datagram: bytes, source: Source, target: Source) -> None:
        host = self._hosts.get(target[0])
        if host is None:
            self.unreachable += 1
        else:
            host.receive(datagram, source, target)
