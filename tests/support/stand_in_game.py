"""Real processes that are called like games."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

RENAMED = """
import ctypes, sys, time
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
print("ready", flush=True)
time.sleep(600)
"""
"""A program that gives itself another name; 15 is PR_SET_NAME of linux/prctl.h."""


@contextmanager
def running(argv: Sequence[str], **more: object) -> Iterator["subprocess.Popen[bytes]"]:
    """A process until the end of the block."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more)  # type: ignore[call-overload]  # whatever Popen takes
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def sleeper(path: Path) -> Path:
    """A program of this name that does nothing for a long time: run it with the argument 600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(shutil.which("sleep") or "/bin/sleep", path)
    path.chmod(0o755)
    return path


@contextmanager
def renamed(name: str, argv0: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that shows `name` as its own and `argv0` as its first argument, as Wine's do."""
    with running(
        [argv0, "-c", RENAMED, name, *arguments],
        executable=sys.executable,
        env=environ_with(PYTHONHOME=sys.base_prefix),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


def wait_until_named(pid: int, name: str, timeout_s: float = 10) -> None:
    """Returns when the process has become this program: between fork and exec it still is another."""
    deadline = time.monotonic() + timeout_s
    while (Path("/proc") / str(pid) / "comm").read_text().strip() != name[:15]:
        assert time.monotonic() < deadline, f"process {pid} never was {name}"
        time.sleep(0.01)


def environ_with(**more: str) -> dict[str, str]:
    return {**os.environ, **more}
