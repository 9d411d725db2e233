"""Pings on the direct way from a machine whose game packets are captured: marked, so that the capture lets them pass."""

import asyncio
import socket
from typing import Final

from plg.probe.direct_ping import DirectPing, SocketPreparation, measure
from plg.tunnel.clock import Clock
from plg.tunnel.counterfactual import GATE_INTERVAL_S, DirectTarget

NAME_KEPT_S: Final = 600.0
"""Implementation. A name is looked up again after so long, not with every ping: a resolver may be far away."""


class DirectPinger:
    """Measures targets; remembers what their names stand for."""

    def __init__(self, clock: Clock, prepare: SocketPreparation) -> None:
        self._clock = clock
        self._prepare = prepare
        self._host = ""
        self._address = ""
        self._until_s = float("-inf")

    async def measure(self, target: DirectTarget, pings: int) -> DirectPing:
        """So many pings. Never raises for the network, a name without address, or missing rights."""
        try:
            address = await self._find(target.host)
        except OSError:
            return DirectPing(None, None, 100.0, None, "name not known")
        return await measure(
            address, target.method, target.port, pings=pings, interval_s=GATE_INTERVAL_S, prepare=self._prepare
        )

    async def _find(self, host: str) -> str:
        now = self._clock.time()
        if host != self._host or now >= self._until_s:
            found = await asyncio.get_running_loop().getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
            self._host, self._address, self._until_s = host, str(found[0][4][0]), now + NAME_KEPT_S
        return self._address
