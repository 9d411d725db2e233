"""`plg record`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plg.tunnel.path_recording import read_recording
from support.inside import Inside
from support.talking_tunnel import talking_tunnel


def test_what_the_paths_do_is_written_until_the_time_is_over(plg: Inside, tmp_path: Path) -> None:
    file = tmp_path / "match.plgrec"
    with talking_tunnel(tmp_path / "run"):
        done = plg("record", str(file), "--seconds", "1", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert done.code == 0, done.err
    document = done.document()
    assert (document["schema"], document["packets"], document["paths"]) == ("plg.record/1", 80, [0, 1])
    assert document["bytes"] == file.stat().st_size
    recording = read_recording(file)
    assert (recording.finished, recording.start.game) == (True, "lab-game")


def test_a_person_hears_what_it_is_good_for(plg: Inside, tmp_path: Path) -> None:
    file = tmp_path / "match.plgrec"
    with talking_tunnel(tmp_path / "run"):
        done = plg("record", str(file), "--seconds", "1", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert "80 datagrams" in done.out
    assert f"Next: plg replay {file} --mode adaptive" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_it_and_the_file_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "match.plgrec"
    environ = {
        **os.environ,
        "PLG_RUNTIME_DIR": str(tmp_path / "run"),
        "PLG_CONFIG_DIR": str(tmp_path),
        "LANG": "C.UTF-8",
    }
    with (
        talking_tunnel(tmp_path / "run") as tunnel,
        subprocess.Popen(
            [sys.executable, "-m", "plg", "record", str(file), "--json"], env=environ, stdout=subprocess.PIPE, text=True
        ) as running,
    ):
        deadline = time.monotonic() + 30
        while (tunnel.recording is None or not file.exists()) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=30)
    assert running.returncode == 0, out
    assert '"packets":80' in out
    assert read_recording(file).finished


def test_it_ends_with_the_tunnel(plg: Inside, tmp_path: Path) -> None:
    import threading

    from plg.tunnel.control_client import ask_once
    from plg.tunnel.control_protocol import ControlRequest, StopMode
    from plg.tunnel.runtime_place import RuntimePlace

    file = tmp_path / "match.plgrec"
    place = RuntimePlace(tmp_path / "run", os.geteuid())
    with talking_tunnel(tmp_path / "run"):
        end = threading.Timer(1.0, ask_once, (place, ControlRequest(ask="disconnect", mode=StopMode.NOW)))
        end.start()
        done = plg("record", str(file), PLG_RUNTIME_DIR=str(tmp_path / "run"))
        end.join()
    assert done.code == 0, done.err
    assert read_recording(file).finished


def test_without_a_tunnel_there_is_no_file(plg: Inside, tmp_path: Path) -> None:
    done = plg("record", str(tmp_path / "x"), "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert (done.code, done.error()["code"]) == (3, "not_connected")
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_there_is_not_overwritten(plg: Inside, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("precious")
    with talking_tunnel(tmp_path / "run"):
        done = plg("record", str(tmp_path / "x"), "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert (done.code, done.error()["code"]) == (2, "file_exists")
    assert (tmp_path / "x").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_said_in_one_line(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        done = plg("record", str(tmp_path / "no" / "x"), "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert (done.code, done.error()["code"]) == (1, "cannot_write")


def test_a_second_recording_is_refused(plg: Inside, tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    with talking_tunnel(tmp_path / "run"):
        first = plg("record", str(tmp_path / "first"), "--seconds", "1", PLG_RUNTIME_DIR=run)
        second = plg("record", str(tmp_path / "second"), "--json", PLG_RUNTIME_DIR=run)
    assert (first.code, second.code) == (0, 1)
    assert "a recording is running already" in second.error()["message"]
    assert not (tmp_path / "second").exists()
