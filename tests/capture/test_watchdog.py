"""The second process: it obeys its pipe and nothing else. That it saves a game's traffic is proved in namespaces."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plg.capture.leavings import Leavings
from plg.capture.watchdog import Watchdog, WatchdogError
from plg.machine.change_journal import identify_process
from support.requirements import require_linux


@pytest.fixture(autouse=True)
def _linux() -> None:
    require_linux()


def journals(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def wait_until(condition: object, timeout_s: float = 10.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_keeps_a_journal_while_armed_and_leaves_at_a_goodbye(tmp_path: Path) -> None:
    watchdog = Watchdog(tmp_path / "run")
    watchdog.start()
    pid = watchdog.pid
    assert pid is not None
    watchdog.arm(Leavings())
    assert journals(tmp_path / "run") == [f"capture-{pid}.json"]
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    watchdog.release()
    watchdog.release()
    assert identify_process(pid) is None
    assert journals(tmp_path / "run") == []


def test_signals_that_stop_the_parent_do_not_stop_it(tmp_path: Path) -> None:
    watchdog = Watchdog(tmp_path)
    watchdog.start()
    assert watchdog.pid is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(watchdog.pid, number)
    watchdog.arm(Leavings())
    assert os.getpgid(watchdog.pid) == watchdog.pid
    watchdog.release()


def test_it_ends_by_itself_when_the_parent_is_killed(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from plg.capture.leavings import Leavings
from plg.capture.watchdog import Watchdog
watchdog = Watchdog(Path(sys.argv[1]))
watchdog.start()
watchdog.arm(Leavings())
print(watchdog.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert identify_process(pid) is not None
        parent.kill()
    wait_until(lambda: identify_process(pid) is None)
    assert journals(tmp_path) == []


def test_a_watchdog_that_is_gone_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    watchdog = Watchdog(tmp_path)
    with pytest.raises(WatchdogError, match="not running"):
        watchdog.arm(Leavings())
    watchdog.start()
    assert watchdog.pid is not None
    os.kill(watchdog.pid, signal.SIGKILL)
    with pytest.raises(WatchdogError):
        watchdog.arm(Leavings())
    watchdog.release()


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WatchdogError, match="cannot start the clean-up watchdog"):
        Watchdog(tmp_path / "file" / "run").start()


def test_when_the_parent_is_killed_its_other_changes_are_put_back_too(tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    changed.write_text("ours")
    code = """
import hashlib, os, sys, time
from pathlib import Path
from plg.capture.leavings import Leavings
from plg.capture.watchdog import Watchdog
from plg.machine.change_journal import Change, ChangeJournal, identify_process, journal_directory
undo = {"path": sys.argv[2], "sha256": hashlib.sha256(b"ours").hexdigest()}
ChangeJournal(journal_directory(os.environ)).record(Change("service_file", undo, holder=identify_process(os.getpid())))
watchdog = Watchdog(Path(sys.argv[1]))
watchdog.start()
watchdog.arm(Leavings())
print("ready", flush=True)
sys.stdin.read()
"""
    environ = {**os.environ, "PLG_CONFIG_DIR": str(tmp_path / "config"), "PLG_RUNTIME_DIR": str(tmp_path / "run")}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "run"), str(changed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        assert changed.exists()
        parent.kill()
    wait_until(lambda: not changed.exists(), 30.0)
    wait_until(lambda: list((tmp_path / "config" / "changes").iterdir()) == [])
