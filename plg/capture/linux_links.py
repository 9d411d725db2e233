"""Network interfaces and their traffic-control hooks, asked and changed through netlink. Linux only, standard library only."""

import contextlib
import errno
import socket
import struct
from typing import NamedTuple

from plg.capture.netlink import CREATE, Netlink, attribute, attribute_u32, attributes, number

RTM_NEWLINK, RTM_GETLINK = 16, 18
RTM_NEWADDR = 20
IFA_ADDRESS, IFA_LOCAL = 1, 2
RT_SCOPE_LINK = 253
RTM_GETQDISC, RTM_DELQDISC = 38, 37
RTM_DELTFILTER, RTM_GETTFILTER = 45, 46
IFLA_IFNAME, IFLA_MTU, IFLA_MASTER, IFLA_TXQLEN = 3, 4, 10, 13
IFF_UP, IFF_LOOPBACK = 0x1, 0x8
TCA_KIND, TCA_OPTIONS = 1, 2
TCA_BPF_NAME, TCA_BPF_ID = 7, 11
CLSACT_PARENT = 0xFFFFFFF1
CLSACT_HANDLE = 0xFFFF0000
INGRESS_PARENT, EGRESS_PARENT = 0xFFFFFFF2, 0xFFFFFFF3
ETH_P_ALL = 0x0003

RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR = 0x1, 0x10, 0x100

_LINK = struct.Struct("=BxHiII")
_TC = struct.Struct("=BxHiIII")


class Link(NamedTuple):
    """One interface; `number` is its index. `master` is the bridge or bond that it is a port of, 0 for none."""

    number: int
    name: str
    is_up: bool
    is_loopback: bool
    master: int


class BpfFilter(NamedTuple):
    """One tc filter that runs a BPF program. `program_id` is unique until the machine restarts."""

    interface: int
    parent: int
    priority: int
    handle: int
    program_id: int
    name: str


def list_links(netlink: Netlink) -> list[Link]:
    """Every interface of this network namespace."""
    links = []
    for message in netlink.dump(RTM_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        link = parse_link(message.kind, message.body)
        if link is not None:
            links.append(link)
    return links


def parse_link(kind: int, body: bytes) -> Link | None:
    """Reads a link message, asked for or announced."""
    if kind != RTM_NEWLINK or len(body) < _LINK.size:
        return None
    _, _, index, flags, _ = _LINK.unpack_from(body)
    found = attributes(body, _LINK.size)
    name = found.get(IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace")
    return Link(index, name, bool(flags & IFF_UP), bool(flags & IFF_LOOPBACK), number(found.get(IFLA_MASTER)))


def bring_up(netlink: Netlink, interface: int, mtu: int, queue_packets: int) -> None:
    """Set MTU (bytes) and transmit queue length (packets), and switch the interface on. Raises OSError."""
    settings = attribute_u32(IFLA_MTU, mtu) + attribute_u32(IFLA_TXQLEN, queue_packets)
    netlink.change(RTM_NEWLINK, _LINK.pack(socket.AF_UNSPEC, 0, interface, IFF_UP, IFF_UP) + settings)


def add_host_address(netlink: Netlink, interface: int, address: bytes) -> None:
    """Give an interface one IPv4 address (packed) that leads nowhere and that nothing is sent from. Raises OSError."""
    header = struct.pack("=BBBBI", socket.AF_INET, 32, 0, RT_SCOPE_LINK, interface)
    netlink.change(RTM_NEWADDR, header + attribute(IFA_LOCAL, address) + attribute(IFA_ADDRESS, address), CREATE)


def interfaces_with_clsact(netlink: Netlink) -> frozenset[int]:
    """Indices of the interfaces that have the hook for tc filters."""
    found = set()
    for message in netlink.dump(RTM_GETQDISC, _TC.pack(socket.AF_UNSPEC, 0, 0, 0, 0, 0)):
        if len(message.body) < _TC.size:
            continue
        _, _, interface, _, _, _ = _TC.unpack_from(message.body)
        if attributes(message.body, _TC.size).get(TCA_KIND, b"").rstrip(b"\0") == b"clsact":
            found.add(interface)
    return frozenset(found)


def list_bpf_filters(netlink: Netlink, interface: int) -> list[BpfFilter]:
    """The BPF filters on both directions of one interface; none when the interface or the hook is gone."""
    found: list[BpfFilter] = []
    for parent in (EGRESS_PARENT, INGRESS_PARENT):
        try:
            messages = netlink.dump(RTM_GETTFILTER, _TC.pack(socket.AF_UNSPEC, 0, interface, 0, parent, 0))
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.EINVAL, errno.ENOENT):
                continue
            raise
        for message in messages:
            if len(message.body) < _TC.size:
                continue
            _, _, index, handle, _, info = _TC.unpack_from(message.body)
            options = attributes(attributes(message.body, _TC.size).get(TCA_OPTIONS, b""))
            program = number(options.get(TCA_BPF_ID))
            if program and handle:
                name = options.get(TCA_BPF_NAME, b"").rstrip(b"\0").decode(errors="replace")
                found.append(BpfFilter(index, parent, info >> 16, handle, program, name))
    return found


def delete_bpf_filter(netlink: Netlink, bpf_filter: BpfFilter) -> None:
    """Take one filter away. Raises OSError."""
    info = (bpf_filter.priority << 16) | socket.htons(ETH_P_ALL)
    header = _TC.pack(socket.AF_UNSPEC, 0, bpf_filter.interface, bpf_filter.handle, bpf_filter.parent, info)
    netlink.change(RTM_DELTFILTER, header + attribute(TCA_KIND, b"bpf\0"))


def delete_clsact_if_empty(netlink: Netlink, interface: int) -> bool:
    """Remove the filter hook from an interface unless filters (of any kind) use it. Returns whether it went."""
    for parent in (EGRESS_PARENT, INGRESS_PARENT):
        with contextlib.suppress(OSError):
            if netlink.dump(RTM_GETTFILTER, _TC.pack(socket.AF_UNSPEC, 0, interface, 0, parent, 0)):
                return False
    try:
        header = _TC.pack(socket.AF_UNSPEC, 0, interface, CLSACT_HANDLE, CLSACT_PARENT, 0)
        netlink.change(RTM_DELQDISC, header + attribute(TCA_KIND, b"clsact\0"))
    except OSError:
        return False  # gone already, with its interface or by another hand
    return True
