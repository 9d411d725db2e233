"""A match of the game stand-in between two of a lab's hosts, with the counts of both ends at any moment."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plg.lab.game_addresses import AddressPolicy
from plg.lab.game_packets import now_us
from plg.lab.namespaces import Host, Lab

STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")
PORTS = {policy: 27500 + number for number, policy in enumerate(AddressPolicy, start=1)}
"""Each policy has its own game in the catalogue, known by its port."""

SETTLED_LINES = 2
"""Reports of each end (one a second) that must agree: a datagram that is only late is not lost."""
REPORT_TIMEOUT_S = 15.0
ENOUGH_TO_PLAY = 32
"""Snapshots after which a player is in the match."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What both ends have counted since the match began. `visits`: how often this player joined, 1 while he is in.

    `flows`: whether anything came up and down at the time of looking; without it, what is lost is not known to be lost yet.
    `sources` are the addresses from which the server got anything of this player, refused or not.
    """

    at_us: int
    lost_up: int
    lost_down: int
    doubled_up: int
    doubled_down: int
    late_up: int
    late_down: int
    received_up: int
    received_down: int
    sources: tuple[str, ...]
    address: str
    refused: int
    moves: int
    visits: int
    flows: tuple[bool, bool]

    def lost_since(self, before: "Seen") -> tuple[int, int]:
        """Datagrams lost up and down between two moments."""
        return self.lost_up - before.lost_up, self.lost_down - before.lost_down

    @property
    def doubled(self) -> tuple[int, int]:
        return self.doubled_up, self.doubled_down


class MockMatch:
    """A server of one policy on `game`, and a player on `client` once `play()` was called. Both end with `stop()`."""

    def __init__(
        self, lab: Lab, game: Host, client: Host, folder: Path, policy: AddressPolicy, *, at: str | None = None
    ) -> None:
        """`at`: another address of the game's host than its first."""
        host = at or game.ipv4
        folder.mkdir(parents=True, exist_ok=True)
        self.policy = policy
        self.address = f"{host}:{PORTS[policy]}"
        self._lab = lab
        self._client = client
        self._server_report, self._player_report = folder / "server.ndjson", folder / "player.ndjson"
        serve = ["server", "--host", host, "--port", str(PORTS[policy]), "--policy", policy.value, "--json"]
        port_file = folder / "port"
        with self._server_report.open("wb") as report:
            self._processes = [game.spawn([*STAND_IN, *serve, "--port-file", str(port_file)], stdout=report)]
        deadline = time.monotonic() + REPORT_TIMEOUT_S
        while not port_file.exists():
            assert time.monotonic() < deadline, "the game server did not start"
            time.sleep(0.05)

    def play(self, *, channels: int = 1) -> Seen:
        """The player joins with so many sockets, of which `Seen` tells the last; returns when he is in."""
        argv = [*STAND_IN, "client", "--server", self.address, "--channels", str(channels), "--unconnected", "--json"]
        with self._player_report.open("wb") as report:
            self._processes.append(self._client.spawn(argv, stdout=report, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + REPORT_TIMEOUT_S
        while True:
            lines = _lines(self._player_report)
            if lines and lines[-1]["player"]["packets_down"] >= ENOUGH_TO_PLAY:
                return self.seen()
            assert time.monotonic() < deadline, f"the player is not in the match: {lines[-1:]}"
            time.sleep(0.1)

    def let_another_play(self, seconds: float) -> None:
        """A second player on the same machine plays for so long."""
        self._client.run([*STAND_IN, "client", "--server", self.address, "--seconds", str(seconds)])

    def seen(self) -> Seen:
        """The counts of now; waits for reports that were written from now on (about two seconds)."""
        from_us = now_us()
        servers = self._fresh(self._server_report, from_us)
        players = self._fresh(self._player_report, from_us)
        channels = servers[-1]["channels"]
        last, player = channels[-1], players[-1]["player"]
        addresses = {address for channel in channels for address in channel["addresses"]}
        return Seen(
            at_us=from_us,
            lost_up=min(line["channels"][-1]["lost"] for line in servers),
            lost_down=min(line["player"]["lost_down"] for line in players),
            doubled_up=sum(channel["doubled"] for channel in channels),
            doubled_down=player["doubled_down"],
            late_up=last["late"],
            late_down=player["late_down"],
            received_up=last["received"],
            received_down=player["packets_down"],
            sources=tuple(sorted(addresses)),
            address=last["address"],
            refused=sum(channel["refused"] for channel in channels),
            moves=sum(channel["moves"] for channel in channels),
            visits=len(channels),
            flows=(
                last["received"] > servers[0]["channels"][-1]["received"],
                player["packets_down"] > players[0]["player"]["packets_down"],
            ),
        )

    def gap_up_ms(self, since_us: int) -> float:
        """The longest time in which the server took nothing from the player, of those that ended after that moment."""
        return _longest([line["channels"][-1]["recent_gap_ms"] for line in _since(self._server_report, since_us)])

    def silence_up_ms(self, since_us: int) -> float:
        """The same, but what the server refused counts as heard."""
        return _longest([line["channels"][-1]["recent_silence_ms"] for line in _since(self._server_report, since_us)])

    def gap_down_ms(self, since_us: int) -> float:
        """The longest time in which the player got no snapshot, of those that ended after that moment."""
        return _longest([line["recent_gap_ms"] for line in _since(self._player_report, since_us)])

    def stop(self) -> None:
        """May be called twice."""
        processes, self._processes = self._processes, []
        for process in reversed(processes):
            self._lab.stop(process)

    def _fresh(self, report: Path, from_us: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + REPORT_TIMEOUT_S
        while True:
            fresh = [line for line in _since(report, from_us) if line.get("channels") or line.get("player")]
            if len(fresh) >= SETTLED_LINES:
                return fresh
            assert time.monotonic() < deadline, f"no reports of the game any more: {report.name}"
            time.sleep(0.05)


def unreachables(host: Host) -> int:
    """ICMP "destination unreachable" messages that a host has received since it is there."""
    rows = [
        line.split() for line in host.run(["cat", "/proc/net/snmp"]).stdout.splitlines() if line.startswith("Icmp:")
    ]
    names, values = rows[0], rows[1]
    return int(values[names.index("InDestUnreachs")])


def _lines(report: Path) -> list[dict[str, Any]]:
    if not report.exists():
        return []
    complete, _, _ = report.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in complete.splitlines()]


def _since(report: Path, from_us: int) -> list[dict[str, Any]]:
    """Reports of whole intervals after a moment, and the one in which it lies."""
    return [line for line in _lines(report) if line["at_us"] >= from_us]


def _longest(gaps_ms: list[float | None]) -> float:
    return max((gap_ms for gap_ms in gaps_ms if gap_ms is not None), default=0.0)
