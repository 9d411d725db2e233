"""Hears from the kernel when interfaces or addresses come and go. Linux only."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from plg.capture.linux_links import RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR, RTMGRP_LINK
from plg.capture.netlink import NETLINK_ROUTE, RECEIVE_BYTES

SETTLE_S = 0.2
"""A new interface announces itself several times (made, named, up, addressed): wait for the last word."""

MAX_READS = 32
"""Announcements taken at one wake-up."""


class LinkMonitor:
    """Calls `on_change` on the running loop, once, SETTLE_S after a burst of changes. Owns a socket until `close`."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        try:
            self._socket.setblocking(False)
            self._socket.bind((0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR))
            self._loop.add_reader(self._socket, self._hear)
        except BaseException:
            self._socket.close()
            raise

    def _hear(self) -> None:
        # ENOBUFS means that announcements were lost: also a reason to look.
        with contextlib.suppress(OSError):
            for _ in range(MAX_READS):
                self._socket.recv(RECEIVE_BYTES)
        if self._timer is None:
            self._timer = self._loop.call_later(SETTLE_S, self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._on_change()

    def close(self) -> None:
        """May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket.fileno() >= 0:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._socket)
            self._socket.close()
