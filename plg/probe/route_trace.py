"""The routers on the way to a host: probes with a rising time to live, all at once, and what the routers say when it runs out.

Two ways to ask. `udp`: ordinary UDP sockets whose error queue the kernel fills with the ICMP errors (Linux, IP_RECVERR: ip(7), ipv6(7));
needs no rights. `icmp`: echo requests over a raw socket, which hears every ICMP answer of the machine; needs root or CAP_NET_RAW
(administrator on Windows, whose firewall also has to let time-exceeded messages in). Sources: RFC 792, RFC 4443, RFC 1812 (routers quote
as much of the packet as fits), Linux errqueue.h.
"""

import asyncio
import secrets
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from plg.probe.direct_ping import internet_checksum

UDP: Final = "udp"
ICMP: Final = "icmp"

MAX_HOPS: Final = 30
PROBES_PER_HOP: Final = 3
WAIT_S: Final = 1.5
"""Implementation. Routers answer such packets late and seldom; all hops are asked at the same time, so this is the whole wait."""
SPACING_S: Final = 0.012
"""Implementation. Between two probes: some 80 a second, below the usual limits of routers for such answers."""
_FIRST_PORT: Final = 33434
"""The port range of traceroute since 1988: closed nearly everywhere, so that the end says so."""
_PAYLOAD_BYTES: Final = 24

# <linux/in.h>, <linux/in6.h>, <linux/socket.h>, <linux/errqueue.h>; the standard library has no names for them.
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_MSG_ERRQUEUE: Final = 0x2000
_ORIGIN_ICMP: Final = 2
_ORIGIN_ICMP6: Final = 3
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")
_SOCKADDR_IN: Final = struct.Struct("=HH4s")
_SOCKADDR_IN6: Final = struct.Struct("=HHI16sI")
_DRAIN_LIMIT: Final = 64

_ECHO: Final = struct.Struct(">BBHHH")
_ECHO_REQUEST: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
_ECHO_REPLY: Final = {socket.AF_INET: 0, socket.AF_INET6: 129}
_UNREACHABLE: Final = {socket.AF_INET: 3, socket.AF_INET6: 1}
_TIME_EXCEEDED: Final = {socket.AF_INET: 11, socket.AF_INET6: 3}

SocketPreparation = Callable[[socket.socket], None]
"""Applied to every socket before use: the tunnel marks it, so that a running capture lets it pass."""


class TraceUnavailable(Exception):
    """This machine cannot trace: the text says in English what is missing."""


@dataclass(slots=True)
class Hop:
    """What answered at one distance. `address` is the first router that did (with several equal ways there may be more)."""

    number: int
    address: str | None = None
    rtts_ms: list[float] = field(default_factory=list)
    sent: int = 0


@dataclass(frozen=True, slots=True)
class RouteTrace:
    """The way to `address`. `reached`: the end itself answered, and is the last hop."""

    host: str
    address: str
    method: str
    hops: tuple[Hop, ...]
    reached: bool


def trace_methods() -> list[str]:
    """What this process may use, the better one first. Empty where it may use none."""
    methods = [UDP] if sys.platform == "linux" else []
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except OSError:
        return methods
    return [*methods, ICMP]


async def trace_route(
    host: str,
    *,
    method: str | None = None,
    max_hops: int = MAX_HOPS,
    probes: int = PROBES_PER_HOP,
    wait_s: float = WAIT_S,
    prepare: SocketPreparation | None = None,
) -> RouteTrace:
    """Trace to `host`. Takes about probes x max_hops x 12 ms plus `wait_s`, less when the end answers early.

    Raises TraceUnavailable without a usable method, OSError for an unknown name or when there is no way at all.
    """
    usable = trace_methods()
    chosen = method or next(iter(usable), None)
    if chosen is None or chosen not in usable:
        raise TraceUnavailable(_what_is_missing(chosen))
    found = await asyncio.get_running_loop().getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
    family, address = found[0][0], str(found[0][4][0]).partition("%")[0]
    tracer = _UdpTracer if chosen == UDP else _IcmpTracer
    try:
        with ExitStack() as opened:
            run = tracer(family, address, max_hops, prepare, opened)
            await run.ask(probes, wait_s)
    except NotImplementedError:
        raise TraceUnavailable("this system's event loop cannot wait for raw sockets") from None
    return RouteTrace(host, address, chosen, tuple(run.hops_to_the_end()), run.reached_at is not None)


def _what_is_missing(method: str | None, platform: str = sys.platform) -> str:
    if method == UDP:
        return "UDP traces need the error queue of Linux sockets"
    if platform == "linux":
        return "ICMP traces need root or CAP_NET_RAW"
    return "tracing needs the right to open raw sockets (administrator or root)"


class _Tracer:
    """Sends, times, and keeps what the hops said."""

    def __init__(self, address: str, max_hops: int) -> None:
        self._address = ip_address(address)
        self._hops = {number: Hop(number) for number in range(1, max_hops + 1)}
        self._answered: set[tuple[int, int]] = set()
        self._changed = asyncio.Event()
        self.reached_at: int | None = None

    async def ask(self, probes: int, wait_s: float) -> None:
        """Rounds over all distances; a round ends where the end was reached."""
        for probe in range(probes):
            await self._round(self._hops, probe)
        await self._wait(wait_s, {(hop.number, probe) for hop in self.hops_to_the_end() for probe in range(probes)})
        # Routers answer so many of these a second and no more: whoever was silent gets a second chance.
        silent = [hop.number for hop in self.hops_to_the_end() if hop.address is None]
        if silent:
            await self._round(silent, probes)
            await self._wait(wait_s, {(number, probes) for number in silent})

    async def _round(self, numbers: Iterable[int], probe: int) -> None:
        for number in list(numbers):
            if self.reached_at is not None and number > self.reached_at:
                break
            self._hops[number].sent += 1
            try:
                self._send(number, probe)
            except OSError:
                continue  # no route just now, a full buffer: the probe counts as unanswered
            await asyncio.sleep(SPACING_S)

    def hops_to_the_end(self) -> list[Hop]:
        """Up to the end; where it is silent, up to the last router that answered."""
        last = self.reached_at
        if last is None:
            last = max((hop.number for hop in self._hops.values() if hop.address is not None), default=0)
        return [self._hops[number] for number in range(1, last + 1)]

    async def _wait(self, wait_s: float, wanted: set[tuple[int, int]]) -> None:
        """Until all wanted answers are there, those beyond an end that was found meanwhile left out."""
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            missing = wanted - self._answered
            if self.reached_at is not None and all(number > self.reached_at for number, _ in missing):
                return
            self._changed.clear()
            try:
                async with asyncio.timeout(left_s):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _take(self, number: int, probe: int, source: str, sent_at_s: float, *, is_end: bool) -> None:
        """One answer; a repeated one changes nothing."""
        if number not in self._hops or (number, probe) in self._answered:
            return
        self._answered.add((number, probe))
        hop = self._hops[number]
        hop.address = hop.address or source
        hop.rtts_ms.append((time.perf_counter() - sent_at_s) * 1000)
        if is_end or ip_address(source) == self._address:
            self.reached_at = number if self.reached_at is None else min(self.reached_at, number)
        self._changed.set()

    def _send(self, number: int, probe: int) -> None:
        raise NotImplementedError


class _UdpTracer(_Tracer):
    """A socket for each probe: whose error queue an answer comes to tells which probe it answers, however little routers quote."""

    def __init__(
        self,
        family: socket.AddressFamily,
        address: str,
        max_hops: int,
        prepare: SocketPreparation | None,
        opened: ExitStack,
    ) -> None:
        super().__init__(address, max_hops)
        self._family = family
        self._target = address
        self._prepare = prepare
        self._opened = opened
        self._loop = asyncio.get_running_loop()

    def _send(self, number: int, probe: int) -> None:
        made = socket.socket(self._family, socket.SOCK_DGRAM)
        self._opened.callback(made.close)
        made.setblocking(False)
        if self._prepare is not None:
            self._prepare(made)
        if self._family == socket.AF_INET:
            made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, number)
        else:
            made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, number)
        made.connect((self._target, _FIRST_PORT + number))
        sent_at_s = time.perf_counter()
        self._loop.add_reader(made, self._read, made, number, probe, sent_at_s)
        self._opened.callback(self._loop.remove_reader, made)
        made.send(secrets.token_bytes(_PAYLOAD_BYTES))

    def _read(self, made: socket.socket, number: int, probe: int, sent_at_s: float) -> None:
        for _ in range(_DRAIN_LIMIT):
            try:
                _, ancillary, _, _ = made.recvmsg(512, 512, _MSG_ERRQUEUE)
            except OSError:
                break
            for level, kind, data in ancillary:
                if (level, kind) in {(socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)}:
                    self._read_error(data, number, probe, sent_at_s)
        try:
            made.recv(512)  # the end answered the probe itself, or an error is pending
        except OSError:
            return
        self._take(number, probe, self._target, sent_at_s, is_end=True)

    def _read_error(self, data: bytes, number: int, probe: int, sent_at_s: float) -> None:
        if len(data) < _EXTENDED_ERROR.size:
            return
        _, origin, kind, _, _, _, _ = _EXTENDED_ERROR.unpack_from(data)
        source = _offender(data[_EXTENDED_ERROR.size :])
        if source is None or origin not in {_ORIGIN_ICMP, _ORIGIN_ICMP6}:
            return
        if kind in {_TIME_EXCEEDED[self._family], _UNREACHABLE[self._family]}:
            self._take(number, probe, source, sent_at_s, is_end=False)


def _offender(data: bytes) -> str | None:
    """The address of who sent the ICMP message, from the sockaddr behind the extended error."""
    if len(data) < 2:
        return None
    family = int.from_bytes(data[:2], sys.byteorder)
    if family == socket.AF_INET and len(data) >= _SOCKADDR_IN.size:
        return str(ip_address(_SOCKADDR_IN.unpack_from(data)[2]))
    if family == socket.AF_INET6 and len(data) >= _SOCKADDR_IN6.size:
        return str(ip_address(_SOCKADDR_IN6.unpack_from(data)[3]))
    return None


class _IcmpTracer(_Tracer):
    """One raw socket for all: identifier and sequence number of the quoted echo request tell which probe an answer belongs to."""

    def __init__(
        self,
        family: socket.AddressFamily,
        address: str,
        max_hops: int,
        prepare: SocketPreparation | None,
        opened: ExitStack,
    ) -> None:
        super().__init__(address, max_hops)
        self._family = family
        self._target = address
        protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
        self._socket = opened.enter_context(socket.socket(family, socket.SOCK_RAW, protocol))
        self._socket.setblocking(False)
        if prepare is not None:
            prepare(self._socket)
        self._identifier = secrets.randbits(16)
        self._payload = secrets.token_bytes(_PAYLOAD_BYTES)
        self._sent_at_s: dict[int, float] = {}
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._read)
        opened.callback(loop.remove_reader, self._socket)

    def _send(self, number: int, probe: int) -> None:
        level, option = (
            (socket.IPPROTO_IP, socket.IP_TTL)
            if self._family == socket.AF_INET
            else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
        )
        self._socket.setsockopt(level, option, number)
        sequence = probe << 8 | number
        kind, checksum = _ECHO_REQUEST[self._family], 0
        if self._family == socket.AF_INET:  # the kernel fills in that of ICMPv6
            checksum = internet_checksum(_ECHO.pack(kind, 0, 0, self._identifier, sequence) + self._payload)
        self._sent_at_s[sequence] = time.perf_counter()
        self._socket.sendto(
            _ECHO.pack(kind, 0, checksum, self._identifier, sequence) + self._payload, (self._target, 0)
        )

    def _read(self) -> None:
        for _ in range(_DRAIN_LIMIT):
            try:
                packet, source = self._socket.recvfrom(2048)
            except OSError:
                return
            answer = read_icmp_answer(packet, self._family)
            if answer is None or answer.identifier != self._identifier:
                continue
            sent_at_s = self._sent_at_s.get(answer.sequence)
            if sent_at_s is not None:
                where = str(source[0]).partition("%")[0]
                self._take(answer.sequence & 0xFF, answer.sequence >> 8, where, sent_at_s, is_end=answer.is_reply)


@dataclass(frozen=True, slots=True)
class IcmpAnswer:
    """An echo reply, or an error that quotes an echo request."""

    is_reply: bool
    identifier: int
    sequence: int


def read_icmp_answer(packet: bytes, family: socket.AddressFamily) -> IcmpAnswer | None:
    """What a raw socket received, read strictly; None for everything else. IPv4 comes with its IP header, IPv6 without."""
    message = packet if family == socket.AF_INET6 else _behind_ipv4(packet)
    if message is None or len(message) < _ECHO.size:
        return None
    kind = message[0]
    if kind == _ECHO_REPLY[family]:
        _, _, _, identifier, sequence = _ECHO.unpack_from(message)
        return IcmpAnswer(True, identifier, sequence)
    if kind not in {_TIME_EXCEEDED[family], _UNREACHABLE[family]}:
        return None
    quoted = _behind_ipv4(message[8:]) if family == socket.AF_INET else message[8 + 40 :]
    if quoted is None or len(quoted) < _ECHO.size or quoted[0] != _ECHO_REQUEST[family]:
        return None
    _, _, _, identifier, sequence = _ECHO.unpack_from(quoted)
    return IcmpAnswer(False, identifier, sequence)


def _behind_ipv4(packet: bytes) -> bytes | None:
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    return packet[(packet[0] & 15) * 4 :]
