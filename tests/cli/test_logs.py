"""`plg logs`: the log of the tunnel that runs, or of the last one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from plg.lab.product import wait_for
from plg.machine.service_log import LOG_NAME, begin_log
from support.command_line import plg_at
from support.inside import Inside
from support.talking_tunnel import talking_tunnel


def begin(directory: Path, text: str) -> None:
    directory.mkdir(exist_ok=True)
    with begin_log(directory) as log:
        log.write(text.encode())


def test_without_a_log_that_is_said_in_one_line(plg: Inside, tmp_path: Path) -> None:
    done = plg("logs", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == "plg: there is no log: no tunnel has run in the background yet"
    assert plg("logs", "--json", PLG_RUNTIME_DIR=str(tmp_path)).error()["code"] == "no_log"


def test_the_last_lines_are_shown_and_whose_they_are(plg: Inside, tmp_path: Path) -> None:
    begin(tmp_path / "run", "one\ntwo\n\x1b[2Jthree\n")
    done = plg("logs", "-n", "2", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert (done.code, done.out.splitlines()) == (0, ["two", "\\x1b[2Jthree"])
    assert "Log of the last tunnel" in done.err
    with talking_tunnel(tmp_path / "run"):
        assert "Log of the tunnel that runs" in plg("logs", PLG_RUNTIME_DIR=str(tmp_path / "run")).err
    assert "Журнал последнего туннеля" in plg("logs", "--lang", "ru", PLG_RUNTIME_DIR=str(tmp_path / "run")).err


def test_a_program_gets_an_object_a_line(plg: Inside, tmp_path: Path) -> None:
    begin(tmp_path / "run", 'Connected\n{"schema":"plg.event/1"}\n[1]\n\xff')
    done = plg("logs", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.err == ""
    assert {row["schema"] for row in found} == {"plg.log_line/1"}
    assert [row["said"] for row in found] == [None, {"schema": "plg.event/1"}, None, None]
    assert found[0]["line"] == "Connected"


def test_what_comes_is_followed_into_the_next_log(tmp_path: Path) -> None:
    begin(tmp_path / "run", "first\n")
    environ = {**plg_at(tmp_path).environ, "PLG_RUNTIME_DIR": str(tmp_path / "run"), "PYTHONUNBUFFERED": "1"}
    argv = [sys.executable, "-m", "plg", "logs", "--follow"]
    out = tmp_path / "out"
    with out.open("wb") as stream:
        process = subprocess.Popen(argv, env=environ, stdout=stream, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "first" in out.read_text(), "the first line", process=process)
        with (tmp_path / "run" / LOG_NAME).open("a") as log:
            log.write("second\n")
        wait_for(lambda: "second" in out.read_text(), "the second line", process=process)
        begin(tmp_path / "run", "another start\n")
        wait_for(lambda: "another start" in out.read_text(), "the next log", process=process)
    finally:
        process.terminate()
        process.wait(20)
    assert out.read_text().splitlines() == ["first", "second", "another start"]


def test_what_is_no_file_is_not_read(plg: Inside, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOG_NAME)
    done = plg("logs", "--json", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.error()["code"]) == (1, "log_unreadable")
