"""The relay's own measurements to hosts near game servers, which the server names and hears about in heartbeats.

Where this machine has no right to measure a target it stays out of the report: "not measured" is not "lost".
"""

import asyncio
import time
from contextlib import suppress
from typing import Final

from plg.contract.relay_control import ProbeTarget, RegionMeasurement
from plg.probe.direct_ping import measure

PERIOD_S: Final = 60.0
AT_ONCE: Final = 8
"""Targets measured at the same time: the measurement must not disturb the traffic it is about."""

MAX_TARGETS: Final = 256
STALE_AFTER_S: Final = 900.0


class GameProbes:
    """Measures each target once a minute until cancelled."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        self._period_s = period_s
        self._targets: dict[str, ProbeTarget] = {}
        self._results: dict[str, tuple[float, RegionMeasurement]] = {}
        self._changed = asyncio.Event()

    def set_targets(self, targets: list[ProbeTarget]) -> None:
        """The server's list as of now; results of others are forgotten."""
        wanted = {target.target_id: target for target in targets[:MAX_TARGETS]}
        if wanted != self._targets:
            self._targets = wanted
            self._results = {key: value for key, value in self._results.items() if key in wanted}
            self._changed.set()

    def measurements(self) -> list[RegionMeasurement]:
        """What is known and not older than 15 minutes."""
        oldest_s = time.monotonic() - STALE_AFTER_S
        return [result for at_s, result in self._results.values() if at_s >= oldest_s]

    async def run(self) -> None:
        """Measure now, then each period, and at once when the targets change."""
        while True:
            self._changed.clear()
            await self._round()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period_s):
                    await self._changed.wait()

    async def _round(self) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(target: ProbeTarget) -> None:
            async with gate:
                result = await _measure(target)
                if result is not None and target.target_id in self._targets:
                    self._results[target.target_id] = (time.monotonic(), result)

        async with asyncio.TaskGroup() as group:
            for target in self._targets.values():
                group.create_task(one(target))


async def _measure(target: ProbeTarget) -> RegionMeasurement | None:
    """One target's figure; None when this machine cannot measure it at all (no right, unknown method)."""
    ping = await measure(target.host, target.method, target.port)
    if ping.method is None:
        return None
    return RegionMeasurement(target_id=target.target_id, rtt_ms=ping.rtt_ms, loss_percent=ping.loss_percent)
