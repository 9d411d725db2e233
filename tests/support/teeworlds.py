"""Teeworlds, unmodified, from Debian: the server hands its map to the player in datagrams of 1395 bytes.

The map that is played is one of the package's own with noise behind it, which stands for the pictures of a large map: the player
does not have it and has to fetch it, and noise cannot be packed into smaller datagrams. The client draws into Xvfb.
"""

import os
import random
import re
import subprocess
from pathlib import Path

from plg.lab.namespaces import Lab, Namespace
from support.game_process import Console, start_xvfb

DEFAULT_PORT = 8303
GAMES_DIRECTORY = "/usr/games"
BINARIES = (f"{GAMES_DIRECTORY}/teeworlds", f"{GAMES_DIRECTORY}/teeworlds-server", "Xvfb")
"""What the tests need; Debian packages teeworlds, teeworlds-server, xvfb."""

MAP_FROM = Path("/usr/share/games/teeworlds/data/maps/dm1.map")
MAP_NAME = "plglab"
NOISE_BYTES = 400_000

LARGE_PAYLOAD_BYTES = 1300
LARGE_PAYLOADS = NOISE_BYTES // 1400
"""The noise alone needs as many; the game's largest datagram has 1400 bytes of payload."""

START_S = 90.0
"""A second on an idle machine; software drawing on two busy cores needs much more."""

_ENTERED = re.compile(r"player has entered the game\. ClientID=\d+ addr=(\S+):\d+")
_DROPPED = re.compile(r"client dropped\. cid=\d+ addr=\S+ reason='(.*)'")


class TeeworldsServer(Console):
    """A dedicated server that tells nobody of itself."""

    def __init__(self, host: Namespace, folder: Path, *, port: int = DEFAULT_PORT) -> None:
        maps = folder / ".teeworlds" / "maps"
        maps.mkdir(parents=True)
        noise = random.Random(MAP_NAME).randbytes(NOISE_BYTES)
        self.map_file = maps / f"{MAP_NAME}.map"
        self.map_file.write_bytes(MAP_FROM.read_bytes() + noise)
        settings = {"sv_register": "0", "sv_port": str(port), "sv_name": "plg-lab", "sv_map": MAP_NAME}
        super().__init__(*start_game(host, f"{GAMES_DIRECTORY}/teeworlds-server", settings, folder))

    def wait_until_ready(self) -> None:
        self.wait_for(lambda text: "[server]: version" in text, "server loads its map", START_S)

    def addresses(self) -> list[str]:
        """Where each player came from, in the order of entering, without the port."""
        return _ENTERED.findall(self.text())

    def departures(self) -> list[str]:
        """Why each player left, as the server knows it: empty when the player said so, "Timeout" when it fell silent."""
        return _DROPPED.findall(self.text())


class TeeworldsPlayer(Console):
    """A player in a small window, standing still. It sends its input 50 times a second or less."""

    def __init__(self, lab: Lab, host: Namespace, server: str, folder: Path, *, name: str = "plgplayer") -> None:
        self._lab = lab
        self._folder = folder
        folder.mkdir(parents=True)
        self._xvfb, display = start_xvfb(host, folder)
        settings = {
            "player_name": name,
            "gfx_fullscreen": "0",
            "gfx_screen_width": "320",
            "gfx_screen_height": "240",
            "gfx_vsync": "0",
            "gfx_high_detail": "0",
            "snd_enable": "0",
            "cl_cpu_throttle": "10",
            "connect": f"{server}:{DEFAULT_PORT}",
        }
        binary = f"{GAMES_DIRECTORY}/teeworlds"
        super().__init__(*start_game(host, binary, settings, folder, display=display))

    def wait_until_playing(self, server: TeeworldsServer) -> None:
        before = len(server.addresses())
        self.wait_for(lambda _: len(server.addresses()) > before, "player enters the game", START_S)

    def fetched_maps(self) -> list[Path]:
        return sorted(self._folder.rglob("downloadedmaps/*.map"))

    def quit(self) -> None:
        """Leave as a player does: the server is told."""
        self._lab.stop(self.process)
        self._lab.stop(self._xvfb)


def start_game(
    host: Namespace, binary: str, settings: dict[str, str], folder: Path, *, display: str = ""
) -> "tuple[subprocess.Popen[bytes], Path]":
    """The game's process, to which each setting is a line of its console, and its log."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "console.log"
    env = {
        "HOME": str(folder),
        "PATH": f"{GAMES_DIRECTORY}:{os.defpath}",
        "LANG": "C.UTF-8",
        "SDL_AUDIODRIVER": "dummy",
        # More threads draw nothing faster in a window this small, and take the cores from the network.
        "LP_NUM_THREADS": "1",
        "DISPLAY": display,
    }
    lines = [f"{key} {value}" for key, value in settings.items()]
    with log.open("wb") as out:
        process = host.spawn([binary, *lines], env=env, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    return process, log
