"""A real process with several threads, to be boosted and looked at."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plg.machine.change_journal import ProcessIdentity, identify_process

THREADS = 4
_PROGRAM = """
import sys, threading
import time
end = threading.Event()
for _ in range(3):
    threading.Thread(target=end.wait, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    threading.Thread(target=end.wait, daemon=True).start()
    print("more", flush=True)
"""


class BoostedProcess:
    """`identity` names it; `more()` makes it begin a further thread."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        found = identify_process(process.pid)
        assert found is not None
        self.identity: ProcessIdentity = found
        self.pid = process.pid

    def threads(self) -> list[int]:
        return sorted(int(path.name) for path in Path(f"/proc/{self.pid}/task").iterdir())

    def nice_values(self) -> list[int]:
        return [os.getpriority(os.PRIO_PROCESS, thread) for thread in self.threads()]

    def ionice_values(self) -> list[tuple[int, int]]:
        import psutil

        return [(int(ioclass), value) for ioclass, value in (psutil.Process(one).ionice() for one in self.threads())]

    def more(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "more\n"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def boosted_process() -> Iterator[BoostedProcess]:
    """Runs until the block ends."""
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield BoostedProcess(process)
        finally:
            process.kill()
