"""`plg disconnect`."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plg.tunnel.control_protocol import StopMode
from support.command_line import plg_at
from support.inside import Inside
from support.talking_tunnel import talking_tunnel


def test_without_a_tunnel_it_says_so_and_exits_with_3(plg: Inside, tmp_path: Path) -> None:
    done = plg("disconnect", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.err) == (3, "plg: no tunnel is running\n")


def test_a_quiet_tunnel_ends(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run") as tunnel:
        done = plg("disconnect", PLG_RUNTIME_DIR=str(tmp_path / "run"))
        assert tunnel.asked == [StopMode.NOW]
    assert (done.code, done.out) == (0, "Disconnected; everything is as it was.\n")


def test_a_live_match_is_not_broken_by_accident(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run", live=1) as tunnel:
        done = plg("disconnect", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
        assert tunnel.asked == []
    assert done.code == 9
    assert done.error()["code"] == "match_live"
    assert "--wait" in done.error()["next_step"]
    assert "--now" in done.error()["next_step"]


@pytest.mark.parametrize(("option", "mode"), [("--wait", StopMode.WAIT), ("--now", StopMode.NOW)])
def test_a_live_match_may_be_waited_for_or_left(plg: Inside, tmp_path: Path, option: str, mode: StopMode) -> None:
    with talking_tunnel(tmp_path / "run", live=1) as tunnel:
        done = plg("disconnect", option, "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
        assert tunnel.asked == [mode]
    assert done.code == 0
    assert done.document() == {"schema": "plg.disconnect/1", "disconnected": True, "was_live": True, "waited_s": 0.2}


def test_both_options_at_once_are_a_contradiction(plg: Inside, tmp_path: Path) -> None:
    assert plg("disconnect", "--wait", "--now", PLG_RUNTIME_DIR=str(tmp_path)).code == 2


@pytest.mark.parametrize(
    ("answer", "asked", "code"),
    [(b"w\n", [StopMode.WAIT], 0), (b"n\n", [StopMode.NOW], 0), (b"s\n", [], 9), (b"\n", [], 9)],
)
def test_a_person_at_a_terminal_is_asked(tmp_path: Path, answer: bytes, asked: list[StopMode], code: int) -> None:
    master, slave = os.openpty()
    plg = plg_at(tmp_path / "home")
    with talking_tunnel(tmp_path / "run", live=1) as tunnel:
        process = subprocess.Popen(
            [sys.executable, "-m", "plg", "disconnect"],
            stdin=slave, stdout=slave, stderr=slave, env={**plg.environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")},
        )  # fmt: skip
        os.close(slave)
        seen = bytearray()

        def read() -> None:
            with contextlib.suppress(OSError):
                while chunk := os.read(master, 4096):
                    seen.extend(chunk)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        deadline = time.monotonic() + 30
        while b"[s]tay?" not in seen and time.monotonic() < deadline:
            time.sleep(0.02)
        os.write(master, answer)
        assert process.wait(timeout=20) == code, seen
        assert tunnel.asked == asked
        reader.join(5)
        os.close(master)
