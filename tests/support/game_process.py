"""A packaged game as a process: its console is a log file, its window is drawn where nobody looks."""

import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from plg.lab.namespaces import Namespace


class Console:
    """A game's process: lines go in through standard input, its console text is in a log file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def size(self) -> int:
        return self._log.stat().st_size

    def text_since(self, offset: int) -> str:
        return self._log.read_bytes()[offset:].decode("utf-8", errors="replace")

    def send(self, line: str) -> None:
        stdin: IO[bytes] | None = self.process.stdin
        if stdin is None:
            raise RuntimeError("this game was started without a standard input")
        stdin.write(line.encode() + b"\n")
        stdin.flush()

    def wait_for(self, condition: Callable[[str], bool], what: str, timeout_s: float, since: int = 0) -> str:
        """The console's text from `since` on, once `condition` holds for it. Raises AssertionError with its end otherwise."""
        deadline = time.monotonic() + timeout_s
        while True:
            text = self.text_since(since)
            if condition(text):
                return text
            if self.process.poll() is not None:
                raise AssertionError(f"the game ended with {self.process.returncode} before: {what}\n{text[-2000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {timeout_s:g} s: {what}\n{text[-2000:]}")
            time.sleep(0.1)


def start_xvfb(host: Namespace, folder: Path) -> "tuple[subprocess.Popen[bytes], str]":
    """A screen of its own and its name for DISPLAY; Xvfb itself picks a free number and writes it to standard output."""
    with (folder / "xvfb.log").open("wb") as log:
        process = host.spawn(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "320x240x24", "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=log,
        )
    if process.stdout is None:
        raise RuntimeError("Xvfb was started without a pipe")
    ready, _, _ = select.select([process.stdout], [], [], 30)
    number = process.stdout.readline().decode().strip() if ready else ""
    if not number.isdigit():
        raise AssertionError("Xvfb did not start: " + (folder / "xvfb.log").read_text(errors="replace")[-500:])
    return process, f":{number}"
