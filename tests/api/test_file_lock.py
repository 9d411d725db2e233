"""One holder at a time, over processes and threads."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from plg.api.errors import TokenFileUnusable
from plg.api.file_lock import FileLock

HOLD = """
import sys
from pathlib import Path
from plg.api.file_lock import FileLock
FileLock(Path(sys.argv[1])).acquire()
sys.stderr.write("held\\n")
sys.stderr.flush()
sys.stdin.read()
"""


def test_a_second_holder_waits_until_the_first_lets_go(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "lock")
    first.acquire()
    order: list[str] = []

    def take() -> None:
        with FileLock(tmp_path / "lock"):
            order.append("second")

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(0.2)
    order.append("first lets go")
    first.release()
    thread.join(10)
    assert order == ["first lets go", "second"]


def test_waiting_ends_with_a_clear_error(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(TokenFileUnusable, match=r"held the lock for 0\.05 s"):
        FileLock(tmp_path / "lock", timeout_s=0.05).acquire()


def test_a_killed_process_frees_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stderr is not None
        assert holder.stderr.readline() == "held\n"
        with pytest.raises(TokenFileUnusable):
            FileLock(path, timeout_s=0.05).acquire()
        holder.kill()
        holder.wait()
        with FileLock(path, timeout_s=5):
            assert path.exists()


def test_releasing_without_holding_does_nothing(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.release()
    with lock:
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_lock_that_cannot_be_made_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(TokenFileUnusable) as caught:
        FileLock(tmp_path / "missing" / "lock").acquire()
    assert caught.value.path == tmp_path / "missing" / "lock"
