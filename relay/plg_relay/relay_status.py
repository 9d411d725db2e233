"""How the relay is doing, for heartbeats, health and metrics: rates are differences between two looks."""

import time
from collections.abc import Mapping

from plg.contract.relay_control import HeartbeatRequest, RegionMeasurement, RelayHealth
from plg_relay.plane import Plane, PlaneStatus

MAX_REPORTED_DROPS = 64
RATE_MIN_INTERVAL_S = 1.0
"""Two looks closer together than this share one rate: a short interval would only measure noise."""


class RelayStatus:
    """Knows the plane and who we are; `measurements` is filled by the game probes."""

    def __init__(
        self,
        plane: Plane,
        *,
        node_id: str,
        boot_id: str,
        version: str,
        max_sessions: int,
        started_s: float,
        mask: bool = False,
        restarts: Mapping[str, int] | None = None,
        web_ping_url: str | None = None,
        web_pings: Mapping[str, int] | None = None,
    ) -> None:
        """`restarts`: how often this relay's process was started again, by reason; nothing without a keeper.

        `web_ping_url`: where browsers measure us; `web_pings` counts what they asked there, by outcome, while it is looked at.
        """
        self.plane = plane
        self.node_id = node_id
        self.boot_id = boot_id
        self.version = version
        self.max_sessions = max_sessions
        self.mask = mask
        self.restarts = dict(restarts or {})
        self.web_ping_url = web_ping_url
        self.web_pings: Mapping[str, int] = {} if web_pings is None else web_pings
        self._started_s = started_s
        self._last: tuple[float, PlaneStatus] = (started_s, PlaneStatus())
        self._rates = (0.0, 0.0, 0.0)

    def uptime_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started_s

    def rates(self, status: PlaneStatus) -> tuple[float, float, float]:
        """Packets/s, kbit/s (both ways together, as exit and as transit) and percent of one processor since the last look."""
        now_s = time.monotonic()
        then_s, before = self._last
        elapsed_s = now_s - then_s
        if elapsed_s >= RATE_MIN_INTERVAL_S:
            self._rates = (
                max(_packets(status) - _packets(before), 0) / elapsed_s,
                max(_bytes(status) - _bytes(before), 0) * 8 / 1000 / elapsed_s,
                max(status.cpu_s - before.cpu_s, 0.0) / elapsed_s * 100,
            )
            self._last = (now_s, status)
        return self._rates

    async def heartbeat(self, profiles_etag: str, measurements: list[RegionMeasurement]) -> HeartbeatRequest:
        """The body of the next heartbeat."""
        status = await self.plane.status()
        packets_per_second, kbit_per_second, cpu_percent = self.rates(status)
        worst_drops = sorted(status.drops.items(), key=lambda item: -item[1])[:MAX_REPORTED_DROPS]
        return HeartbeatRequest(
            boot_id=self.boot_id,
            version=self.version,
            draining=status.draining,
            sessions=status.sessions,
            max_sessions=self.max_sessions,
            packets_per_second=packets_per_second,
            kbit_per_second=kbit_per_second,
            cpu_percent=cpu_percent,
            loop_lag_ms=status.loop_lag_ms,
            drops=dict(worst_drops),
            profiles_etag=profiles_etag,
            mask=self.mask,
            web_ping_url=self.web_ping_url,
            measurements=measurements,
        )

    async def health(self) -> RelayHealth:
        """The answer of the control API's health route."""
        status = await self.plane.status()
        packets_per_second, kbit_per_second, _ = self.rates(status)
        state = "draining" if status.draining else "full" if status.sessions >= self.max_sessions else "up"
        return RelayHealth(
            status=state,
            version=self.version,
            boot_id=self.boot_id,
            node_id=self.node_id,
            draining=status.draining,
            sessions=status.sessions,
            max_sessions=self.max_sessions,
            workers=self.plane.workers,
            packets_per_second=packets_per_second,
            kbit_per_second=kbit_per_second,
            loop_lag_ms=status.loop_lag_ms,
            uptime_s=self.uptime_s(),
            drops=status.drops,
            transits=status.transits,
        )


def _packets(status: PlaneStatus) -> int:
    return status.packets_up + status.packets_down + status.transit_packets_up + status.transit_packets_down


def _bytes(status: PlaneStatus) -> int:
    return status.bytes_up + status.bytes_down + status.transit_bytes_up + status.transit_bytes_down
