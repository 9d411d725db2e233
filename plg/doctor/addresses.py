"""Which addresses this machine has to the outside, and whether IPv6 holds what it promises."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import PingedRelay, Scene

IPV6: Final = "ipv6"

ANY_IPV4: Final = ("192.0.2.1", 9)
ANY_IPV6: Final = ("2001:db8::1", 9)
"""Nobody's addresses (RFC 5737, RFC 3849). Connecting a UDP socket sends nothing: it only asks the kernel for the way there."""
CONNECT_S: Final = 3.0


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
