"""Reading a UDP socket from an asyncio loop of either kind: `add_reader` where the loop has it, a task where it has not
(Windows' standard loop). A bounded number of datagrams a wake-up, so that the loop stays fair."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

BATCH_DATAGRAMS = 64
"""Read at one wake-up before the event loop does something else."""

MAX_DATAGRAM_BYTES = 65535

RETRY_S = 0.01
"""Pause of the task after an error, so that a socket which only errs cannot spin."""


class DatagramReader:
    """Calls `on_datagram(payload, address)` for each datagram and `on_error()` when the system reports one, until `close`.

    The socket stays the caller's. `use_task` forces the way without `add_reader`.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_datagram: Callable[[bytes, tuple[str, int]], None],
        on_error: Callable[[], None],
        *,
        use_task: bool = False,
    ) -> None:
        self._socket = sock
        self._on_datagram = on_datagram
        self._on_error = on_error
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        if not use_task:
            try:
                self._loop.add_reader(sock, self._drain)
            except NotImplementedError:
                use_task = True
        if use_task:
            self._task = self._loop.create_task(self._read(), name="datagram reader")

    def _drain(self) -> None:
        for _ in range(BATCH_DATAGRAMS):
            try:
                payload, address = self._socket.recvfrom(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                # An answer "port unreachable" to something that we sent; the next datagram is readable.
                self._on_error()
                return
            self._on_datagram(payload, (str(address[0]), int(address[1])))
            if self._socket.fileno() < 0:
                return  # the callback closed us

    async def _read(self) -> None:
        while True:
            try:
                payload, address = await self._loop.sock_recvfrom(self._socket, MAX_DATAGRAM_BYTES)
            except OSError:
                if self._socket.fileno() < 0:
                    return
                self._on_error()
                await asyncio.sleep(RETRY_S)
                continue
            self._on_datagram(payload, (str(address[0]), int(address[1])))

    def close(self) -> None:
        """Stop reading. Call it before closing the socket; may be called twice."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        elif self._socket.fileno() >= 0 and not self._loop.is_closed():
            with contextlib.suppress(NotImplementedError):
                self._loop.remove_reader(self._socket)
