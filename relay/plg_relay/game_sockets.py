"""The real sockets towards game servers: one port for each client local port, IPv4 and IPv6 under the same number."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from plg.protocol.relay_handshake import Source
from plg_relay.game_ports import GamePorts
from plg_relay.session_table import SendGame, SocketGroup

BUFFER_BYTES: Final = 256 * 1024
"""A second of a busy game each way; the queue is emptied every few milliseconds."""

OnReadable = Callable[[SocketGroup, Callable[[int], tuple[bytes, Source]]], None]


@dataclass(slots=True)
class _Pair:
    """The sockets of one group; the second family is opened when a flow needs it."""

    by_version: dict[int, socket.socket]


class GameSockets:
    """Implements GameSide. `on_readable(group, recvfrom)` is called by the loop when a group's socket has datagrams."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ports: GamePorts,
        on_readable: OnReadable,
        *,
        bind_ipv4: str,
        bind_ipv6: str,
    ) -> None:
        self._loop = loop
        self._ports = ports
        self._on_readable = on_readable
        self._bind = {4: bind_ipv4, 6: bind_ipv6}
        self._pairs: dict[SocketGroup, _Pair] = {}

    def __len__(self) -> int:
        return len(self._pairs)

    def open(self, group: SocketGroup, wanted_port: int | None, now_s: float) -> bool:
        """Bind the wanted port, or else a free one of this boot's half; False when nothing can be bound."""
        if wanted_port is not None and self._bind_group(group, wanted_port):
            return True
        start = secrets.randbelow(1 << 30)
        return any(self._bind_group(group, port) for port in self._ports.candidates(now_s, start))

    def _bind_group(self, group: SocketGroup, port: int) -> bool:
        if not self._ports.take(port):
            return False
        group.egress_port = port
        self._pairs[group] = _Pair({})
        # IPv4 first and at once: most games; where the host has none, the flow's family decides.
        if self._open_family(group, 4) is not None or self._open_family(group, 6) is not None:
            return True
        del self._pairs[group]
        self._ports.release(port)
        return False

    def sender(self, group: SocketGroup, ip_version: int) -> SendGame | None:
        """The `sendto` of the group's socket of that family."""
        opened = self._pairs[group].by_version.get(ip_version) or self._open_family(group, ip_version)
        return None if opened is None else opened.sendto

    def _open_family(self, group: SocketGroup, ip_version: int) -> socket.socket | None:
        family = socket.AF_INET if ip_version == 4 else socket.AF_INET6
        made = None
        try:
            made = socket.socket(family, socket.SOCK_DGRAM)
            made.setblocking(False)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            made.bind((self._bind[ip_version], group.egress_port))
        except (
            OSError
        ):  # taken by another program, no such family here, or out of descriptors: another port, or NO_PORT
            if made is not None:
                made.close()
            return None
        self._pairs[group].by_version[ip_version] = made
        self._loop.add_reader(made.fileno(), partial(self._on_readable, group, made.recvfrom))
        return made

    def close(self, group: SocketGroup) -> None:
        """Close the group's sockets and give the port back."""
        pair = self._pairs.pop(group, None)
        if pair is None:
            return
        for opened in pair.by_version.values():
            self._loop.remove_reader(opened.fileno())
            opened.close()
        self._ports.release(group.egress_port)

    def close_all(self) -> None:
        """The process ends."""
        for group in list(self._pairs):
            self.close(group)
