"""One tunnel at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from plg.tunnel.run_lock import RunLock


def test_it_is_held_by_one_at_a_time_and_given_back(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "lock"), RunLock(tmp_path / "lock")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()
    second.release()


def test_a_process_that_dies_in_any_way_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from plg.tunnel.run_lock import RunLock;"
        "lock = RunLock(Path(sys.argv[1] + '2')); assert lock.try_acquire();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False, timeout=30)
    lock = RunLock(tmp_path / "lock2")
    assert lock.try_acquire()
    lock.release()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RunLock(tmp_path / "missing" / "lock").try_acquire()
