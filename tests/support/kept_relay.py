"""A relay under a keeper with nothing of a relay in it: for what the keeper does when processes end.

Run as `python -m support.kept_relay RESTARTS_PER_MINUTE SPARE PORT STEPS`: prints a JSON line when it serves. It holds one game-facing
socket (PORT, or any for 0). STEPS: each letter is the life of one process; the last one stays. k: dies by SIGKILL once it serves, d: before it serves, e: ends with
code 3, c: ends with code 10 before it serves, z: ends with code 0, s: serves until it is told to stop, then ends with code 7.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

from plg_relay.keeper_messages import GameName, Verb, receive
from plg_relay.keeper_start import keeper_of_this_process
from support.source_tree import ROOT

CID = 0x77
PATIENCE_S = 30.0


def main() -> None:
    """One process of the relay."""
    per_minute, spare, port, steps = sys.argv[1:]
    keeper = keeper_of_this_process(
        os.environ,
        wanted=True,
        log_level="info",
        log_format="console",
        restarts_per_minute=int(per_minute),
        spare=spare == "1",
    )
    assert keeper is not None
    named = keeper.take_turn()
    held = keeper.take_game_sockets(0, 1)
    step = steps[min(keeper.crashes + keeper.reloads, len(steps) - 1)]
    if step == "c":
        os._exit(10)
    if step == "d":
        os.kill(os.getpid(), signal.SIGKILL)
    if not held:
        game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        game.bind(("127.0.0.1", int(port)))
        name = GameName(4, game.getsockname()[1], CID)
        keeper.keep(str(name), game)
        keeper.keep("front0-1", game)
        held = {name: game}
    keeper.say_serving()
    line = {
        "pid": os.getpid(),
        "ports": [one.port for one in held],
        "named": sorted(named),
        "counts": [keeper.crashes, keeper.reloads],
        "is_first": keeper.is_first,
    }
    os.write(1, json.dumps(line).encode() + b"\n")
    if step == "k":
        os.kill(os.getpid(), signal.SIGKILL)
    if step in "ez":
        os._exit({"e": 3, "z": 0}[step])
    channel = keeper._channel
    channel.settimeout(None)
    message = receive(channel)
    os._exit(1 if message is None else 0 if message.verb is Verb.LEAVE else 7)


@dataclass
class KeptRelay:
    """The keeper's process, and the lines of its relays."""

    process: "subprocess.Popen[str]"
    log: Path
    lines: "Queue[dict[str, Any]]" = field(default_factory=Queue)

    def next_life(self) -> dict[str, Any]:
        """What the next process said when it served."""
        return self.lines.get(timeout=PATIENCE_S)

    def ended(self) -> int:
        """The keeper's exit code."""
        return self.process.wait(PATIENCE_S)

    def told(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def kept_relay(
    tmp_path: Path,
    steps: str,
    *,
    per_minute: int = 10,
    spare: bool = False,
    environ: Mapping[str, str] | None = None,
    passed: tuple[int, ...] = (),
    launcher: tuple[str, ...] = (),
) -> Iterator[KeptRelay]:
    """Run one. `launcher`: words before the command, with the descriptors `passed` to it."""
    log = tmp_path / "keeper.log"
    words = [str(per_minute), "1" if spare else "0", "0", steps]
    command = [*launcher, sys.executable, "-m", "support.kept_relay", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), **(environ or {})}
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, env=environment, text=True, pass_fds=passed
        )
    relay = KeptRelay(process, log)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            relay.lines.put(json.loads(line))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield relay
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        if process.stdout is not None:
            process.stdout.close()


if __name__ == "__main__":
    main()
