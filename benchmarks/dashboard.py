"""What the dashboard costs beside a tunnel that says something else ten times a second, in a terminal of 120x40."""

import fcntl
import os
import pty
import random
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import msgspec

from benchmarks.figures import Report, start
from benchmarks.process_cost import cpu_seconds, resident_bytes
from plg.contract.cli_output import StatusDocument

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.talking_tunnel import MULTIPATH, TalkingTunnel, talking_tunnel  # noqa: E402 - a room without a package

START_S = 6.0
"""The first seconds load and lay out; what is measured is watching."""
WATCH_S = 20.0
IMPORTS = 5
MOST_CPU_PERCENT = 10.0
MOST_MEMORY_MB = 120.0


class MovingTunnel(TalkingTunnel):
    """Three ways whose round trips never stand still: the graph, the map, the strips and the clock all move."""

    moment = 0

    def status(self) -> StatusDocument:
        assert MULTIPATH.comparison is not None
        comparison = msgspec.structs.replace(
            MULTIPATH.comparison, now_ms=41 + 6 * random.random(), direct_ms=57 + 12 * random.random()
        )
        paths = [
            msgspec.structs.replace(
                path, rtt_ms=path.rtt_ms + 8 * random.random(), bytes_up=path.bytes_up + self.moment
            )
            if path.rtt_ms is not None
            else path
            for path in MULTIPATH.paths
        ]
        self.moment += 131
        return msgspec.structs.replace(
            MULTIPATH, pid=os.getpid(), comparison=comparison, paths=paths, uptime_s=self.moment / 1_310
        )


def import_seconds() -> float:
    """What it takes to load everything that the dashboard needs: the quickest of a few tries, the interpreter's own start left out."""
    times = []
    for _ in range(IMPORTS):
        code = "import time; began = time.perf_counter(); import plg_tui.app; print(time.perf_counter() - began)"
        times.append(float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    return min(times)


def drain(terminal: int, received: list[int]) -> None:
    """Read what the dashboard draws, as a terminal would."""
    while True:
        try:
            received.append(len(os.read(terminal, 65_536)))
        except OSError:
            return


def measure(report: Report, folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    environment |= {"PLG_CONFIG_DIR": str(folder), "PLG_RUNTIME_DIR": str(folder / "run"), "TERM": "xterm-256color"}
    terminal, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    received: list[int] = []
    reader = threading.Thread(target=drain, args=(terminal, received), daemon=True)
    reader.start()
    import_s = import_seconds()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "plg", "dashboard"], stdin=inner, stdout=inner, stderr=inner, env=environment
    )
    while not received and process.poll() is None:
        time.sleep(0.01)
    first_s = time.perf_counter() - began
    time.sleep(START_S)
    cpu_before, bytes_before, watched = cpu_seconds(process.pid), sum(received), time.perf_counter()
    time.sleep(WATCH_S)
    seconds = time.perf_counter() - watched
    report.add("first output", first_s, "s")
    report.add("import", import_s, "s")
    report.add(
        "CPU while watching",
        100 * (cpu_seconds(process.pid) - cpu_before) / seconds,
        "% of a core",
        target=MOST_CPU_PERCENT,
    )
    report.add("resident memory", resident_bytes(process.pid) / 1e6, "MB", target=MOST_MEMORY_MB)
    report.add("sent to the terminal", (sum(received) - bytes_before) / seconds / 1e3, "kB/s")
    process.terminate()
    process.wait(20)
    os.close(inner)


def main() -> bool:
    report = start("dashboard", f"session screen, 120x40, braille, 10 statuses a second for {WATCH_S:g} s")
    with (
        tempfile.TemporaryDirectory(prefix="plg-bench-") as folder,
        talking_tunnel(Path(folder) / "run", kind=MovingTunnel),
    ):
        measure(report, Path(folder))
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
