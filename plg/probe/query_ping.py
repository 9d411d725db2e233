"""Round trips to a game server by its own query protocol, over any carrier: the direct way, or a session with a relay."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final, Protocol

from plg.probe.game_query import MAX_ANSWER_BYTES, GameQuery, QueryProtocol, ServerAnswer, make_query

ANSWER_TIMEOUT_S: Final = 1.0
"""Implementation. No playable server is further away; what comes later counts as lost."""
_DRAIN_LIMIT: Final = 64

Receive = Callable[[bytes], None]
SocketPreparation = Callable[[socket.socket], None]
"""Applied to every socket before use: the tunnel marks it, so that a running capture lets it pass."""


class QueryCarrier(Protocol):
    """Takes datagrams to one game server and hands over what it answers."""

    def start(self, receive: Receive) -> None:
        """Begin to hand over what arrives."""

    def send(self, datagram: bytes) -> None:
        """Send now. Never raises for the network."""

    def change_port(self) -> None:
        """Ask from another port from now on: what still comes to the old one is not handed over."""

    def close(self) -> None: ...


class QueryPing:
    """Asks one question at a time."""

    def __init__(self, protocol: QueryProtocol, carrier: QueryCarrier) -> None:
        self._query: GameQuery = make_query(protocol)
        self._carrier = carrier
        self._answered: asyncio.Event = asyncio.Event()
        self._answered_at_s = 0.0
        carrier.start(self._receive)

    @property
    def answer(self) -> ServerAnswer | None:
        """What the server said of itself, once it has."""
        return self._query.answer

    async def ask(self, timeout_s: float = ANSWER_TIMEOUT_S) -> float | None:
        """One round trip in milliseconds, None when nothing came in time."""
        self._answered.clear()
        question = self._query.request()
        sent_at_s = time.perf_counter()
        self._carrier.send(question)
        try:
            async with asyncio.timeout(timeout_s):
                await self._answered.wait()
        except TimeoutError:
            # A late answer must not pass for a quick one to the next question.
            self._carrier.change_port()
            return None
        return (self._answered_at_s - sent_at_s) * 1000

    def close(self) -> None:
        self._carrier.close()

    def _receive(self, datagram: bytes) -> None:
        arrived_at_s = time.perf_counter()
        if self._query.read(datagram):
            self._answered_at_s = arrived_at_s
            self._answered.set()


class UdpCarrier:
    """The direct way: a connected socket, so that the kernel drops what others send."""

    def __init__(
        self,
        host: str,
        port: int,
        family: socket.AddressFamily = socket.AF_INET,
        *,
        prepare: SocketPreparation | None = None,
    ) -> None:
        """`host` is a numeric address. Raises OSError when there is no way there at all."""
        self._address = (host, port)
        self._family = family
        self._prepare = prepare
        self._receive: Receive | None = None
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = self._open()

    def start(self, receive: Receive) -> None:
        self._receive = receive
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._drain)

    def send(self, datagram: bytes) -> None:
        for _attempt in range(2):  # the first may bring the ICMP error of an earlier datagram, and is then not sent
            try:
                if self._socket is not None:
                    self._socket.send(datagram)
            except ConnectionRefusedError:
                continue
            except OSError:
                return  # no route, or a full buffer: the question counts as lost
            return

    def change_port(self) -> None:
        try:
            fresh = self._open()
        except OSError:
            return  # no network at this moment: the old socket may do again later
        self.close()
        self._socket = fresh
        if self._receive is not None:
            self._loop.add_reader(fresh, self._drain)

    def close(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        opened = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            if self._prepare is not None:
                self._prepare(opened)
            opened.connect(self._address)
        except BaseException:
            opened.close()
            raise
        return opened

    def _drain(self) -> None:
        for _ in range(_DRAIN_LIMIT):
            if self._socket is None or self._receive is None:
                return
            try:
                datagram = self._socket.recv(MAX_ANSWER_BYTES + 1)
            except BlockingIOError:
                return
            except OSError:  # port unreachable: nobody is there, or not yet
                continue
            self._receive(datagram)
