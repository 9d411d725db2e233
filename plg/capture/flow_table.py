"""Which captured packets are the game's, and where replies to them go. Shared by every source that sees whole IP packets."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar

from plg.capture.filter_expression import SpecMatcher
from plg.capture.ip_udp import UdpPacket, build_udp
from plg.capture.packet_source import CaptureSpec, CaptureStats, FlowKey
from plg.capture.process_ports import Ownership, ProcessPorts, open_process_ports

Key = TypeVar("Key")
Value = TypeVar("Value")

MAX_FLOWS = 8192
"""Then the oldest is forgotten. A game has a few; the bound is for a program that sprays packets."""


@dataclass(slots=True)
class KnownFlow:
    """A flow that was seen, with what is needed to answer it. Addresses are packed; `interface` is the system's own number
    pair (index, sub-index) of the link it was leaving by."""

    key: FlowKey
    local_address: bytes
    remote_address: bytes
    interface: tuple[int, int]


class FlowTable:
    """Decides packet by packet; a decision about a destination is remembered, one about a program is asked of its cache."""

    def __init__(
        self,
        spec: CaptureSpec,
        stats: CaptureStats,
        open_ports: Callable[[tuple[str, ...]], ProcessPorts | None] = open_process_ports,
    ) -> None:
        self._matcher = SpecMatcher(spec)
        self._stats = stats
        self._ports = open_ports(spec.executables)
        self._destinations: dict[tuple[bytes, int], str | None] = {}
        self._by_packet: dict[tuple[bytes, bytes, int, int], KnownFlow] = {}
        self._by_key: dict[FlowKey, KnownFlow] = {}

    def flow_of(self, packet: UdpPacket, interface: tuple[int, int]) -> KnownFlow | None:
        """The game's flow that a whole (unfragmented) packet belongs to, or None (counted): it is to go its own way."""
        known = self._by_packet.get(packet[:4]) or self._learn(packet, interface)
        if known is None:
            self._stats.passed_direct += 1
            return None
        if self._ports is not None and self._ports.owner_of(packet.source_port) is not Ownership.GAME:
            self._stats.other_process += 1
            self._stats.passed_direct += 1
            return None
        known.interface = interface
        return known

    def _learn(self, packet: UdpPacket, interface: tuple[int, int]) -> KnownFlow | None:
        destination = (packet.destination, packet.destination_port)
        if destination not in self._destinations:
            address = ip_address(packet.destination)
            matches = self._matcher.matches(address, packet.destination_port)
            _make_room(self._destinations)
            self._destinations[destination] = str(address) if matches else None
        text = self._destinations[destination]
        if text is None:
            return None
        key = FlowKey(packet.source_port, text, packet.destination_port)
        known = KnownFlow(key, packet.source, packet.destination, interface)
        _make_room(self._by_packet)
        _make_room(self._by_key)
        self._by_packet[packet[:4]] = known
        self._by_key[key] = known
        return known

    def known_flow(self, key: FlowKey) -> KnownFlow | None:
        """The flow as it was last seen; None (counted) for one that never was."""
        known = self._by_key.get(key)
        if known is None:
            count_error(self._stats, "unknown_flow")
        return known


def _make_room(table: dict[Key, Value]) -> None:
    if len(table) >= MAX_FLOWS:
        del table[next(iter(table))]


def count_error(stats: CaptureStats, reason: str) -> None:
    """One more of a kind of trouble."""
    stats.errors[reason] = stats.errors.get(reason, 0) + 1


def build_reply(flow: KnownFlow, payload: bytes, stats: CaptureStats) -> bytes | None:
    """The packet that the game takes for its server's; None (counted) when the payload fits none."""
    return _build(flow.remote_address, flow.local_address, flow.key.remote_port, flow.key.local_port, payload, stats)


def build_original(flow: KnownFlow, payload: bytes, stats: CaptureStats) -> bytes | None:
    """The packet as the game would have sent it; None (counted) when the payload fits none."""
    return _build(flow.local_address, flow.remote_address, flow.key.local_port, flow.key.remote_port, payload, stats)


def _build(
    source: bytes, destination: bytes, source_port: int, destination_port: int, payload: bytes, stats: CaptureStats
) -> bytes | None:
    try:
        return build_udp(source, destination, source_port, destination_port, payload)
    except ValueError:
        count_error(stats, "payload_too_large")
        return None
