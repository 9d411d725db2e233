"""`plg server run` as a process of its own, for tests that need the real thing."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_WAIT_S = 60.0


@dataclass(frozen=True)
class ServerProcess:
    """A server that answers."""

    process: "subprocess.Popen[str]"
    url: str
    data_dir: Path
    log: Path


def plg(*arguments: str) -> list[str]:
    """The command line of `plg` in this environment."""
    return [sys.executable, "-c", "from plg.cli.root import main; main()", *arguments]


@contextmanager
def running_server(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """Run a server with its data in `folder` and these PLG_SERVER_* settings (lower case, without prefix)."""
    folder.mkdir(parents=True, exist_ok=True)
    port_file, log = folder / "port", folder / "log"
    chosen = {"data_dir": str(folder / "data"), "rate_limits_on": "false", "log_format": "json", **(settings or {})}
    environ = {**os.environ, **{f"PLG_SERVER_{name.upper()}": value for name, value in chosen.items()}}
    with log.open("w", encoding="utf-8") as output:
        command = plg("server", "run", "--port", "0", "--port-file", str(port_file))
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=output, text=True)
    try:
        deadline = time.monotonic() + START_WAIT_S
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server does not start: {log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        port = int(port_file.read_text(encoding="ascii"))
        yield ServerProcess(process, f"http://127.0.0.1:{port}", folder / "data", log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
