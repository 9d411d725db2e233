"""Chocolate Doom with the free FreeDM levels, unmodified, from Debian: a lock-step game for two, 35 small packets a second.

It is the strict opposite of a shooter's netcode: neither player advances without the other's input, and the server knows players
by address, so a player who seems to be two cannot join. `-netlog` is the game's own record of every packet.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from plg.lab.namespaces import Namespace

DEFAULT_PORT = 2342
GAMES_DIRECTORY = "/usr/games"
LEVELS = "/usr/share/games/doom/freedm.wad"
BINARIES = (f"{GAMES_DIRECTORY}/chocolate-doom", f"{GAMES_DIRECTORY}/chocolate-server")
"""Debian packages chocolate-doom and freedm."""

TICS_PER_S = 35
START_S = 60.0

_NEW_CLIENT = re.compile(r"server: initialized new client from (\S+):\d+$", re.MULTILINE)
_TIMED_OUT = re.compile(r"server: client at \S+ timed out")
_TIC = re.compile(r"client: advanced receive window to (\d+)")
_RESEND = re.compile(r"^ *(\d+): (?:client|server): resend request: start=", re.MULTILINE)
_BEGIN = re.compile(r"^ *(\d+): client: beginning game state", re.MULTILINE)

SETTLING_MS = 3_000
"""The first tics are asked for again while the slower of two players still loads the level."""


class DoomServer:
    """A dedicated server that tells nobody of itself."""

    def __init__(self, host: Namespace, folder: Path, *, port: int = DEFAULT_PORT) -> None:
        self._netlog = folder / "netlog.txt"
        argv = [
            f"{GAMES_DIRECTORY}/chocolate-server",
            "-privateserver",
            "-port",
            str(port),
            "-netlog",
            str(self._netlog),
        ]
        self.process = _start(host, argv, folder)

    def wait_until_ready(self) -> None:
        _wait(self._netlog.exists, "server opens its record", self.process)

    def player_addresses(self) -> list[str]:
        """Where each player came from, in the order of joining, without the port."""
        return _NEW_CLIENT.findall(_read(self._netlog))

    def timed_out(self) -> int:
        return len(_TIMED_OUT.findall(_read(self._netlog)))


class DoomPlayer:
    """One of two players. The game starts by itself when both are there."""

    def __init__(self, host: Namespace, server: str, folder: Path, *, port: int = DEFAULT_PORT) -> None:
        self._netlog = folder / "netlog.txt"
        argv = [f"{GAMES_DIRECTORY}/chocolate-doom", "-iwad", LEVELS, "-connect", f"{server}:{port}", "-nodes", "2"]
        argv += ["-deathmatch", "-nosound", "-window", "-geometry", "320x200", "-netlog", str(self._netlog)]
        self.process = _start(host, argv, folder)

    def wait_until_joined(self) -> None:
        _wait(lambda: "connected successfully" in _read(self._netlog), "player joins", self.process)

    def wait_until_playing(self) -> None:
        _wait(lambda: self.tics() > 0, "game starts", self.process)

    def tics(self) -> int:
        """How far the game has advanced for this player: 35 a second."""
        found = _TIC.findall(_read(self._netlog))
        return int(found[-1]) if found else 0

    def resends(self) -> int:
        """How often somebody asked this player for a tic again, after the game settled: a packet was lost."""
        text = _read(self._netlog)
        begin = _BEGIN.search(text)
        settled_ms = int(begin[1]) + SETTLING_MS if begin is not None else 0
        return sum(int(at_ms) > settled_ms for at_ms in _RESEND.findall(text))


def _start(host: Namespace, argv: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True)
    env = {
        "HOME": str(folder),
        "PATH": f"{GAMES_DIRECTORY}:{os.defpath}",
        "LANG": "C",
        "SDL_VIDEODRIVER": "dummy",
        "SDL_AUDIODRIVER": "dummy",
    }
    with (folder / "console.log").open("wb") as log:
        return host.spawn(argv, env=env, cwd=folder, stdout=log, stderr=subprocess.STDOUT)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _wait(condition: Callable[[], bool], what: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while not condition():
        if process.poll() is not None:
            raise AssertionError(f"the game ended with {process.returncode} before: {what}")
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {START_S:g} s: {what}")
        time.sleep(0.1)
