"""Where a relay may send: the hard deny list, and access lists of game profiles (SPEC section 7).

The table is our own and not `ipaddress.is_global`, whose meaning changed between Python releases. Sources: IANA
special-purpose address registries (RFC 6890 and its updates), RFC 5735, RFC 4193, RFC 3056, RFC 4380, RFC 6052.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from plg.protocol.errors import FlowDenial

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def pack_address(address: Address) -> bytes:
    """The 16 bytes of an address field without a family: IPv6, and IPv4 as ::ffff:a.b.c.d."""
    return address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed


def unpack_address(packed: bytes) -> Address:
    """The address in such a field, IPv4 in its own form."""
    address = IPv6Address(packed)
    return address if address.ipv4_mapped is None else address.ipv4_mapped


def address_of(text: str) -> Address:
    """The address of a socket's source: without scope, IPv4 in its own form also on a socket for both families."""
    return unpack_address(pack_address(ip_address(text.partition("%")[0])))


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(word) for word in text.split())


PRIVATE: Final = _networks(
    "10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15 ::1/128 fc00::/7 fe80::/10"
)
"""Denied on the public Internet; a lab relay (`allow_private`) may reach them."""

NEVER: Final = _networks(
    "0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    " ::/128 ::ffff:0:0/96 ::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20"
    " 5f00::/16 fec0::/10 ff00::/8"
)
"""Denied always: unspecified, multicast, broadcast, documentation, and every form that hides an IPv4 address in IPv6."""

AMPLIFIER_PORTS: Final = frozenset({19, 53, 111, 123, 137, 161, 389, 427, 1900, 3283, 3702, 5353, 11211})
"""UDP services that answer more than they are asked; allowed only where a profile names them."""

LOWEST_OPEN_PORT: Final = 1024
"""Below it only where a profile names the port: games do not live there, services do."""


def special_range(address: Address, *, allow_private: bool) -> Network | None:
    """The hard-denied range that holds `address`, or None. `::1` counts as private although `::/96` holds it."""
    private = next((net for net in PRIVATE if net.version == address.version and address in net), None)
    if private is not None:
        return None if allow_private else private
    return next((net for net in NEVER if net.version == address.version and address in net), None)


def port_denied(port: int, named_ports: frozenset[int]) -> bool:
    """Port 0, a low port or an amplifier port that no profile names."""
    if not 0 < port <= 65535:
        return True
    return (port < LOWEST_OPEN_PORT or port in AMPLIFIER_PORTS) and port not in named_ports


@dataclass(frozen=True, slots=True)
class AccessRule:
    """These prefixes on these inclusive port spans; no spans means every port that is not denied."""

    prefixes: tuple[Network, ...]
    ports: tuple[tuple[int, int], ...] = ()


class AccessList:
    """A profile's destinations, ready for look-up: rules that share their ports become sorted address intervals.

    `named_ports` are low or amplifier ports that the profile asks for by name.
    """

    def __init__(self, rules: Iterable[AccessRule], named_ports: Iterable[int] = ()) -> None:
        grouped: dict[tuple[int, tuple[tuple[int, int], ...]], list[tuple[int, int]]] = {}
        for rule in rules:
            for prefix in rule.prefixes:
                span = (int(prefix.network_address), int(prefix.broadcast_address))
                grouped.setdefault((prefix.version, rule.ports), []).append(span)
        self._groups = [(version, ports, *_merge(spans)) for (version, ports), spans in grouped.items()]
        self.named_ports = frozenset(named_ports)

    def allows(self, address: Address, port: int) -> bool:
        """Whether some rule holds this address and port (the hard deny list is asked apart from it)."""
        value = int(address)
        for version, ports, starts, ends in self._groups:
            if version != address.version or (ports and not any(first <= port <= last for first, last in ports)):
                continue
            at = bisect_right(starts, value) - 1
            if at >= 0 and value <= ends[at]:
                return True
        return False


def _merge(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    starts: list[int] = []
    ends: list[int] = []
    for first, last in sorted(spans):
        if ends and first <= ends[-1] + 1:
            ends[-1] = max(ends[-1], last)
        else:
            starts.append(first)
            ends.append(last)
    return starts, ends


def check_destination(
    address: Address,
    port: int,
    access: Iterable[AccessList],
    *,
    allow_private: bool,
    denied: Iterable[Network] = (),
) -> FlowDenial | None:
    """The verdict for one destination: None to allow, or the reason byte of FLOW_DENY.

    `denied` are more networks never to be reached: the relay's own addresses, other relays, the control server.
    """
    lists = list(access)
    if special_range(address, allow_private=allow_private) is not None:
        return FlowDenial.HARD_DENIED
    if any(address.version == net.version and address in net for net in denied):
        return FlowDenial.HARD_DENIED
    named = frozenset().union(*(entry.named_ports for entry in lists)) if lists else frozenset()
    if port_denied(port, named):
        return FlowDenial.HARD_DENIED
    if any(entry.allows(address, port) for entry in lists):
        return None
    return FlowDenial.NOT_ALLOWED
