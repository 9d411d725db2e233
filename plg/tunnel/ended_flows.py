"""Notices that the game has closed a socket: a flow that was alive before `plg connect` has then ended, however shortly ago."""

import sys
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

MAX_PORTS: Final = 32
"""Implementation. Each costs a look at the system's table of sockets; a game has a few. For others the pause decides."""
LOOK_EVERY_S: Final = 1.0

SocketOf = Callable[[int], object | None]
"""Something that stays equal as long as the socket on a local UDP port lives; None when there is none."""


class EndedFlows:
    """Watches the sockets on `ports` as they are now."""

    def __init__(self, ports: Iterable[int], socket_of: SocketOf) -> None:
        self._socket_of = socket_of
        known = {port: socket_of(port) for port in islice(ports, MAX_PORTS)}
        self._sockets = {port: found for port, found in known.items() if found is not None}

    def __len__(self) -> int:
        """How many are still watched."""
        return len(self._sockets)

    def closed(self) -> list[int]:
        """Ports whose socket is gone, or another one by now; each is told once."""
        gone = [port for port, found in self._sockets.items() if self._socket_of(port) != found]
        for port in gone:
            del self._sockets[port]
        return gone


def system_sockets() -> SocketOf:
    """This system's table of UDP sockets."""
    from plg.capture.process_ports import LinuxPortScanner, PsutilPortScanner

    return LinuxPortScanner(()).socket_of if sys.platform.startswith("linux") else PsutilPortScanner(()).socket_of
