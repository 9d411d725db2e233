"""A live tunnel is recorded through its door, and the recording can be replayed."""

import asyncio
import os
from pathlib import Path

from plg.capture.packet_source import FlowKey, PacketSource
from plg.lab.simulation.replay import replay
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.tunnel.connect import Tunnel
from plg.tunnel.connect_request import ConnectRequest
from plg.tunnel.control_client import stream_recording
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.path_recording import DOWN, UP, parse_recording
from plg.tunnel.runtime_place import RuntimePlace
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.scripted_source import ScriptedSource

GAME = FlowKey(50000, "198.20.0.7", 27015)
SECRET = b"what a player says to his game"


async def test_a_match_is_recorded_through_the_door_and_replayed_in_another_mode(tmp_path: Path) -> None:
    relay = LoopbackRelay().open()
    source = ScriptedSource()

    async def open_source(spec: object) -> PacketSource:
        await source.open(spec)  # type: ignore[arg-type]  # a CaptureSpec, as the tunnel gives it
        return source

    place = RuntimePlace(tmp_path / "run", os.geteuid())
    request = ConnectRequest(game="lab-game", client_version="1")
    tunnel = Tunnel(request, LoopbackServer({"one": relay}), place, open_source, lambda _event: None)
    running = asyncio.ensure_future(tunnel.run())
    async with asyncio.timeout(15):
        while not tunnel.is_connected:  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.01)
    recording = asyncio.ensure_future(asyncio.to_thread(lambda: list(stream_recording(place, 3.0))))
    await asyncio.sleep(0.3)
    for _ in range(100):
        source.game_sends(GAME, SECRET)
        await asyncio.sleep(0.02)
    answers = await recording
    tunnel.request_stop(StopMode.NOW)
    await asyncio.wait_for(running, 15)
    relay.close()
    content = b"".join(answer.recording or b"" for answer in answers)
    read = parse_recording(content)
    assert read.finished
    assert read.start.game == "lab-game"
    sent = [row for row in read.packets if row.direction == UP and row.length > len(SECRET)]
    assert len(sent) >= 95
    assert len(read.counts) >= 4
    assert SECRET not in repr(read).encode()
    assert sum(row.direction == DOWN for row in read.packets) >= 95, "the relay echoes"
    assert replay(read, Redundancy(RedundancyMode.OFF)).asked.up.lost == 0
