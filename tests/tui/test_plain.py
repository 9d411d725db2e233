"""`plg dashboard --plain`, in a pipe."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plg.tunnel.runtime_place import RuntimePlace
from plg_tui.plain import PlainTalk, watch_plain
from support.talking_tunnel import MULTIPATH, STATUS, talking_tunnel


def test_a_summary_comes_at_once_and_then_at_its_interval() -> None:
    said: list[str] = []
    now = [0.0]
    talk = PlainTalk(said.append, 30.0, lambda: now[0])
    talk.take(STATUS)
    assert len(said) == 3  # what it is, its way, how it stands
    for second in range(1, 31):
        now[0] = float(second)
        talk.take(STATUS)
    assert len(said) == 4
    assert said[2] == said[3]


def test_the_end_is_said_once_and_a_new_tunnel_is_introduced_again() -> None:
    said: list[str] = []
    talk = PlainTalk(said.append, 30.0, lambda: 0.0)
    talk.take(MULTIPATH)
    before = len(said)
    talk.take(None)
    talk.take(None)
    assert said[before:] == ["The tunnel has ended."]
    talk.take(MULTIPATH)
    assert said[before + 1 :] == said[:before]


def test_trouble_is_said_once() -> None:
    said: list[str] = []
    talk = PlainTalk(said.append, 30.0, lambda: 0.0)
    talk.trouble("no answer within 5 s")
    talk.trouble("no answer within 5 s")
    assert said == ["The running tunnel does not answer: no answer within 5 s"]


def test_without_a_tunnel_it_says_how_to_start_one_and_waits(tmp_path: Path) -> None:
    said: list[str] = []
    looks = iter(range(3))

    def sleep(_seconds: float) -> None:
        if next(looks, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_plain(said.append, RuntimePlace(tmp_path, os.geteuid()), sleep=sleep)
    assert said == ["No tunnel is running. plg connect GAME in another terminal starts one; it is told here."]


def test_it_loads_no_textual() -> None:
    code = "import sys, plg_tui.plain; print('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_in_a_pipe_it_writes_lines_of_words_and_ends_quietly_with_ctrl_c(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")}
    environment |= {"PLG_CONFIG_DIR": str(tmp_path), "PLG_RUNTIME_DIR": str(tmp_path / "run"), "LANG": "C.UTF-8"}
    with talking_tunnel(tmp_path / "run"):
        process = subprocess.Popen(
            [sys.executable, "-m", "plg", "dashboard", "--plain", "--interval", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        lines = [process.stdout.readline().decode() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert said == b""
    assert lines[0] == "lab-game: connected.\n"
    assert lines[2] == lines[3] == lines[4]
    assert lines[2].startswith("lab-game: connected. Ping 20 milliseconds.")
    assert "\x1b" not in "".join(lines) + rest.decode()
