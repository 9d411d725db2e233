"""The relay's own measurements to hosts near game servers, which the server names and hears about in heartbeats.

Where this machine has no right to measure a target it stays out of the report: "not measured" is not "lost". One round says
little, so the report is a moving average over the rounds of the last quarter of an hour, with their 95th percentile.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from plg.contract.relay_control import ProbeTarget, RegionMeasurement
from plg.probe.direct_ping import measure

PERIOD_S: Final = 60.0
AT_ONCE: Final = 8
"""Targets measured at the same time: the measurement must not disturb the traffic it is about."""

MAX_TARGETS: Final = 256
STALE_AFTER_S: Final = 900.0
NEWEST_SHARE: Final = 0.4
"""How much the newest round counts: a change of route is nine tenths told after five rounds, one odd round is damped."""

ROUNDS: Final = 15
LEAST_FOR_P95: Final = 5
SILENT_ROUNDS: Final = 3
"""A target that answered none of its last rounds is told as silent; fewer may be chance."""


@dataclass(slots=True)
class TargetHistory:
    """The rounds of one target: when (monotonic seconds), median (None: no answer) and loss."""

    rounds: deque[tuple[float, float | None, float]] = field(default_factory=lambda: deque(maxlen=ROUNDS))

    def figure(self, target_id: str, now_s: float) -> RegionMeasurement | None:
        """What they say together; None when all are too old."""
        fresh = [entry for entry in self.rounds if now_s - entry[0] < STALE_AFTER_S]
        if not fresh:
            return None
        answered = [(at_s, rtt_ms) for at_s, rtt_ms, _ in fresh if rtt_ms is not None]
        loss_percent = sum(loss for _, _, loss in fresh) / len(fresh)
        if all(rtt_ms is None for _, rtt_ms, _ in fresh[-SILENT_ROUNDS:]):
            return RegionMeasurement(target_id=target_id, rtt_ms=None, loss_percent=loss_percent)
        smooth_ms = answered[0][1]
        for _, rtt_ms in answered[1:]:
            smooth_ms += NEWEST_SHARE * (rtt_ms - smooth_ms)
        ordered = sorted(rtt_ms for _, rtt_ms in answered)
        p95_ms = max(smooth_ms, ordered[int(len(ordered) * 0.95)]) if len(ordered) >= LEAST_FOR_P95 else None
        return RegionMeasurement(
            target_id=target_id,
            rtt_ms=smooth_ms,
            loss_percent=loss_percent,
            rtt_p95_ms=p95_ms,
            age_s=round(now_s - answered[-1][0], 1),
        )


class GameProbes:
    """Measures each target once a minute until cancelled."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        self._period_s = period_s
        self._targets: dict[str, ProbeTarget] = {}
        self._results: dict[str, TargetHistory] = {}
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
        now_s = time.monotonic()
        figures = [history.figure(target_id, now_s) for target_id, history in self._results.items()]
        return [figure for figure in figures if figure is not None]

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
                ping = await measure(target.host, target.method, target.port)
                # None: this machine cannot measure it at all (no right, unknown method).
                if ping.method is not None and target.target_id in self._targets:
                    history = self._results.setdefault(target.target_id, TargetHistory())
                    history.rounds.append((time.monotonic(), ping.rtt_ms, ping.loss_percent))

        async with asyncio.TaskGroup() as group:
            for target in self._targets.values():
                group.create_task(one(target))
