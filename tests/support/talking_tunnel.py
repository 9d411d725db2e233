"""A tunnel that carries nothing, behind a real control socket, in a thread of its own: for commands that only ask."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from plg.contract.cli_output import (
    ComparisonView,
    DisconnectDocument,
    FlowView,
    PathView,
    RedundancyView,
    RelayView,
    StandbyView,
    StatusDocument,
    TrafficView,
)
from plg.tunnel.clock import LoopClock
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.control_socket import ControlSocket
from plg.tunnel.live_recording import LiveRecording
from plg.tunnel.path_recorder import Take
from plg.tunnel.path_recording import DOWN, UP
from plg.tunnel.runtime_place import RuntimePlace, make_private
from plg.tunnel.states import rfc3339

STATUS = StatusDocument(
    state="connected",
    at=rfc3339(datetime(2026, 1, 2, tzinfo=UTC)),
    game="lab-game",
    pid=7,
    capture="divert",
    uptime_s=61.5,
    session_id="s1",
    relay=RelayView(node_id="n1", name="Lab One", country="", address="192.0.2.1:443", game_leg_ms=8.0),
    predicted_total_ms=20.0,
    paths=[PathView(path=0, state="established", rtt_ms=12.04, rtt_ms_p95=15.0, jitter_up_ms=0.5, jitter_down_ms=1.26, loss_up_percent=0.0, loss_down_percent=None, is_primary=True)],
    flows=[
        FlowView(local_port=50000, destination="198.20.0.7:27015", route="relay", why=None, packets_up=9, packets_down=8, idle_s=0.2),
        FlowView(local_port=50001, destination="198.20.9.9:27015", route="direct", why="alive_before_connect", packets_up=3, packets_down=0, idle_s=4.0),
    ],
    traffic=TrafficView(packets_up=9, packets_down=8, bytes_up=900, bytes_down=800, direct=3, leaked=0, dropped={}),
)  # fmt: skip

MULTIPATH = msgspec.structs.replace(
    STATUS,
    paths=[
        PathView(path=0, state="suspect", rtt_ms=33.0, rtt_ms_p95=40.0, jitter_up_ms=0.5, jitter_down_ms=1.26, loss_up_percent=1.0, loss_down_percent=2.0, bytes_up=1_234_567, bytes_down=900),
        PathView(path=1, state="active", rtt_ms=36.0, rtt_ms_p95=41.0, jitter_up_ms=0.4, jitter_down_ms=0.6, loss_up_percent=0.0, loss_down_percent=None, kind="transit", via="Amsterdam 1", is_primary=True),
        PathView(path=2, state="binding", rtt_ms=None, rtt_ms_p95=None, jitter_up_ms=None, jitter_down_ms=None, loss_up_percent=None, loss_down_percent=None, kind="interface", via="wwan0"),
    ],
    redundancy=RedundancyView(mode="redundant", level_up=2, saved_up=300, saved_down=12, lost_up=1, lost_down=2, bytes_ratio_up=1.3, bytes_ratio_down=1.25),
    standby=StandbyView(node_id="n2", name="Lab Two", country="", state="ready"),
    comparison=ComparisonView(now_ms=41.2, direct_ms=57.8, gain_ms=16.6, verdict="boost", game_leg_ms=8.0, method="icmp", age_s=1.0),
    exit_switches=1,
)  # fmt: skip
"""The same with three paths, a standby and a comparison."""


class TalkingTunnel:
    """`live` flows are live; with `wait` it ends after a moment, as if the match was over."""

    def __init__(self, live: int) -> None:
        self.live = live
        self.asked: list[StopMode] = []
        self.stopped = asyncio.Event()
        self.recording: LiveRecording | None = None

    def status(self) -> StatusDocument:
        return STATUS

    def live_flow_count(self) -> int:
        return self.live

    def request_stop(self, mode: StopMode) -> None:
        self.asked.append(mode)
        asyncio.get_running_loop().call_later(0.2 if mode is StopMode.WAIT else 0, self.stopped.set)

    async def wait_stopped(self) -> DisconnectDocument:
        await self.stopped.wait()
        return DisconnectDocument(disconnected=True, was_live=self.live > 0, waited_s=0.2)

    def record(self, take: Take) -> LiveRecording | None:
        """Forty datagrams each way at once, and nothing after that."""
        if self.recording is not None:
            return None
        clock = LoopClock()
        self.recording = LiveRecording(take, lambda: None, clock, game="lab-game", program="plg test", max_overhead=2.5)
        for number in range(40):
            self.recording.recorder.record(clock.time(), UP, 0, 0, number, 131)
            self.recording.recorder.record(clock.time(), DOWN, number % 2, 0, number, 191)
        return self.recording


@contextmanager
def talking_tunnel(
    directory: Path, *, live: int = 0, kind: type[TalkingTunnel] = TalkingTunnel
) -> Iterator[TalkingTunnel]:
    """Runs until it is told to end, at the latest with the block."""
    place = RuntimePlace(directory, os.geteuid())
    make_private(place)
    ready = threading.Event()
    found: list[tuple[TalkingTunnel, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        tunnel = kind(live)
        door = ControlSocket(place, tunnel)
        await door.open()
        found.append((tunnel, asyncio.get_running_loop()))
        ready.set()
        await tunnel.stopped.wait()
        await door.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="talking tunnel")
    thread.start()
    assert ready.wait(10)
    tunnel, loop = found[0]
    try:
        yield tunnel
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(tunnel.stopped.set)
        thread.join(10)
