"""The real sockets towards game servers: one port for each client local port, IPv4 and IPv6 under the same number.

A socket with one flow is connected to its destination: the kernel then refuses everybody else's datagrams and saves the
route look-up and the address of each packet (about 1 us of 8). With the second flow it goes back to seeing all sources.
"""

import asyncio
import errno
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from plg_relay.game_ports import GamePorts
from plg_relay.keeper_claims import UNCLAIMED_S, GameClaims
from plg_relay.keeper_messages import GameName
from plg_relay.session_table import Flow, SocketGroup
from plg_relay.udp_disconnect import CAN_DISCONNECT, disconnect

BUFFER_BYTES: Final = 256 * 1024
"""A second of a busy game each way; the queue is emptied every few milliseconds."""

_NO_SUCH_FAMILY: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})

OnReadable = Callable[[SocketGroup, socket.socket, Flow | None], None]
"""Gets a group, its socket, and the one flow whose destination the socket is connected to, if it is."""


@dataclass(slots=True)
class _Face:
    """One family's socket of a group. `connected`: the only flow, which the kernel filters for."""

    socket: socket.socket
    flows: int = 0
    connected: Flow | None = None


@dataclass(slots=True)
class _Faces:
    """The sockets of one group by IP version; the second family is opened when a flow needs it."""

    by_version: dict[int, _Face] = field(default_factory=dict)


class GameSockets:
    """Implements GameSide. `on_readable` is called when a group's socket has datagrams."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ports: GamePorts,
        on_readable: OnReadable,
        *,
        bind_ipv4: str,
        bind_ipv6: str,
        claims: GameClaims | None = None,
    ) -> None:
        """`claims`: sockets of an earlier process, and a keeper for ours."""
        self._loop = loop
        self._ports = ports
        self._on_readable = on_readable
        self._bind = {4: bind_ipv4, 6: bind_ipv6}
        self._faces: dict[SocketGroup, _Faces] = {}
        self._claims = claims
        self._closing_unclaimed: asyncio.TimerHandle | None = None
        if claims is not None and claims.ports():
            for port in claims.ports():
                ports.take(port)
            self._closing_unclaimed = loop.call_later(UNCLAIMED_S, self._close_unclaimed)

    def __len__(self) -> int:
        return len(self._faces)

    def open(self, group: SocketGroup, wanted_port: int | None, now_s: float) -> bool:
        """Bind the wanted port, or else a free one of this boot's half; False when nothing can be bound."""
        if wanted_port is not None and self._bind_group(group, wanted_port):
            return True
        start = secrets.randbelow(1 << 30)
        return any(self._bind_group(group, port) for port in self._ports.candidates(now_s, start))

    def _bind_group(self, group: SocketGroup, port: int) -> bool:
        waits = self._claims is not None and self._claims.waits_for(group.session.cid, port)
        if not waits and not self._ports.take(port):
            return False
        group.egress_port = port
        self._faces[group] = _Faces()
        # IPv4 at once, for most games need it. A host without IPv4 has IPv6; a port taken in one family is no port for us.
        opened = self._open_family(group, 4)
        if isinstance(opened, OSError) and opened.errno in _NO_SUCH_FAMILY:
            opened = self._open_family(group, 6)
        if isinstance(opened, _Face):
            return True
        del self._faces[group]
        self._ports.release(port)
        return False

    def attach(self, flow: Flow) -> bool:
        """Give the flow its way out; connect the socket while this is its only flow."""
        face = self._face(flow.group, flow.address.version)
        if face is None:
            return False
        face.flows += 1
        if face.flows == 1 and _connected(face.socket, flow):
            face.connected = flow
            flow.send, flow.is_connected = face.socket.send, True
            return True
        if face.connected is not None:
            disconnect(face.socket)
            face.connected.send, face.connected.is_connected = face.socket.sendto, False
            face.connected = None
        flow.send, flow.is_connected = face.socket.sendto, False
        return True

    def detach(self, flow: Flow) -> None:
        """The flow is over. Its socket may stay connected: without a flow, what comes in is dropped and counted."""
        faces = self._faces.get(flow.group)
        face = None if faces is None else faces.by_version.get(flow.address.version)
        if face is not None:
            face.flows -= 1
            if face.connected is flow:
                face.connected = None
                disconnect(face.socket)

    def _face(self, group: SocketGroup, ip_version: int) -> _Face | None:
        opened = self._faces[group].by_version.get(ip_version) or self._open_family(group, ip_version)
        return None if isinstance(opened, OSError) else opened

    def watch_again(self, group: SocketGroup, opened: socket.socket) -> None:
        """After a socket's error was read: libuv stops watching a socket whose error it has reported."""
        faces = self._faces.get(group)
        for face in faces.by_version.values() if faces is not None else ():
            if face.socket is opened:
                self._loop.remove_reader(opened.fileno())
                self._loop.add_reader(opened.fileno(), partial(self._readable, group, face))

    def _readable(self, group: SocketGroup, face: _Face) -> None:
        self._on_readable(group, face.socket, face.connected)

    def _open_family(self, group: SocketGroup, ip_version: int) -> _Face | OSError:
        name = GameName(ip_version, group.egress_port, group.session.cid)
        claims = self._claims
        claimed = None if claims is None else claims.claim(name, self._bind[ip_version])
        if claimed is not None:
            return self._add_face(group, ip_version, claimed)
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
        except OSError as error:  # taken by another program, no such family here, or out of descriptors
            if made is not None:
                made.close()
            return error
        if claims is not None:
            claims.keep(name, made)
        return self._add_face(group, ip_version, made)

    def _add_face(self, group: SocketGroup, ip_version: int, opened: socket.socket) -> _Face:
        face = self._faces[group].by_version[ip_version] = _Face(opened)
        self._loop.add_reader(opened.fileno(), partial(self._readable, group, face))
        return face

    def close(self, group: SocketGroup) -> None:
        """Close the group's sockets and give the port back."""
        faces = self._faces.pop(group, None)
        if faces is None:
            return
        for ip_version, face in faces.by_version.items():
            self._loop.remove_reader(face.socket.fileno())
            if self._claims is None:
                face.socket.close()
            else:
                self._claims.drop(GameName(ip_version, group.egress_port, group.session.cid), face.socket)
        self._ports.release(group.egress_port)

    def _close_unclaimed(self) -> None:
        """Nobody came back for these."""
        if self._claims is not None:
            in_use = {group.egress_port for group in self._faces}
            for port in self._claims.close_unclaimed() - in_use:
                self._ports.release(port)

    def close_all(self) -> None:
        """The process ends."""
        for group in list(self._faces):
            self.close(group)
        if self._closing_unclaimed is not None:
            self._closing_unclaimed.cancel()
            self._close_unclaimed()


def _connected(opened: socket.socket, flow: Flow) -> bool:
    """Connect to the flow's destination, and throw away what anybody has sent to the port before."""
    if not CAN_DISCONNECT:
        return False
    try:
        opened.connect(flow.destination)
    except OSError:  # no route just now: each datagram will say so
        return False
    try:
        while True:
            opened.recv(1)
    except OSError:  # empty
        return True
