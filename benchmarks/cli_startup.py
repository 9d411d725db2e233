"""How long a player waits for `plg`: the whole process, from exec to exit, as a shell sees it."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Report, percentile, start
from benchmarks.server_stand import running_server

RUNS = 25
WARM_UPS = 3
"""The first runs write the bytecode that an installation would bring, and fill the page cache."""
MOST_HELP_S = 0.3
MOST_GAMES_S = 0.8


def seconds(arguments: list[str], environment: dict[str, str]) -> list[float]:
    """Wall time of each measured run. Raises CalledProcessError when a run fails."""
    command = [str(Path(sys.executable).with_name("plg")), *arguments]
    found = []
    for number in range(WARM_UPS + RUNS):
        began = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        if number >= WARM_UPS:
            found.append(time.perf_counter() - began)
        if not done.stdout:
            raise RuntimeError(f"plg {' '.join(arguments)} printed nothing")
    return found


def measure(report: Report, environment: dict[str, str]) -> None:
    help_page = seconds(["--help"], environment)
    report.add("plg --help, median", statistics.median(help_page), "s", target=MOST_HELP_S)
    report.add("plg --help, p95", percentile(help_page, 95), "s")
    bare = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], env=environment, check=True)
        bare.append(time.perf_counter() - began)
    report.add("the interpreter alone, median", statistics.median(bare), "s")
    with running_server() as server:
        games = seconds(["games", "--json"], environment | {"PLG_SERVER": server.url})
    report.add("plg games --json, local server, median", statistics.median(games), "s", target=MOST_GAMES_S)
    report.add("plg games --json, local server, p95", percentile(games, 95), "s")


def main() -> bool:
    report = start("cli_startup", f"{RUNS} runs each, bytecode compiled")
    with tempfile.TemporaryDirectory(prefix="plg-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        measure(report, environment | {"PLG_CONFIG_DIR": folder, "PLG_RUNTIME_DIR": folder})
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
