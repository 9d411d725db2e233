"""Which addresses this machine has to the outside: IPv6, and what stands in front of it that rewrites IPv4 addresses."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import PingedRelay, Scene
from plg.probe.route_trace import RouteTrace, TraceUnavailable

NAT: Final = "nat"
IPV6: Final = "ipv6"

CARRIER_GRADE: Final = ip_network("100.64.0.0/10")
"""RFC 6598: addresses between a provider's address translation and its customers."""
ANY_IPV4: Final = ("192.0.2.1", 9)
ANY_IPV6: Final = ("2001:db8::1", 9)
"""Nobody's addresses (RFC 5737, RFC 3849). Connecting a UDP socket sends nothing: it only asks the kernel for the way there."""
CONNECT_S: Final = 3.0


async def check_nat(scene: Scene) -> Finding:
    """By this machine's own address and the private routers on the way."""
    mine = source_address(socket.AF_INET, ANY_IPV4)
    if mine is not None and mine.is_global:
        return judge_nat(mine, [])
    try:
        trace = await scene.trace.get()
    except (TraceUnavailable, OSError):
        trace = None
    except Exception:  # noqa: BLE001 - without the server there is no relay to trace to, which is another check's to tell
        trace = None
    return judge_nat(mine, routers(trace))


def judge_nat(mine: IPv4Address | IPv6Address | None, hops: Sequence[IPv4Address | IPv6Address]) -> Finding:
    """`hops` are the routers that answered, nearest first. What mapping a NAT makes is told by nobody outside a session: relays say a
    client's address only in WELCOME (protocol SPEC section 5), so its type stays unknown."""
    address = str(mine) if mine is not None else "-"
    if mine is not None and mine.is_global:
        return Finding(NAT, Verdict.OK, Code.NAT_NONE, {"address": address})
    private = []
    for hop in hops:
        if hop.is_global:
            break
        private.append(hop)
    shared = [hop for hop in private if hop.version == 4 and hop in CARRIER_GRADE]
    if shared or (mine is not None and mine.version == 4 and mine in CARRIER_GRADE):
        return Finding(
            NAT, Verdict.WARN, Code.NAT_CARRIER_GRADE, {"address": address, "router": str((*shared, mine)[0])}
        )
    if len(private) > 1 and len(private) < len(hops):
        named = ", ".join(map(str, private[:3]))
        return Finding(NAT, Verdict.UNKNOWN, Code.NAT_DOUBLE, {"address": address, "routers": named})
    return Finding(NAT, Verdict.UNKNOWN, Code.NAT_TYPE_NOT_TOLD, {"address": address})


def routers(trace: RouteTrace | None) -> list[IPv4Address | IPv6Address]:
    """Those of a trace that answered, the end itself left out."""
    if trace is None:
        return []
    hops = [hop.address for hop in trace.hops if hop.address is not None and hop.address != trace.address]
    return [ip_address(hop.partition("%")[0]) for hop in hops]


def source_address(family: socket.AddressFamily, target: tuple[str, int]) -> IPv4Address | IPv6Address | None:
    """The address from which the kernel would send there; None without a way."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as opened:
            opened.connect(target)
            return ip_address(str(opened.getsockname()[0]).partition("%")[0])
    except OSError:
        return None


async def check_ipv6(scene: Scene) -> Finding:
    """Whether there is a way over IPv6, and whether it holds what it promises."""
    mine = source_address(socket.AF_INET6, ANY_IPV6)
    visit = await scene.visit.get()
    theirs = [address for address in visit.addresses if ":" in address]
    server_takes = await connects(theirs[0], visit.port) if mine is not None and theirs else None
    try:
        relays = await scene.relays.get()
    except Exception:  # noqa: BLE001 - the server's trouble is another check's to tell
        relays = []
    return judge_ipv6(mine, server_takes, relays)


def judge_ipv6(
    mine: IPv4Address | IPv6Address | None, server_takes: bool | None, relays: Sequence[PingedRelay]
) -> Finding:
    """`server_takes`: whether the server's IPv6 address takes a connection; None when it has none or there is no way."""
    if mine is None or not mine.is_global:
        unreachable = [relay.node.name for relay in relays if ":" in relay.node.host and relay.ping.rtt_ms is None]
        if unreachable:
            return Finding(IPV6, Verdict.WARN, Code.IPV6_RELAY_UNREACHABLE, {"relays": ", ".join(unreachable[:5])})
        return Finding(IPV6, Verdict.OK, Code.IPV6_NONE)
    if server_takes is False:
        return Finding(IPV6, Verdict.WARN, Code.IPV6_BROKEN, {"address": str(mine)})
    return Finding(IPV6, Verdict.OK, Code.IPV6_THERE, {"address": str(mine)})


async def connects(address: str, port: int) -> bool:
    """Whether something there takes or refuses a connection: both are answers."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return True
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True
