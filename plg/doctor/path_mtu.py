"""The largest datagram that reaches a relay in one piece.

Sent for real: DATA of a session that nobody has, filled to the size in question, with Don't Fragment set. A relay answers such a datagram
with NO_SESSION, 9 bytes (protocol SPEC section 5), so an answer says that this size has arrived. Routers' ICMP messages are not needed,
which many networks swallow (RFC 4821, RFC 8899: probing by packets of the layer itself). Linux: IP_MTU_DISCOVER with IP_PMTUDISC_PROBE
sets Don't Fragment and does not believe what the kernel has heard of the path before (ip(7), ipv6(7)).
"""

import asyncio
import secrets
import socket
import sys
from typing import Final

from plg.contract.nodes import Node
from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict
from plg.doctor.scene import PingedRelay, Scene, SocketPreparation
from plg.protocol.constants import DATA_OVERHEAD, NO_SESSION_LENGTH, TYPE_NO_SESSION
from plg.protocol.errors import DropReason
from plg.protocol.header import DATA_UP, pack_data_header, parse_outer

MTU: Final = "mtu"

TUNNEL_PACKET_BYTES: Final = 1400
"""Specification (protocol SPEC section 6): a datagram of the tunnel has at most so many bytes of IPv4, UDP and payload."""
LARGER: Final = (1420, 1440, 1452, 1460, 1472, 1480, 1492, 1500)
SMALLER: Final = (1380, 1360, 1340, 1320, 1300, 1280, 1200, 1000, 800, 576)
"""Implementation. Sizes that occur: tunnels in tunnels, mobile networks, PPPoE (1492), Ethernet (1500); 576 is what every IPv4 host takes."""
CONTROL_BYTES: Final = 100
"""Implementation. So small that it always fits: without an answer to it the answers mean nothing."""
TRIES: Final = 4
SHORTEST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 0.6

_IP_MTU_DISCOVER: Final = 10  # linux/in.h
_IPV6_MTU_DISCOVER: Final = 23  # linux/in6.h
_PMTUDISC_PROBE: Final = 3  # linux/in.h, linux/in6.h


async def check_mtu(scene: Scene) -> Finding:
    """To the nearest relay that answers."""
    if sys.platform != "linux":
        return Finding(MTU, Verdict.UNKNOWN, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    if (await scene.visit.get()).status is None:
        return Finding(MTU, Verdict.UNKNOWN, Code.NO_SERVER)
    relay = await scene.nearest_relay()
    if relay is None:
        return Finding(MTU, Verdict.UNKNOWN, Code.NO_RELAY_ANSWERS)
    if relay.node.mask_key is not None:
        return Finding(MTU, Verdict.UNKNOWN, Code.MTU_MASKED, {"relay": relay.node.name})
    return judge_mtu(relay.node.name, await largest_packet(relay, scene.prepare))


def judge_mtu(relay: str, packet_bytes: int | None) -> Finding:
    """`packet_bytes` is the largest packet (with its IP header) that arrived; None when not even a small one was answered."""
    if packet_bytes is None:
        return Finding(MTU, Verdict.UNKNOWN, Code.MTU_NO_ANSWER, {"relay": relay})
    facts: dict[str, Fact] = {"relay": relay, "packet_bytes": packet_bytes, "needed_bytes": TUNNEL_PACKET_BYTES}
    if packet_bytes < TUNNEL_PACKET_BYTES:
        return Finding(MTU, Verdict.WARN, Code.MTU_SMALL, facts)
    return Finding(MTU, Verdict.OK, Code.MTU_FITS, facts)


async def largest_packet(relay: PingedRelay, prepare: SocketPreparation) -> int | None:
    """Bytes of the largest packet in question that was answered; None when none was. Takes at most some seconds."""
    with await _open(relay.node, prepare) as opened:
        wait_s = min(max(SHORTEST_WAIT_S, 3 * (relay.ping.rtt_ms or 0.0) / 1000), LONGEST_WAIT_S)
        if not await _arrives(opened, CONTROL_BYTES, wait_s):
            return None
        if await _arrives(opened, TUNNEL_PACKET_BYTES, wait_s):
            return await _largest_of(opened, LARGER, wait_s) or TUNNEL_PACKET_BYTES
        return await _largest_of(opened, SMALLER[::-1], wait_s) or CONTROL_BYTES


async def _largest_of(opened: socket.socket, sizes: tuple[int, ...], wait_s: float) -> int | None:
    """By halving: what is larger than a size that does not fit does not fit either. `sizes` rise."""
    best, first, last = None, 0, len(sizes) - 1
    while first <= last:
        middle = (first + last) // 2
        if await _arrives(opened, sizes[middle], wait_s):
            best, first = sizes[middle], middle + 1
        else:
            last = middle - 1
    return best


async def _open(node: Node, prepare: SocketPreparation) -> socket.socket:
    found = await asyncio.get_running_loop().getaddrinfo(node.host, node.port, type=socket.SOCK_DGRAM)
    family, _, _, _, address = found[0]
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        prepare(opened)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
        else:
            opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
        opened.connect(address)
    except BaseException:
        opened.close()
        raise
    return opened


async def _arrives(opened: socket.socket, packet_bytes: int, wait_s: float) -> bool:
    """Whether one of a few datagrams of this size is answered: each may be lost, and a relay answers strangers only so often."""
    headers = 20 + 8 if opened.family == socket.AF_INET else 40 + 8
    for _ in range(TRIES):
        cid = secrets.randbits(64)
        datagram = pack_data_header(DATA_UP, cid, 0, 0)
        datagram += secrets.token_bytes(max(DATA_OVERHEAD, packet_bytes - headers) - len(datagram))
        try:
            opened.send(datagram)
        except OSError:
            return False  # EMSGSIZE: the interface itself takes no such packet
        try:
            async with asyncio.timeout(wait_s):
                await _answer(opened, cid)
        except TimeoutError:
            continue
        return True
    return False


async def _answer(opened: socket.socket, cid: int) -> None:
    """Returns when NO_SESSION for this very datagram has come."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            reply = await loop.sock_recv(opened, 64)
        except OSError:
            await asyncio.sleep(0.01)  # a router's message about an earlier datagram
            continue
        outer = parse_outer(reply)
        if isinstance(outer, DropReason) or len(reply) != NO_SESSION_LENGTH:
            continue
        if outer.kind == TYPE_NO_SESSION and outer.cid == cid:
            return
