"""The stage of the commands that measure: a long direct way, a near relay with a short one, a far relay, a game server that answers.

    client --25 ms-- game     client --4 ms-- near --5 ms-- game     client --18 ms-- far --15 ms-- game     (each way)

Everything but the lines is real: `plg server run`, two `plg relay run`, the commands of `plg`, and a game server that answers queries.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plg.lab.impairment import Impairment
from plg.lab.namespaces import Host, Lab
from plg.lab.processes import Process
from plg.lab.product import PlayerProcess, RelayProcess, ServerProcess, wait_for
from plg.lab.wire import Wire
from support import query_server
from support.requirements import require_binary, require_root

GAME_PORT = 27960
DIRECT_MS, NEAR_MS, FAR_MS = 50.0, 18.0, 66.0
"""Round trips of the three ways, the delay of the machines themselves left out."""


@dataclass(frozen=True, slots=True)
class MeasuringWorld:
    lab: Lab
    client: Host
    near: Host
    far: Host
    game: Host
    control: Host
    wire: Wire
    player: PlayerProcess
    relays: tuple[RelayProcess, RelayProcess]

    @property
    def target(self) -> str:
        return f"{self.game.ipv4}:{GAME_PORT}"


def games_file(game: Host) -> str:
    """OpenArena, whose servers stand in one region that answers pings."""
    return (
        '[[game]]\nslug = "openarena"\nname = "OpenArena"\ncategory = "fps"\ntransport = "udp"\ncapture = "cidr"\n'
        f'udp = ["{GAME_PORT}"]\nserver_cidrs = ["{game.ipv4}/32"]\nobserved_targets = false\n\n'
        f'[[game.region]]\ncode = "eu"\nname = "Europe"\ncidrs = ["{game.ipv4}/32"]\n'
        f'ping = [{{ host = "{game.ipv4}", method = "icmp" }}]\n'
    )


@contextmanager
def measuring_world(
    folder: Path, start_game: Callable[[Lab, Host, Path], object] | None = None
) -> Iterator[MeasuringWorld]:
    """Everything runs and the player is registered. `start_game` starts another game server than the one of `query_server`."""
    require_root()
    for binary in ("ip", "nft"):
        require_binary(binary)
    with Lab() as lab:
        names = ("client", "near", "far", "game", "control")
        client, near, far, game, control = (lab.add_host(name) for name in names)
        wire = Wire(lab)
        for one, other, delay_ms in (
            (client, game, 25),
            (client, near, 4),
            (near, game, 5),
            (client, far, 18),
            (far, game, 15),
        ):
            wire.impair_both_ways(one, other, Impairment(delay_ms=delay_ms))
        if start_game is None:
            start_query_server(game)
        else:
            start_game(lab, game, folder)
        server = ServerProcess(control, folder / "server", host=control.ipv4, port=8080, games_toml=games_file(game))
        relays = tuple(
            RelayProcess(
                host, folder / host.short_name, server, name,
                public_host=host.ipv4, public_port=443, bind_host="0.0.0.0", bind_port=443,
            )
            for host, name in ((near, "Near"), (far, "Far"))
        )  # fmt: skip
        player = PlayerProcess(client, folder / "player", server.url)
        player.register()
        player.wait_for_relays(*relays)
        yield MeasuringWorld(lab, client, near, far, game, control, wire, player, (relays[0], relays[1]))


def start_query_server(host: Host) -> Process:
    """A game server that answers queries on every address of `host`."""
    argv = [sys.executable, str(Path(query_server.__file__)), host.ipv4, str(GAME_PORT)]
    return host.spawn(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_legs_are_known(world: MeasuringWorld, *, relays: int = 2) -> None:
    """Until both relays have told the server how far the game is."""
    import json

    def known() -> bool:
        answer = world.player.plg("nodes", "--for", "openarena", "--json", check=False)
        nodes = json.loads(answer.stdout)["nodes"] if answer.exit_code == 0 else []
        return sum(bool(node["game_leg"] and node["game_leg"]["rtt_ms"]) for node in nodes) >= relays

    wait_for(known, "the relays' ways to the game")
