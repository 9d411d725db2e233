"""Rates, heartbeats and health from one plane."""

import time

from plg.contract.relay_control import RegionMeasurement, RegisterSessionRequest, RelaySessionInfo, RelayTransitInfo
from plg_relay.plane import PlaneStatus
from plg_relay.policy import Policy
from plg_relay.relay_status import MAX_REPORTED_DROPS, RATE_MIN_INTERVAL_S, RelayStatus


class StillPlane:
    """A plane whose numbers the test sets."""

    workers = 2

    def __init__(self) -> None:
        self.now = PlaneStatus()

    async def run(self) -> None:
        return

    async def status(self) -> PlaneStatus:
        return self.now

    async def sessions(self) -> list[RelaySessionInfo]:
        return []

    async def transits(self) -> list[RelayTransitInfo]:
        return []

    async def register(self, request: RegisterSessionRequest) -> None:
        return

    async def end_session(self, cid: int) -> bool:
        return False

    async def apply_policy(self, policy: Policy) -> None:
        return

    async def drain(self, seconds: int) -> None:
        return


def a_status(plane: StillPlane, started_s: float | None = None, *, mask: bool = False) -> RelayStatus:
    started_s = time.monotonic() if started_s is None else started_s
    return RelayStatus(
        plane, node_id="n", boot_id="ab" * 8, version="1", max_sessions=10, started_s=started_s, mask=mask
    )


async def test_rates_are_differences_over_time() -> None:
    plane = StillPlane()
    status = a_status(plane, time.monotonic() - 10.0)
    plane.now = PlaneStatus(packets_up=600, packets_down=400, bytes_up=100_000, bytes_down=25_000, cpu_s=1.0)
    packets, kbit, cpu = status.rates(plane.now)
    assert 99 <= packets <= 100.1
    assert 99 <= kbit <= 100.1
    assert 9.9 <= cpu <= 10.1
    assert status.rates(PlaneStatus()) == (packets, kbit, cpu), f"no new look within {RATE_MIN_INTERVAL_S} s"


async def test_what_is_forwarded_for_other_relays_is_load_too_and_shown_in_health() -> None:
    plane = StillPlane()
    status = a_status(plane, time.monotonic() - 10.0)
    plane.now = PlaneStatus(
        packets_up=100, transit_packets_up=500, transit_packets_down=400, transit_bytes_up=100_000,
        transit_bytes_down=25_000, transits=7,
    )  # fmt: skip
    beat = await status.heartbeat("", [])
    assert 99 <= beat.packets_per_second <= 100.1
    assert 99 <= beat.kbit_per_second <= 100.1
    assert (await status.health()).transits == 7


async def test_a_heartbeat_reports_the_worst_drops_only() -> None:
    plane = StillPlane()
    plane.now = PlaneStatus(sessions=3, drops={f"reason {number}": number for number in range(100)}, draining=True)
    measured = [RegionMeasurement(target_id="t", rtt_ms=5.0)]
    beat = await a_status(plane).heartbeat("etag", measured)
    assert (beat.sessions, beat.max_sessions, beat.draining, beat.profiles_etag) == (3, 10, True, "etag")
    assert beat.measurements == measured
    assert len(beat.drops) == MAX_REPORTED_DROPS
    assert beat.drops["reason 99"] == 99


async def test_health_names_the_state() -> None:
    plane = StillPlane()
    status = a_status(plane)
    assert (await status.health()).status == "up"
    plane.now = PlaneStatus(sessions=10)
    assert (await status.health()).status == "full"
    plane.now = PlaneStatus(sessions=10, draining=True)
    health = await status.health()
    assert (health.status, health.workers, health.boot_id) == ("draining", 2, "ab" * 8)


async def test_a_heartbeat_tells_whether_headers_are_masked() -> None:
    assert not (await a_status(StillPlane()).heartbeat("", [])).mask
    assert (await a_status(StillPlane(), mask=True).heartbeat("", [])).mask
