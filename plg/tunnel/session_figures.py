"""The metrics that a session hands in when it ends: sums of what it carried, medians over its windows of 10 s. Pure."""

from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Final

from plg.contract.sessions import Mode, PathMetrics, StopSessionRequest
from plg.protocol.constants import METER_WINDOW_S
from plg.protocol.path_meter import PathNumbers
from plg.tunnel.engine import EngineCounters

MAX_WINDOWS: Final = 8640
"""Implementation. A day of windows; older ones are thinned out by halves, so that a long session stays small."""

PERIOD_S: Final = METER_WINDOW_S
"""Windows must not overlap."""


@dataclass(slots=True)
class SessionEvidence:
    """What a session saw beside its counts; None where it saw nothing."""

    measured_total_ms: float | None = None
    measured_target: str | None = None
    direct_ms: float | None = None
    saved_up: int = 0
    saved_down: int = 0
    exit_switches: int = 0
    mode: Mode | None = None


class SessionFigures:
    """One session's own share of what the engine counts over the tunnel's life."""

    def __init__(self, counters: EngineCounters, leaked: int, now: float) -> None:
        self._began_s = now
        self._counters = counters
        self._at_start = replace(counters)
        self._leaked_at_start = leaked
        self._windows: dict[int, list[PathNumbers]] = {}
        self.evidence = SessionEvidence()

    def add(self, path: int, numbers: PathNumbers) -> None:
        """One window's numbers of one path, every PERIOD_S."""
        if not numbers.samples:
            return
        windows = self._windows.setdefault(path, [])
        if len(windows) >= MAX_WINDOWS:
            del windows[::2]
        windows.append(numbers)

    def summary(self, reason: str, leaked: int, now: float) -> StopSessionRequest:
        """The body of POST /v1/sessions/{id}/stop."""
        then, counters = self._at_start, self._counters
        return StopSessionRequest(
            seconds=max(0.0, now - self._began_s),
            packets_up=counters.packets_up - then.packets_up,
            packets_down=counters.packets_down - then.packets_down,
            bytes_up=counters.bytes_up - then.bytes_up,
            bytes_down=counters.bytes_down - then.bytes_down,
            leaked=max(0, leaked - self._leaked_at_start),
            paths=[self._path(path) for path in sorted(self._windows)],
            reason=reason,
            measured_total_ms=self.evidence.measured_total_ms,
            measured_target=self.evidence.measured_target,
            direct_ms=self.evidence.direct_ms,
            saved_up=self.evidence.saved_up,
            saved_down=self.evidence.saved_down,
            exit_switches=self.evidence.exit_switches,
            mode=self.evidence.mode,
        )

    def _path(self, path: int) -> PathMetrics:
        windows = self._windows[path]
        jitters = [
            max(window.jitter_up_ms or 0.0, window.jitter_down_ms or 0.0)
            for window in windows
            if window.jitter_up_ms is not None or window.jitter_down_ms is not None
        ]
        return PathMetrics(
            path=path,
            rtt_ms_p50=_middle([window.rtt_ms for window in windows]),
            rtt_ms_p95=_middle([window.rtt_ms_p95 for window in windows]),
            jitter_ms=median(jitters) if jitters else None,
            loss_up_percent=_mean([window.loss_up_percent for window in windows]),
            loss_down_percent=_mean([window.loss_down_percent for window in windows]),
        )


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
