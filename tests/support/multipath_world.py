"""The stage of the multipath tests: the booster's world with three relays, and a line on which each way can be made bad.

    client --+                  +-- near     a relay near the player: the transit
             +-- router (wire) -+-- far      a relay near the game: the exit
    game   --+                  +-- spare    a relay on another host: the standby exit
                                +-- control  (plg server run)

Delays are one way. From client to game it is 5 + 20 ms straight, 15 ms through `far`, 5 + 7 ms more through `near`.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plg.lab.impairment import Impairment
from plg.lab.namespaces import Host, Lab
from plg.lab.product import Connection, PlayerProcess, RelayProcess, ServerProcess
from plg.lab.traffic_counter import TrafficCounter
from plg.lab.wire import Wire
from support.requirements import require_binary, require_root

RELAY_PORT = 443
SERVER_PORT = 8080
ONE_WAY_MS = {
    ("client", "near"): 3.0,
    ("client", "far"): 10.0,
    ("client", "spare"): 12.0,
    ("near", "far"): 7.0,
    ("near", "spare"): 9.0,
    ("far", "spare"): 6.0,
    ("client", "game"): 25.0,
    ("near", "game"): 24.0,
    ("far", "game"): 2.0,
    ("spare", "game"): 5.0,
}
BLACKHOLE = Impairment(blackhole=True)


@dataclass(frozen=True, slots=True)
class MultipathWorld:
    """Everything runs and the player is registered; nothing is connected yet.

    Counters: "straight" from client to game; "from NAME" from each relay to the game.
    """

    lab: Lab
    wire: Wire
    hosts: dict[str, Host]
    relays: dict[str, RelayProcess]
    counter: TrafficCounter
    player: PlayerProcess
    server: ServerProcess

    @property
    def client(self) -> Host:
        return self.hosts["client"]

    @property
    def game(self) -> Host:
        return self.hosts["game"]

    def name_of(self, address: str) -> str:
        """The host that an address belongs to."""
        return next(name for name, host in self.hosts.items() if address in {host.ipv4, host.ipv6})

    def cut(self, one: str, other: str) -> None:
        """Nothing goes between two hosts any more."""
        self.wire.impair_both_ways(self.hosts[one], self.hosts[other], BLACKHOLE)

    def cut_off(self, name: str) -> None:
        """A host's network cable is pulled out."""
        for other in self.hosts:
            if other != name:
                self.cut(name, other)

    def mend(self, one: str, other: str) -> None:
        self.wire.impair_both_ways(self.hosts[one], self.hosts[other], usual(one, other))

    def mend_all(self, name: str) -> None:
        for other in self.hosts:
            if other != name:
                self.mend(name, other)

    def degrade(self, one: str, other: str, **more: Any) -> None:
        """The usual delay, and what `more` says beside it."""
        delay_ms = usual(one, other).delay_ms
        self.wire.impair_both_ways(self.hosts[one], self.hosts[other], Impairment(delay_ms=delay_ms, **more))

    def restart_relay_process(self, name: str) -> int:
        """SIGKILL for the process that carries packets; its keeper starts the next one. Returns the dead pid."""
        pid = self.relays[name].carrier_pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_until(self, what: str, condition: Any, *, timeout_s: float = 45.0) -> float:
        """Until `condition(status)` holds for `plg status`; returns the seconds that it took. Fails with the last status."""
        began_s = time.monotonic()
        while True:
            status = self.player.status()
            if condition(status):
                return time.monotonic() - began_s
            assert time.monotonic() - began_s < timeout_s, f"{what}: not within {timeout_s} s; {status}"
            time.sleep(0.2)


def usual(one: str, other: str) -> Impairment:
    """The line between two hosts in good times."""
    delay_ms = ONE_WAY_MS.get((one, other), ONE_WAY_MS.get((other, one), 1.0))
    return Impairment(delay_ms=delay_ms)


def happenings(connection: Connection, *names: str) -> list[dict[str, Any]]:
    """Events of these names that a running `plg connect --json` printed, in order."""
    found = []
    for document in connection.documents():
        event = document.get("event")
        if isinstance(event, str) and event in names:
            found.append(document)
    return found


@contextmanager
def multipath_world(
    folder: Path,
    games_toml_for: str,
    *,
    names: tuple[str, ...] = ("near", "far", "spare"),
    client_has_two_links: bool = False,
) -> Iterator[MultipathWorld]:
    """`games_toml_for` is a games file in which {game} stands for the prefix of the game's host. `names`: which relays there are."""
    require_root()
    for binary in ("ip", "nft"):
        require_binary(binary)
    with Lab() as lab:
        hosts = {name: lab.add_host(name) for name in ("client", *names, "game", "control")}
        links = [lab.add_link(hosts["client"])] if client_has_two_links else []
        counter = TrafficCounter(lab)
        counter.count_udp("straight", hosts["client"], hosts["game"])
        for name in names:
            counter.count_udp(f"from_{name}", hosts[name], hosts["game"])
        games = games_toml_for.replace("{game}", f"{hosts['game'].ipv4.rpartition('.')[0]}.0/24")
        control = hosts["control"]
        server = ServerProcess(control, folder / "server", host=control.ipv4, port=SERVER_PORT, games_toml=games)
        relays = {
            name: RelayProcess(
                hosts[name],
                folder / name,
                server,
                name,
                public_host=hosts[name].ipv4,
                public_port=RELAY_PORT,
                bind_host="0.0.0.0",
                bind_port=RELAY_PORT,
            )
            for name in names
        }
        with Wire(lab) as wire:
            for one, other in ONE_WAY_MS:
                if one in hosts and other in hosts:
                    wire.impair_both_ways(hosts[one], hosts[other], usual(one, other))
            for link in links:
                for name in (*names, "game"):
                    wire.impair_both_ways(link, hosts[name], usual("client", name))
            player = PlayerProcess(hosts["client"], folder / "player", server.url)
            player.register()
            player.wait_for_relays(*relays.values())
            yield MultipathWorld(lab, wire, hosts, relays, counter, player, server)


def wait_until_measured(world: MultipathWorld, game: str, target: str, *, timeout_s: float = 60.0) -> dict[str, Any]:
    """Until the relays have measured the game and each other, so that the server's choice is an informed one. The last report."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = world.player.plg("explain", game, "--target", target, "--json", check=False)
        if answer.exit_code == 0:
            report: dict[str, Any] = json.loads(answer.stdout)
            if _all_known(report["exits"]):
                return report
        assert time.monotonic() < deadline, f"the ways were never known: {answer.stdout[-800:]} {answer.stderr[-400:]}"
        time.sleep(1.0)


def _all_known(exits: list[dict[str, Any]]) -> bool:
    """Every relay knows its way to the game and to every other relay."""
    rows = [entry["server"] for entry in exits]
    return bool(rows) and all(
        row["predicted_total_ms"] is not None
        and len(row["transits"]) == len(rows) - 1
        and all(transit["mesh_ms"] is not None for transit in row["transits"])
        for row in rows
    )
