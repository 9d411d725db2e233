"""Routing rules and routes by netlink: sending chosen UDP destinations into another table. Linux only, standard library only."""

import contextlib
import errno
import socket
import struct
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from plg.capture.netlink import CREATE, EXCLUSIVE, REPLACE, Netlink, attribute, attribute_u32, attributes, number

RTM_NEWROUTE, RTM_GETROUTE = 24, 26
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RTA_DST, RTA_OIF, RTA_PREFSRC, RTA_TABLE, RTA_MARK = 1, 4, 7, 15, 16
RTA_IP_PROTO, RTA_DPORT = 27, 29
FRA_IIFNAME, FRA_PRIORITY, FRA_FWMARK, FRA_TABLE, FRA_FWMASK, FRA_IP_PROTO, FRA_DPORT_RANGE = 3, 6, 10, 15, 16, 22, 24
FR_ACT_TO_TABLE = 1
RTPROT_STATIC = 4
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
RTN_UNICAST = 1
RT_TABLE_UNSPEC = 0

_ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg and struct fib_rule_hdr share this layout."""


class Rule(NamedTuple):
    """A routing rule: unmarked UDP to `ports` (None: any) looks into `table`. Family is AF_INET or AF_INET6."""

    family: int
    priority: int
    table: int
    ports: tuple[int, int] | None


class Path(NamedTuple):
    """How the kernel would send to an address: through which interface and from which address (packed)."""

    interface: int
    source: bytes


def add_rule(netlink: Netlink, rule: Rule) -> None:
    """Raises OSError (EEXIST when the same rule is there)."""
    netlink.change(RTM_NEWRULE, _rule_body(rule), CREATE | EXCLUSIVE)


def delete_rule(netlink: Netlink, rule: Rule) -> bool:
    """Take a rule away; returns whether there was one. Raises OSError for anything but its absence."""
    try:
        netlink.change(RTM_DELRULE, _rule_body(rule))
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def _rule_body(rule: Rule) -> bytes:
    header = _ROUTE.pack(rule.family, 0, 0, 0, RT_TABLE_UNSPEC, 0, 0, FR_ACT_TO_TABLE, 0)
    # "iif lo" is traffic of this machine itself. It also keeps the kernel from looking into ports when it checks the source
    # of what comes in: the check then never matches this rule, and replies pass also where rp_filter is strict.
    header += attribute(FRA_IIFNAME, b"lo\0")
    # Mark 0 under a full mask: packets that carry anybody's mark (ours, a VPN's) never match.
    body = attribute_u32(FRA_PRIORITY, rule.priority) + attribute_u32(FRA_TABLE, rule.table)
    body += attribute_u32(FRA_FWMARK, 0) + attribute_u32(FRA_FWMASK, 0xFFFFFFFF)
    body += attribute(FRA_IP_PROTO, bytes([socket.IPPROTO_UDP]))
    if rule.ports is not None:
        body += attribute(FRA_DPORT_RANGE, struct.pack("=HH", *rule.ports))
    return header + body


def used_tables_and_priorities(netlink: Netlink) -> tuple[frozenset[int], frozenset[int]]:
    """What the rules of both families use already."""
    tables: set[int] = set()
    priorities: set[int] = set()
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):  # a kernel without IPv6
            for message in netlink.dump(RTM_GETRULE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
                found = attributes(message.body, _ROUTE.size)
                tables.add(number(found.get(FRA_TABLE)))
                priorities.add(number(found.get(FRA_PRIORITY)))
    return frozenset(tables), frozenset(priorities)


def set_route(
    netlink: Netlink, prefix: IPv4Network | IPv6Network, table: int, interface: int, source: bytes | None
) -> None:
    """Send `prefix` through an interface, from `source` where the application has not chosen an address. Raises OSError."""
    family, scope = (socket.AF_INET, RT_SCOPE_LINK) if prefix.version == 4 else (socket.AF_INET6, RT_SCOPE_UNIVERSE)
    body = _ROUTE.pack(family, prefix.prefixlen, 0, 0, RT_TABLE_UNSPEC, RTPROT_STATIC, scope, RTN_UNICAST, 0)
    body += attribute(RTA_DST, prefix.network_address.packed) if prefix.prefixlen else b""
    body += attribute_u32(RTA_OIF, interface) + attribute_u32(RTA_TABLE, table)
    if source is not None:
        body += attribute(RTA_PREFSRC, source)
    netlink.change(RTM_NEWROUTE, body, CREATE | REPLACE)


def find_path(netlink: Netlink, address: bytes, mark: int) -> Path | None:
    """The kernel's own way for a packet with this mark to `address` (packed); None when there is none."""
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    body = _ROUTE.pack(family, len(address) * 8, 0, 0, 0, 0, 0, 0, 0)
    body += attribute(RTA_DST, address) + attribute_u32(RTA_MARK, mark)
    try:
        answers = netlink.get(RTM_GETROUTE, body)
    except OSError:
        return None
    for message in answers:
        if message.kind == RTM_NEWROUTE:
            found = attributes(message.body, _ROUTE.size)
            source = found.get(RTA_PREFSRC)
            if source is not None and RTA_OIF in found:
                return Path(number(found[RTA_OIF]), source)
    return None
