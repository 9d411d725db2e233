"""OpenArena, unmodified, from Debian: a real server and a real client in namespaces, and what the game itself counts.

The client draws into Xvfb. Both are steered through standard input and observed through their console: `status` names the
address that the server sees, `showdrop 1` reports each lost, late or doubled packet of the game's own sequence numbers, at
both ends. quakestat gives the ping that players would see.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from plg.lab.namespaces import Lab, Namespace
from support.game_process import Console, start_xvfb

DEFAULT_PORT = 27960
GAMES_DIRECTORY = "/usr/games"
BINARIES = (f"{GAMES_DIRECTORY}/openarena", f"{GAMES_DIRECTORY}/openarena-server", "Xvfb", "quakestat")
"""What the tests need; Debian packages openarena, openarena-server, xvfb, qstat."""

SERVER_START_S = 60.0
"""Loading the map takes 3 s on an idle machine; two busy cores shared with other tests need much more."""

CLIENT_START_S = 90.0
"""Software rendering has to upload every texture once: 4 s on an idle machine."""

UNHEARD_PING_MS = 999
"""What `status` says of a player from whom nothing came of late; after 30 s the server drops such a player."""

_DROPPED = re.compile(r":\s*Dropped (\d+) packets at \d+")
_OUT_OF_ORDER = re.compile(r":\s*Out of order packet \d+ at \d+")
_COLOUR = re.compile(r"\^\d")
_STATUS_ROW = re.compile(r"^\s*(\d+)\s+(-?\d+)\s+(\S+)\s+(.+?)\s+(\S+)\s+(\d+)\s*$")


@dataclass(frozen=True, slots=True)
class PacketFaults:
    """What the game's own sequence numbers say: packets never seen, and packets that came late or twice."""

    lost: int
    late_or_doubled: int


@dataclass(frozen=True, slots=True)
class SeenPlayer:
    """One row of the server's `status`. `ping_ms` is None while the player is connecting or is being dropped."""

    name: str
    ping_ms: int | None
    address: str


def console_faults(console: str) -> PacketFaults:
    """Count the reports of `showdrop 1` in a console's text."""
    return PacketFaults(
        lost=sum(int(count) for count in _DROPPED.findall(console)),
        late_or_doubled=len(_OUT_OF_ORDER.findall(console)),
    )


def console_players(console: str) -> list[SeenPlayer]:
    """The players of the last complete `status` answer in a console's text."""
    _, header, answer = console.rpartition("cl score ping name")
    players = []
    for line in answer.splitlines() if header else []:
        row = _STATUS_ROW.match(_COLOUR.sub("", line))
        if row is not None:
            ping = row[3]
            players.append(SeenPlayer(row[4].strip(), int(ping) if ping.isdigit() else None, row[5]))
    return players


class OpenArenaServer(Console):
    """A dedicated server on one address of a namespace. `devmap` lets a client use its cheap, invisible settings."""

    def __init__(self, lab: Lab, host: Namespace, address: str, folder: Path, *, port: int = DEFAULT_PORT) -> None:
        self.address = address
        self.port = port
        self._host = host
        settings = {
            "dedicated": "1",  # 1 is LAN: no call to a master server
            **_listening(address, port),
            "sv_fps": "60",
            "sv_lanForceRate": "0",
            "sv_maxRate": "100000",
            "sv_hostname": "plg-lab",
            "sv_pure": "0",
            "showdrop": "1",
            "g_inactivity": "0",
            "timelimit": "0",
            "fraglimit": "0",
        }
        process, log = _start(lab, host, f"{GAMES_DIRECTORY}/openarena-server", settings, ["+devmap", "oa_dm1"], folder)
        super().__init__(process, log)

    def wait_until_ready(self) -> None:
        self.wait_for(lambda text: "AAS initialized." in text, "server loads its map", SERVER_START_S)

    def players(self) -> list[SeenPlayer]:
        """Ask the server who plays, from where, with which ping."""
        before = self.size()
        self.send("status")
        # The answer ends with an empty line.
        text = self.wait_for(lambda said: "\n\n" in said.partition("-- -----")[2], "server answers status", 10, before)
        return console_players(text)

    def player(self, name: str) -> SeenPlayer:
        """Raises StopIteration for somebody who is not in."""
        return next(seen for seen in self.players() if seen.name == name)

    def quakestat_pings_ms(self) -> dict[str, int]:
        """The ping of each player as the public query protocol tells it. The server answers one such query a second (and a few
        more at once)."""
        query = ["quakestat", "-raw", "\t", "-P", "-nh", "-q3s", f"{self.address}:{self.port}"]
        rows = (_COLOUR.sub("", line).split("\t") for line in self._host.run(query, check=False).stdout.splitlines())
        return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[2].isdigit()}

    def faults(self) -> PacketFaults:
        return console_faults(self.text())


class OpenArenaClient(Console):
    """A player in a window of 160x120 that shows nothing: 13 % of a core. It stands still, and sends 63 packets a second."""

    def __init__(self, lab: Lab, host: Namespace, server: str, folder: Path, *, name: str = "plgplayer") -> None:
        self.name = name
        self._lab = lab
        folder.mkdir(parents=True)
        self._xvfb, display = start_xvfb(host, folder)
        settings = {
            "name": name,
            "s_initsound": "0",
            "r_mode": "-1",
            "r_customwidth": "160",
            "r_customheight": "120",
            "r_fullscreen": "0",
            "r_norefresh": "1",
            "com_introplayed": "1",
            "com_maxfps": "63",
            "com_maxfpsUnfocused": "63",
            "com_maxfpsMinimized": "63",
            "snaps": "60",
            "rate": "100000",
            "cl_maxpackets": "63",
            "cl_motd": "0",
            "cl_allowDownload": "0",
            "cl_timeout": "30",
            "showdrop": "1",
        }
        process, log = _start(
            lab, host, f"{GAMES_DIRECTORY}/openarena", settings, ["+connect", server], folder, {"DISPLAY": display}
        )
        super().__init__(process, log)

    def wait_until_playing(self) -> None:
        self.wait_for(self._has_entered, f"{self.name} enters the game", CLIENT_START_S)

    def join_again(self, server: str) -> None:
        """Connect once more from the game's own console, and from the same socket."""
        before = self.size()
        self.send(f"connect {server}")
        self.wait_for(self._has_entered, f"{self.name} enters the game again", CLIENT_START_S, before)

    def _has_entered(self, text: str) -> bool:
        return f"{self.name} entered the game" in _COLOUR.sub("", text)

    def faults(self) -> PacketFaults:
        return console_faults(self.text())

    def quit(self) -> None:
        """Leave as a player does: the server is told."""
        self.send("quit")
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._lab.stop(self.process)
        self._lab.stop(self._xvfb)


def _listening(address: str, port: int) -> dict[str, str]:
    """The settings of one protocol alone: `net_enabled` is 1 for IPv4 and 2 for IPv6."""
    if ":" in address:
        return {"net_ip6": address, "net_port6": str(port), "net_enabled": "2"}
    return {"net_ip": address, "net_port": str(port), "net_enabled": "1"}


def _start(
    lab: Lab,
    host: Namespace,
    binary: str,
    settings: dict[str, str],
    commands: list[str],
    folder: Path,
    more_env: dict[str, str] | None = None,
) -> "tuple[subprocess.Popen[bytes], Path]":
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "console.log"
    argv = [binary]
    for key, value in settings.items():
        argv += ["+set", key, value]
    env = {"HOME": str(folder), "PATH": f"{GAMES_DIRECTORY}:{os.defpath}", "LANG": "C", **(more_env or {})}
    with log.open("wb") as out:
        process = host.spawn(
            [*argv, *commands], env=env, cwd=folder, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT
        )
    return process, log
