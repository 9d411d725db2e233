"""Which routes and rules lead a spec's destinations into a TUN device, and nothing else. Linux only."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

from plg.capture.bypass_mark import BYPASS_MARK
from plg.capture.netlink import Netlink
from plg.capture.packet_source import CaptureRule, CaptureSpec, PortSpan
from plg.capture.policy_routing import Rule, find_path, set_route, used_tables_and_priorities

Network = IPv4Network | IPv6Network

PRIORITY_FIRST = 5100
"""Rules before those of VPN programs (5200 and up are common) and after the local table (0)."""

PRIORITY_LAST = 5199

TABLE_FIRST = 0x504C4700
"""Tables from here ("PLG" in ASCII); nobody numbers by hand up there."""

NEVER_IN_TUNNEL = tuple(
    ip_network(text) for text in ("169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "fe80::/10", "ff00::/8")
)
"""Link-local, multicast and broadcast: they end on the player's own network."""

EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
PROBE_ADDRESSES = {4: ip_network("192.0.2.1/32"), 6: ip_network("2001:db8::1/128")}
"""Addresses of nobody (RFC 5737, RFC 3849): the way there is the default route's."""

LAST_RULE_PORT = 65534
"""The kernel refuses a rule whose ports end at 65535."""


@dataclass(frozen=True, slots=True)
class TunPlan:
    """One table for each capture rule with the prefixes routed in it, and the rules that lead there.

    What is excluded is cut out of the prefixes: every route goes through the device, so every route goes with the device.
    """

    tables: tuple[tuple[int, tuple[Network, ...]], ...]
    rules: tuple[Rule, ...]


def plan_routes(spec: CaptureSpec, netlink: Netlink) -> TunPlan:
    """Numbers that are free here. Raises OSError, also when every priority of ours is taken."""
    used_tables, used_priorities = used_tables_and_priorities(netlink)
    free = [number for number in range(PRIORITY_FIRST, PRIORITY_LAST + 1) if number not in used_priorities]
    if not free:
        raise OSError(f"routing rules {PRIORITY_FIRST} to {PRIORITY_LAST} are all taken")
    numbers = (number for number in range(TABLE_FIRST, TABLE_FIRST + 0xFF) if number not in used_tables)
    excluded = [ip_network(text) for text in spec.excluded]
    tables, rules = [], []
    for rule in spec.rules:
        table = next(numbers, None)
        if table is None:
            raise OSError("too many capture rules for routing tables")
        prefixes = tuple(subtract(_prefixes(rule), [*excluded, *NEVER_IN_TUNNEL]))
        tables.append((table, prefixes))
        for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
            if any(prefix.version == version for prefix in prefixes):
                rules += [Rule(family, free[0], table, ports) for ports in _rule_ports(rule.ports)]
    return TunPlan(tuple(tables), tuple(rules))


def _prefixes(rule: CaptureRule) -> tuple[Network, ...]:
    if not rule.prefixes:
        return EVERYWHERE
    v4 = collapse_addresses(prefix for prefix in rule.prefixes if isinstance(prefix, IPv4Network))
    v6 = collapse_addresses(prefix for prefix in rule.prefixes if isinstance(prefix, IPv6Network))
    return (*v4, *v6)


def subtract(prefixes: Iterable[Network], excluded: Iterable[Network]) -> list[Network]:
    """The prefixes without what is excluded, as prefixes again; one host costs at most 32 or 128 more."""
    left = list(prefixes)
    for hole in excluded:
        pieces: list[Network] = []
        for prefix in left:
            pieces += _without(prefix, hole)
        left = pieces
    return left


def _without(prefix: Network, hole: Network) -> list[Network]:
    if isinstance(prefix, IPv4Network) and isinstance(hole, IPv4Network):
        if prefix.subnet_of(hole):
            return []
        return sorted(prefix.address_exclude(hole)) if hole.subnet_of(prefix) else [prefix]
    if isinstance(prefix, IPv6Network) and isinstance(hole, IPv6Network):
        if prefix.subnet_of(hole):
            return []
        return sorted(prefix.address_exclude(hole)) if hole.subnet_of(prefix) else [prefix]
    return [prefix]


def _rule_ports(spans: tuple[PortSpan, ...]) -> list[tuple[int, int] | None]:
    """Spans as the kernel takes them; None is any port. What that lets in besides is let go after a look at its port."""
    ranges: list[tuple[int, int] | None] = []
    for span in spans:
        first, last = max(1, span.first), min(span.last, LAST_RULE_PORT)
        if first > last or (first == 1 and last == LAST_RULE_PORT):
            return [None]
        ranges.append((first, last))
    return list(dict.fromkeys(ranges)) or [None]


def install_routes(plan: TunPlan, netlink: Netlink, interface: int) -> None:
    """(Re)write every route of the plan with the source addresses that hold at this moment. Harmless until the rules are in.

    Raises OSError. A destination without a way there at this moment is left out, and comes in when the links change.
    """
    everywhere = {
        version: find_path(netlink, address.network_address.packed, BYPASS_MARK)
        for version, address in PROBE_ADDRESSES.items()
    }
    for table, prefixes in plan.tables:
        for prefix in prefixes:
            path = find_path(netlink, prefix.network_address.packed, BYPASS_MARK)
            source = None if path is None else ip_address(path.source)
            if source is None or source.is_loopback or source.is_link_local:
                # The first address of a very wide prefix is no host's (0.0.0.0 and :: count as this machine).
                path = everywhere[prefix.version]
            if path is not None:
                set_route(netlink, prefix, table, interface, path.source)
