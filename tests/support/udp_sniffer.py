"""A UDP forwarder that keeps what it passes on: the eyes of somebody on the path between player and relay."""

import selectors
import socket
import threading
from types import TracebackType
from typing import Self

Address = tuple[str, int]
LONGEST = 4096


class UdpSniffer:
    """Stands before `target` on loopback. `up` and `down` are the datagrams of each way, in order, as they were on the wire.

    Each source gets a socket of its own towards the target, so that answers find the way back.
    """

    def __init__(self, target: Address) -> None:
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self._target = target
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self.port = int(self._front.getsockname()[1])
        self._back: dict[Address, socket.socket] = {}
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._front, selectors.EVENT_READ, None)
        self._ending, self._end = socket.socketpair()
        self._readable.register(self._ending, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.send(b"x")
        self._thread.join()
        self._readable.close()
        for opened in (self._front, self._ending, self._end, *self._back.values()):
            opened.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._readable.select():
                if key.fileobj is self._ending:
                    return
                try:
                    self._pass_down(key.data) if key.data is not None else self._pass_up()
                except OSError:  # "port unreachable" of an end that is not there (any more)
                    continue

    def _pass_up(self) -> None:
        datagram, source = self._front.recvfrom(LONGEST)
        back = self._back.get(source)
        if back is None:
            back = self._back[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            back.connect(self._target)
            self._readable.register(back, selectors.EVENT_READ, source)
        self.up.append(datagram)
        back.send(datagram)

    def _pass_down(self, source: Address) -> None:
        datagram = self._back[source].recv(LONGEST)
        self.down.append(datagram)
        self._front.sendto(datagram, source)
