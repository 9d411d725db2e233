"""The stage of the demonstration: what its parts do by themselves. The whole of it is in test_demo."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab import demo_stage
from plg.lab.demo_stage import SIMULATED, PlayerFeed, Stage, start_game, start_player
from plg.lab.processes import LabError, Process, ProcessOwner, ThisMachine
from plg.lab.product import Connection


@pytest.fixture
def owner() -> Iterator[ProcessOwner]:
    made = ProcessOwner()
    yield made
    made.close()


def idle(owner: ProcessOwner) -> Process:
    return ThisMachine(owner).spawn([sys.executable, "-c", "import time; time.sleep(600)"])


def test_a_player_and_the_game_meet_and_the_newest_report_is_read(owner: ProcessOwner, tmp_path: Path) -> None:
    here = ThisMachine(owner)
    port = start_game(here, tmp_path, "127.0.0.1", 0)
    feed = start_player(here, tmp_path, "someone", "127.0.0.1", port)
    deadline = time.monotonic() + 20
    while (report := feed.newest()) is None or report["recent_rtt_ms"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert report["player"]["lost_down"] == 0


def test_a_report_that_is_being_written_is_not_read(owner: ProcessOwner, tmp_path: Path) -> None:
    feed = PlayerFeed(idle(owner), tmp_path / "feed")
    feed.output.write_text('{"player": ')
    assert feed.newest() is None
    feed.output.write_text('{"n": 1}\n{"n": 2}\n{"n": ')
    assert feed.newest() == {"n": 2}


def test_the_capture_is_what_the_client_says(owner: ProcessOwner, tmp_path: Path) -> None:
    output = tmp_path / "connect"
    process = idle(owner)
    feed = PlayerFeed(process, output)
    stage = Stage(Connection(process, output, tmp_path / "log"), direct=feed, boosted=feed)
    output.write_text(json.dumps({"state": "starting", "capture": None}) + "\n")
    assert stage.capture() == "unknown"
    output.write_text(json.dumps({"state": "connected", "capture": "tun"}) + "\n")
    assert stage.capture() == "tun"


async def test_a_build_that_is_broken_off_ends_its_processes_and_is_waited_for(owner: ProcessOwner) -> None:
    started, ended = threading.Event(), threading.Event()
    processes: list[Process] = []

    def build() -> None:
        processes.append(idle(owner))
        started.set()
        processes[0].wait()
        try:
            with pytest.raises(LabError, match="everything is being ended"):
                idle(owner)
        finally:
            time.sleep(0.1)
            ended.set()

    task = asyncio.ensure_future(demo_stage._in_thread(owner, build))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert processes[0].poll() is not None


def test_what_is_simulated_is_said_with_its_numbers() -> None:
    assert len(SIMULATED) == 3
    assert f"{demo_stage.DIRECT_LINE.delay_ms:g} ms" in SIMULATED[1]
    assert f"{demo_stage.DIRECT_LINE.loss_percent:g} %" in SIMULATED[1]
    assert f"{demo_stage.TO_RELAY_LINE.delay_ms:g} ms" in SIMULATED[2]
    assert f"{demo_stage.RELAY_TO_GAME_LINE.delay_ms:g} ms" in SIMULATED[2]
