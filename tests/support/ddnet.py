"""DDraceNetwork, unmodified, from Debian: one player with two tees, each on a socket of its own to the same server.

Player and server read their console from a FIFO as well. The client draws into Xvfb.
"""

import os
import random
import re
from dataclasses import dataclass
from pathlib import Path

from plg.lab.namespaces import Lab, Namespace
from support.game_process import Console, start_xvfb
from support.teeworlds import START_S, start_game

DEFAULT_PORT = 8303
GAMES_DIRECTORY = "/usr/games"
BINARIES = (f"{GAMES_DIRECTORY}/DDNet", f"{GAMES_DIRECTORY}/DDNet-Server", "Xvfb")
"""What the tests need; Debian packages ddnet, ddnet-server, xvfb."""

MAP_NAME = "dm1"
PASSWORD = "lab-password"
COMMAND_BYTES = 120
"""The server cuts commands at 128 bytes."""
MOST_LINES = 50
"""The game reads its FIFO in pieces of 8192 bytes, and a line that goes over the edge of one becomes two."""

_SEEN = re.compile(r"server: id=\d+ addr=<\{(\S+):(\d+)\}> name='(.*?)' ")
_ENTERED = re.compile(r"player has entered the game\. ClientID=\d+ ")
_LEFT = re.compile(r"game: leave player='\d+:(.*)'")
_COMMAND = re.compile(r"server: ClientID=\d+ rcon='echo (.*)'")


@dataclass(frozen=True, slots=True)
class SeenTee:
    """One row of the server's `status`."""

    name: str
    address: str
    port: int


class _Steered(Console):
    """A game that takes the lines of its console from a FIFO too."""

    def __init__(self, host: Namespace, binary: str, settings: dict[str, str], folder: Path, *, display: str) -> None:
        self._fifo = folder / "fifo"
        super().__init__(*start_game(host, binary, settings, folder, display=display))

    def send(self, line: str) -> None:
        # Without O_NONBLOCK this would wait for ever for a game that has ended.
        descriptor = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, line.encode() + b"\n")
        finally:
            os.close(descriptor)


class DdnetServer(_Steered):
    """A dedicated server that tells nobody of itself."""

    def __init__(self, host: Namespace, folder: Path, *, port: int = DEFAULT_PORT) -> None:
        settings = {
            "sv_register": "0",
            "sv_port": str(port),
            "sv_name": "plg-lab",
            "sv_map": MAP_NAME,
            "sv_rcon_password": PASSWORD,
            "sv_input_fifo": str(folder / "fifo"),
        }
        super().__init__(host, f"{GAMES_DIRECTORY}/DDNet-Server", settings, folder, display="")

    def wait_until_ready(self) -> None:
        self.wait_for(lambda text: "server: version" in text, "server loads its map", START_S)

    def wait_for_tees(self, number: int) -> None:
        self.wait_for(lambda text: len(_ENTERED.findall(text)) >= number, f"{number} tees enter the game", START_S)

    def tees(self, expected: int) -> list[SeenTee]:
        """Who plays, from where, as the server knows it; waits until it names so many."""
        before = self.size()
        self.send("status")
        said = self.wait_for(lambda text: len(_SEEN.findall(text)) >= expected, "server answers status", 10, before)
        return [SeenTee(name, address, int(port)) for address, port, name in _SEEN.findall(said)]

    def departures(self) -> list[str]:
        """Who has left so far."""
        return _LEFT.findall(self.text())

    def wait_for_commands(self, number: int) -> None:
        self.wait_for(lambda text: len(_COMMAND.findall(text)) >= number, f"{number} commands arrive", START_S)

    def commands(self) -> list[str]:
        """What the server was told to repeat, in the order of arriving."""
        return _COMMAND.findall(self.text())


class DdnetPlayer(_Steered):
    """A player in a small window, standing still."""

    def __init__(self, lab: Lab, host: Namespace, server: str, folder: Path, *, name: str = "plgplayer") -> None:
        self._lab = lab
        self._host = host
        folder.mkdir(parents=True)
        self._xvfb, shown_on = start_xvfb(host, folder)
        settings = {
            "player_name": name,
            "gfx_fullscreen": "0",
            "gfx_backend": "OpenGL",
            "gfx_screen_width": "160",
            "gfx_screen_height": "120",
            "gfx_refresh_rate": "10",
            "cl_refresh_rate": "100",
            "snd_enable": "0",
            "cl_auto_demo_record": "0",
            "cl_input_fifo": str(folder / "fifo"),
            "connect": f"{server}:{DEFAULT_PORT}",
        }
        super().__init__(host, f"{GAMES_DIRECTORY}/DDNet", settings, folder, display=shown_on)

    def bring_the_second_tee(self) -> None:
        """The game's "dummy": a second tee of the same player, on a socket of its own."""
        self.send("dummy_connect")

    def become_administrator(self, server: DdnetServer) -> None:
        self.send(f"rcon_auth {PASSWORD}")
        server.wait_for(lambda text: "authed with key" in text, "server accepts the password", START_S)

    def command(self, lines: list[str]) -> None:
        """Have the server repeat these lines, all sent in the same moment: the game fills its datagrams with them.
        At most MOST_LINES."""
        self.send("\n".join(f"rcon echo {line}" for line in lines))

    def udp_ports(self) -> set[int]:
        """The local ports of all its UDP sockets over IPv4."""
        rows = self._host.run(["ss", "-4", "-u", "-a", "-n", "-p", "-H"]).stdout.splitlines()
        return {int(row.split()[3].rpartition(":")[2]) for row in rows if f"pid={self.process.pid}," in row}

    def quit(self) -> None:
        """Leave as a player does: the server is told."""
        self._lab.stop(self.process)
        self._lab.stop(self._xvfb)


def dense_lines(number: int) -> list[str]:
    """Different lines that the game's packing makes no smaller, so that a full datagram stays full."""
    chance = random.Random(number)
    letters = (COMMAND_BYTES - len("echo ")) // len("一".encode())
    return ["".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(letters)) for _ in range(number)]
