"""The UDP socket to one relay: drained in bounded batches, re-opened when the network changes, unmoved by ICMP errors."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from plg.protocol.mask import HeaderMask

DRAIN_LIMIT: Final = 64
"""Implementation. Datagrams taken per wake-up: more would keep the game's own packets waiting."""
MAX_DATAGRAM: Final = 2048
"""Bytes; a relay sends at most 1400 and anything longer is not its own."""
RECEIVE_BUFFER_BYTES: Final = 1 << 20
"""Implementation. About two seconds of the widest session while the process waits for a core."""

Receive = Callable[[bytes], None]
SocketPreparation = Callable[[socket.socket], None]
"""Applied to every socket before use: marks it, so that the capture never takes the tunnel's own packets."""


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where the relay listens, as a numeric address."""

    host: str
    port: int
    family: socket.AddressFamily


class DatagramPath(Protocol):
    """What a session needs of the way to its relay."""

    def start(self, receive: Receive) -> None:
        """Begin to hand over what arrives."""

    def send(self, datagram: bytes) -> None:
        """Send now, or count why not. Never raises for the network."""

    def follow_network(self, *, force: bool = False) -> bool:
        """Open a new socket when this machine's way to the relay has changed, or always with `force`. True when it did."""

    def close(self) -> None: ...


@dataclass(slots=True)
class PathCounters:
    """Since the path was made."""

    send_errors: int = 0
    receive_errors: int = 0
    foreign: int = 0
    reopened: int = 0


async def find_relay(host: str, port: int) -> RelayAddress:
    """Look the relay's name up. Raises OSError when there is no such name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, _, _, _, address = found[0]
    return RelayAddress(str(address[0]), int(address[1]), family)


class RelayPath:
    """A connected socket: the kernel drops what does not come from the relay's address and port.

    `mask` hides the header of every datagram when the relay asks for it.
    """

    def __init__(
        self, relay: RelayAddress, *, prepare: SocketPreparation | None = None, mask: HeaderMask | None = None
    ) -> None:
        """Raises OSError when there is no way to the relay at all."""
        self.relay = relay
        self.counters = PathCounters()
        self._prepare = prepare
        self._mask = mask
        self._receive: Receive | None = None
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = self._open()

    @property
    def local_address(self) -> tuple[str, int] | None:
        """This machine's end, None while there is no network."""
        if self._socket is None:
            return None
        name = self._socket.getsockname()
        return str(name[0]), int(name[1])

    def start(self, receive: Receive) -> None:
        self._receive = receive
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._drain)

    def send(self, datagram: bytes) -> None:
        if self._mask is not None:
            masked = self._mask.apply(datagram)
            if masked is None:
                self.counters.send_errors += 1
                return
            datagram = masked
        if self._socket is None:
            self.counters.send_errors += 1
            return
        try:
            self._socket.send(datagram)
        except ConnectionRefusedError:
            # The ICMP answer to an earlier datagram (the relay restarts): this one was not sent, so send it again.
            self.counters.receive_errors += 1
            self._send_again(datagram)
        except OSError:  # full buffer, network unreachable, address gone: the session's own timers notice and mend it
            self.counters.send_errors += 1

    def _send_again(self, datagram: bytes) -> None:
        try:
            if self._socket is not None:
                self._socket.send(datagram)
        except OSError:
            self.counters.send_errors += 1

    def follow_network(self, *, force: bool = False) -> bool:
        current = self.local_address
        if not force and current is not None and self._route_source() in {current[0], None}:
            return False
        try:
            fresh = self._open()
        except OSError:
            return False  # no network at this moment: the old socket may still be the right one later
        self._drop_socket()
        self._socket = fresh
        self.counters.reopened += 1
        if self._receive is not None:
            self._loop.add_reader(fresh, self._drain)
        return True

    def close(self) -> None:
        self._drop_socket()
        self._receive = None

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        opened = socket.socket(self.relay.family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            if self._prepare is not None:
                self._prepare(opened)
            opened.connect((self.relay.host, self.relay.port))
        except BaseException:
            opened.close()
            raise
        return opened

    def _route_source(self) -> str | None:
        """The local address that the kernel would use for the relay now; None when there is no way."""
        try:
            with self._open() as trial:
                return str(trial.getsockname()[0])
        except OSError:
            return None

    def _drain(self) -> None:
        opened, receive = self._socket, self._receive
        if opened is None or receive is None:
            return
        failed = False
        for _ in range(DRAIN_LIMIT):
            try:
                datagram = opened.recv(MAX_DATAGRAM)
            except BlockingIOError:
                break
            except OSError:  # ICMP: port unreachable while the relay restarts, host unreachable while a link is down
                self.counters.receive_errors += 1
                failed = True
                continue
            if self._mask is not None:
                unmasked = self._mask.apply(datagram)
                if unmasked is None:
                    self.counters.foreign += 1
                    continue
                datagram = unmasked
            receive(datagram)
            if self._socket is not opened:
                return  # what it said closed or replaced the socket
        if failed:  # libuv stops watching a socket whose error it has reported
            self._loop.remove_reader(opened)
            self._loop.add_reader(opened, self._drain)
