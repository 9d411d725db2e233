"""A bad UDP line inside this process: no rights, any operating system, repeatable.

    player --> proxy address  ==up==>  target
           <--                <==down==

It stands in for a path when there are no namespaces: whoever should see the path is told the proxy's address. Timers of
asyncio are good for about a millisecond, which is enough for lines of tens of milliseconds.
"""

import asyncio
from types import TracebackType
from typing import Self

from plg.lab.impairment import ImpairedDirection, Impairment, Schedule

Address = tuple[str, int]

MAX_PLAYERS = 64
"""Source addresses that one proxy serves; packets from further ones are counted as refused."""

MAX_WAITING = 64
"""Packets kept for a player while the socket towards the target is being made."""


class ImpairmentProxy:
    """One path, both directions. Use it as an async context manager; change `up.impairment` and `down.impairment` freely.

    `bind` port 0 takes a free port; `address` tells which. Each player gets a source port of its own towards the target, so
    that replies find the way back.
    """

    def __init__(
        self,
        target: Address,
        *,
        up: Impairment | None = None,
        down: Impairment | None = None,
        seed: int = 1,
        bind: Address = ("127.0.0.1", 0),
    ) -> None:
        self.target = target
        self.up = ImpairedDirection(up or Impairment(), seed)
        self.down = ImpairedDirection(down or Impairment(), seed + 1)
        self.refused = 0
        self._bind = bind
        self._front: asyncio.DatagramTransport | None = None
        self._players: dict[Address, _Player] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._schedule: Schedule[tuple[asyncio.DatagramTransport, Address | None, bytes]] = Schedule()

    @property
    def address(self) -> Address:
        """Where players send to."""
        if self._front is None:
            raise RuntimeError("the proxy is not open: use it in an async with block")
        host, port = self._front.get_extra_info("sockname")[:2]
        return str(host), int(port)

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(lambda: _Front(self), local_addr=self._bind)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._front is not None:
            self._front.close()
        if self._tasks is not None:
            await self._tasks.__aexit__(None, None, None)
            self._tasks = None
        for player in self._players.values():
            if player.transport is not None:
                player.transport.close()
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.sleep(0)  # transports let go of their sockets in the loop's next turn

    def from_player(self, payload: bytes, source: Address) -> None:
        """A packet from the player's side."""
        player = self._players.get(source)
        if player is None:
            if len(self._players) >= MAX_PLAYERS or self._tasks is None:
                self.refused += 1
                return
            player = self._players[source] = _Player(self, source)
            self._tasks.create_task(self._connect(player))
        if player.transport is None:
            if len(player.waiting) < MAX_WAITING:
                player.waiting.append(payload)
            return
        self._send_up(player.transport, payload)

    def from_target(self, payload: bytes, player: Address) -> None:
        """A packet from the target's side."""
        if self._front is not None:
            self._enter(self.down, self._front, player, payload)

    async def _connect(self, player: "_Player") -> None:
        loop = asyncio.get_running_loop()
        player.transport, _ = await loop.create_datagram_endpoint(lambda: player, remote_addr=self.target)
        waiting, player.waiting = player.waiting, []
        for payload in waiting:
            self._send_up(player.transport, payload)

    def _send_up(self, transport: asyncio.DatagramTransport, payload: bytes) -> None:
        self._enter(self.up, transport, None, payload)

    def _enter(
        self,
        direction: ImpairedDirection,
        transport: asyncio.DatagramTransport,
        destination: Address | None,
        payload: bytes,
    ) -> None:
        now_s = asyncio.get_running_loop().time()
        for due_s in direction.deliveries(len(payload), now_s):
            self._schedule.add(due_s, (transport, destination, payload))
        self._deliver_due()

    def _deliver_due(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for transport, destination, payload in self._schedule.take_due(loop.time()):
            if not transport.is_closing():
                transport.sendto(payload, destination)
        next_due_s = self._schedule.next_due_s()
        if next_due_s is not None:
            self._timer = loop.call_at(next_due_s, self._deliver_due)


class _Front(asyncio.DatagramProtocol):
    """The socket that players send to."""

    def __init__(self, proxy: ImpairmentProxy) -> None:
        self._proxy = proxy

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._proxy.from_player(data, (addr[0], addr[1]))


class _Player(asyncio.DatagramProtocol):
    """One player, and the socket towards the target that stands for it."""

    def __init__(self, proxy: ImpairmentProxy, source: Address) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.waiting: list[bytes] = []
        self._proxy = proxy
        self._source = source

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 - asyncio's signature
        self._proxy.from_target(data, self._source)
