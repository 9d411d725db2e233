"""Other programs that stand where PLG captures: filters on the interfaces, packet queues, VPNs. Linux; looks only."""

import asyncio
import json
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from plg.capture.leavings import JOURNAL_PREFIX, MAX_JOURNAL_BYTES, leavings_from_json
from plg.capture.linux_links import interfaces_with_clsact, list_bpf_filters, list_links
from plg.capture.netlink import Netlink
from plg.capture.policy_routing import find_path, used_tables_and_priorities
from plg.capture.tun_routes import PRIORITY_FIRST, PRIORITY_LAST
from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import Scene

FILTERS: Final = "filters"
VPN: Final = "vpn"
KERNEL_RULES: Final = frozenset({0, 32766, 32767})
"""Priorities of the rules that every Linux has: local, main, default (ip-rule(8))."""
MAX_NAMED: Final = 5
ARPHRD_PPP: Final = 512
"""linux/if_arp.h"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found: names of BPF filters as "interface:program", packet queues with a listener (None: they may not be listed), priorities
    of further routing rules.
    """

    filters: tuple[str, ...]
    queues: tuple[int, ...] | None
    rules: tuple[int, ...]


async def check_filters(scene: Scene) -> Finding:
    """Filters, queues and rules that are not ours."""
    if not sys.platform.startswith("linux"):
        return Finding(FILTERS, Verdict.OK, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    ours = own_programs(scene.place.runtime_directories)
    try:
        standing = await asyncio.to_thread(look_at_kernel, scene, ours)
    except OSError as error:
        return Finding(FILTERS, Verdict.UNKNOWN, Code.FILTERS_UNREADABLE, {"why": error.strerror or str(error)})
    return judge_standing(standing)


def judge_standing(standing: Standing) -> Finding:
    """Routing rules alone are usual (VPNs, containers) and only told; programs on the interfaces see packets before or after ours."""
    facts: dict[str, str | int] = {
        "filters": _named(standing.filters),
        "queues": "?" if standing.queues is None else _named(map(str, standing.queues)),
        "rules": _named(map(str, standing.rules)),
    }
    if standing.filters or standing.queues:
        return Finding(FILTERS, Verdict.WARN, Code.FILTERS_OTHERS, facts)
    if standing.queues is None:
        return Finding(FILTERS, Verdict.OK, Code.FILTERS_NONE_SEEN, facts)
    return Finding(FILTERS, Verdict.OK, Code.FILTERS_NONE, facts)


def look_at_kernel(scene: Scene, ours: frozenset[int]) -> Standing:
    """Asks the kernel. Raises OSError."""
    filters: list[str] = []
    with Netlink() as netlink:
        names = {link.number: link.name for link in list_links(netlink)}
        for interface in sorted(interfaces_with_clsact(netlink)):
            filters += [
                f"{names.get(interface, interface)}:{found.name or found.program_id}"
                for found in list_bpf_filters(netlink, interface)
                if found.program_id not in ours
            ]
        _, priorities = used_tables_and_priorities(netlink)
    rules = sorted(
        priority
        for priority in priorities
        if priority not in KERNEL_RULES and not PRIORITY_FIRST <= priority <= PRIORITY_LAST
    )
    return Standing(tuple(filters), read_queues(scene), tuple(rules))


def read_queues(scene: Scene) -> tuple[int, ...] | None:
    """Numbers of the packet queues that a program listens to (nfnetlink_queue); None where they may not be read."""
    try:
        text = scene.file("/proc/net/netfilter/nfnetlink_queue").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ()  # the kernel's part for queues is not even loaded
    except OSError:
        return None
    first = [line.split()[:1] for line in text.splitlines()[:100]]
    return tuple(int(words[0]) for words in first if words and words[0].isdecimal())


def own_programs(directories: Iterable[Path]) -> frozenset[int]:
    """Ids of the BPF programs that running captures of ours have written down."""
    found: set[int] = set()
    for directory in directories:
        try:
            for path in sorted(directory.glob(f"{JOURNAL_PREFIX}*.json"))[:100]:
                if path.is_symlink() or path.stat().st_size > MAX_JOURNAL_BYTES:
                    continue
                document = json.loads(path.read_text(encoding="utf-8"))
                found |= {entry.program_id for entry in leavings_from_json(document["leavings"]).filters}
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another person's, damaged or gone: then its filters are named as foreign, which is the safe side
    return frozenset(found)


# --- VPNs -------------------------------------------------------------------------------------------------------------


async def check_vpn(scene: Scene) -> Finding:
    """VPN interfaces that are up, and whether the way to the nearest relay leads into one."""
    if not sys.platform.startswith("linux"):
        return Finding(VPN, Verdict.OK, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    interfaces = await asyncio.to_thread(vpn_interfaces, scene.file("/sys/class/net"))
    if not interfaces:
        return Finding(VPN, Verdict.OK, Code.VPN_NONE)
    facts: dict[str, str | int] = {"interfaces": _named(interfaces)}
    try:
        relay = await scene.nearest_relay()
    except Exception:  # noqa: BLE001 - the server's trouble is another check's to tell
        relay = None
    way = None if relay is None else await asyncio.to_thread(interface_towards, relay.node.host)
    if way in interfaces:
        return Finding(VPN, Verdict.WARN, Code.VPN_CARRIES_RELAYS, {**facts, "interface": str(way)})
    return Finding(VPN, Verdict.OK, Code.VPN_UP, facts)


def vpn_interfaces(folder: Path) -> list[str]:
    """Interfaces that are up and of a kind that VPNs use: TUN or TAP devices but our own, WireGuard, PPP."""
    found = []
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    for entry in entries[:1000]:
        try:
            if int((entry / "flags").read_text(encoding="ascii"), 16) & 1 == 0 or entry.name.startswith("plg"):
                continue
            is_tunnel = (
                (entry / "tun_flags").exists()
                or "DEVTYPE=wireguard" in (entry / "uevent").read_text(encoding="utf-8", errors="replace")
                or int((entry / "type").read_text(encoding="ascii")) == ARPHRD_PPP
            )
        except (OSError, ValueError):
            continue
        if is_tunnel:
            found.append(entry.name)
    return found


def interface_towards(host: str) -> str | None:
    """The interface through which the kernel would send to `host`; None for an unknown name, or without a way. Blocks for a name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        packed = ip_address(str(found[0][4][0]).partition("%")[0]).packed
        with Netlink() as netlink:
            path = find_path(netlink, packed, 0)
            names = {link.number: link.name for link in list_links(netlink)}
    except (ValueError, OSError):  # UnicodeError, for a name that is none, is a ValueError
        return None
    return None if path is None else names.get(path.interface)


def _named(names: Iterable[str]) -> str:
    """A short list; `-` for an empty one."""
    listed = list(names)
    more = f" +{len(listed) - MAX_NAMED}" if len(listed) > MAX_NAMED else ""
    return ", ".join(listed[:MAX_NAMED]) + more or "-"
