"""Measure a host without its help: ICMP echo where the system allows it, TCP connect time otherwise.

Used by relays for hosts near game servers and by the client for the straight way. Sources: RFC 792 and RFC 4443 (echo), RFC 1071
(checksum). An unprivileged ICMP socket needs net.ipv4.ping_group_range on Linux; a raw one needs CAP_NET_RAW.
"""

import asyncio
import os
import secrets
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Final

ICMP: Final = "icmp"
TCP: Final = "tcp"

PINGS: Final = 5
INTERVAL_S: Final = 0.2
TIMEOUT_S: Final = 1.0
"""Implementation. No playable server is further away than a second."""

_ECHO_REQUEST: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
_ECHO_REPLY: Final = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL: Final = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_ECHO: Final = struct.Struct(">BBHHH")
_PAYLOAD_LENGTH: Final = 16  # random, so that nobody who did not see the question can answer it

SocketPreparation = Callable[[socket.socket], None]
"""Applied to every socket before use: the tunnel marks it, so that a running capture lets it pass."""


@dataclass(frozen=True, slots=True)
class DirectPing:
    """What was measured, and how: `method` is "icmp" or "tcp", None when nothing could be tried; then `reason` says why."""

    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float
    method: str | None
    reason: str | None = None


class IcmpForbidden(Exception):
    """This process may not open an ICMP socket of either kind."""


async def measure(
    target_host: str,
    method: str,
    port: int | None,
    *,
    pings: int = PINGS,
    interval_s: float = INTERVAL_S,
    timeout_s: float = TIMEOUT_S,
    prepare: SocketPreparation | None = None,
) -> DirectPing:
    """Round trip and loss to `target_host`. `method` "icmp" falls back to TCP connects to `port` where ICMP is forbidden.

    A refused connection is an answer like any other. Never raises for the network or for missing rights.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target_host, port or 0, type=socket.SOCK_STREAM)
    except OSError:
        return DirectPing(None, None, 100.0, None, "name not known")
    family, _, _, _, address = found[0]
    used = method
    if method == ICMP:
        try:
            rtts = await _icmp(family, str(address[0]), pings, interval_s, timeout_s, prepare)
        except IcmpForbidden:
            if port is None:
                return DirectPing(None, None, 100.0, None, "ICMP is forbidden here and no TCP port is known")
            used = TCP
            rtts = await _tcp(family, str(address[0]), port, pings, interval_s, timeout_s, prepare)
    elif method == TCP and port is not None:
        rtts = await _tcp(family, str(address[0]), port, pings, interval_s, timeout_s, prepare)
    else:
        return DirectPing(None, None, 100.0, None, f"cannot measure by {method!r} on port {port}")
    return _summary(rtts, pings, used)


def _summary(rtts_ms: list[float], pings: int, method: str) -> DirectPing:
    steps = [abs(b - a) for a, b in pairwise(rtts_ms)]
    return DirectPing(
        median(rtts_ms) if rtts_ms else None,
        fmean(steps) if steps else (0.0 if rtts_ms else None),
        100.0 * (pings - len(rtts_ms)) / pings,
        method,
        None if rtts_ms else "no answer",
    )


# --- TCP -------------------------------------------------------------------------------------------------------------


async def _tcp(
    family: socket.AddressFamily,
    host: str,
    port: int,
    pings: int,
    interval_s: float,
    timeout_s: float,
    prepare: SocketPreparation | None,
) -> list[float]:
    rtts: list[float] = []
    for number in range(pings):
        if number:
            await asyncio.sleep(interval_s)
        rtt_ms = await _connect_once(family, host, port, timeout_s, prepare)
        if rtt_ms is not None:
            rtts.append(rtt_ms)
    return rtts


async def _connect_once(
    family: socket.AddressFamily, host: str, port: int, timeout_s: float, prepare: SocketPreparation | None
) -> float | None:
    """Milliseconds from SYN to SYN-ACK or RST; None when neither came."""
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.setblocking(False)
        if prepare is not None:
            prepare(opened)
        began_s = time.perf_counter()
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().sock_connect(opened, (host, port))
        except ConnectionRefusedError:
            pass
        except OSError:  # TimeoutError is one
            return None
        return (time.perf_counter() - began_s) * 1000


# --- ICMP ------------------------------------------------------------------------------------------------------------


def _open_icmp(family: socket.AddressFamily) -> socket.socket:
    """A datagram socket where the system grants it, else a raw one. Raises IcmpForbidden."""
    kinds = (socket.SOCK_RAW,) if sys.platform == "win32" else (socket.SOCK_DGRAM, socket.SOCK_RAW)
    for kind in kinds:
        try:
            return socket.socket(family, kind, _PROTOCOL[family])
        except OSError:
            continue
    raise IcmpForbidden


async def _icmp(
    family: socket.AddressFamily,
    host: str,
    pings: int,
    interval_s: float,
    timeout_s: float,
    prepare: SocketPreparation | None,
) -> list[float]:
    loop = asyncio.get_running_loop()
    opened = _open_icmp(family)
    try:
        opened.setblocking(False)
        if prepare is not None:
            prepare(opened)
        try:
            opened.connect((host, 0))  # the kernel then hands us this host's packets only
        except OSError:
            return []
        identifier = os.getpid() & 0xFFFF
        payload = secrets.token_bytes(_PAYLOAD_LENGTH)
        rtts: list[float] = []
        for number in range(pings):
            if number:
                await asyncio.sleep(interval_s)
            began_s = time.perf_counter()
            try:
                opened.send(_echo_request(family, identifier, number, payload))
                async with asyncio.timeout(timeout_s):
                    await _answer(loop, opened, family, number, payload)
            except OSError:  # TimeoutError is one; so is "host unreachable"
                continue
            rtts.append((time.perf_counter() - began_s) * 1000)
        return rtts
    finally:
        opened.close()


async def _answer(
    loop: asyncio.AbstractEventLoop,
    opened: socket.socket,
    family: socket.AddressFamily,
    number: int,
    payload: bytes,
) -> None:
    """Returns when the echo reply `number` with our payload is there. A raw IPv4 socket also shows the IP header."""
    while True:
        packet = await loop.sock_recv(opened, 2048)
        if family == socket.AF_INET and opened.type == socket.SOCK_RAW and packet:
            packet = packet[(packet[0] & 15) * 4 :]
        if len(packet) != _ECHO.size + len(payload):
            continue
        kind, _, _, _, sequence = _ECHO.unpack_from(packet)
        if kind == _ECHO_REPLY[family] and sequence == number and packet[_ECHO.size :] == payload:
            return


def _echo_request(family: socket.AddressFamily, identifier: int, number: int, payload: bytes) -> bytes:
    """The kernel fills in the checksum of ICMPv6, and the identifier of datagram sockets."""
    kind = _ECHO_REQUEST[family]
    checksum = 0
    if family == socket.AF_INET:
        checksum = internet_checksum(_ECHO.pack(kind, 0, 0, identifier, number) + payload)
    return _ECHO.pack(kind, 0, checksum, identifier, number) + payload


def internet_checksum(data: bytes) -> int:
    """RFC 1071: the complement of the one's complement sum of 16-bit words."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
