"""Where the demonstration plays: in namespaces with the real capture, or on loopback with the unprivileged proxy.

Both have the same ways. The direct one is bad, the one through the relay is longer but clean:

    player ---- 45 ms +-6, 2 % loss ---- game        (each way)
    player -- 12 ms -- relay -- 18 ms -- game

The lines, the distances and the game are simulated; server, relay, client and capture are the product itself.
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from plg.lab.impairment import Impairment
from plg.lab.impairment_proxy import ImpairmentProxy
from plg.lab.namespaces import Lab
from plg.lab.processes import Place, Process, ProcessOwner, ThisMachine, interrupts_ignored
from plg.lab.product import (
    Connection,
    PlayerProcess,
    RelayProcess,
    ServerProcess,
    clean_environment,
    games_toml,
    wait_for,
)
from plg.lab.wire import Wire

DIRECT_LINE = Impairment(delay_ms=45, jitter_ms=6, loss_percent=2)
TO_RELAY_LINE = Impairment(delay_ms=12)
RELAY_TO_GAME_LINE = Impairment(delay_ms=18)

SIMULATED = (
    "the game: a stand-in that sends 64 packets a second each way",
    "the direct path: 45 ms +-6 ms each way, 2 % of the packets lost",
    "the distances: 12 ms each way to the relay, 18 ms from there to the game",
)
"""Said wherever figures of the demonstration are shown."""

GAME_SLUG = "plg-demo"
BOOSTED_PORT = 27500
DIRECT_PORT = 27501
"""Two doors of the same game in namespaces: the profile holds only the first, so that the other player stays direct."""

LOOPBACK_GAME_HOST = "127.0.0.2"
"""A relay never sends to its own machine's addresses; 127.0.0.2 is none of them, yet it is this machine."""

T = TypeVar("T")

STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")


@dataclass(frozen=True, slots=True)
class PlayerFeed:
    """A stand-in player that runs; its reports are lines in a file."""

    process: Process
    output: Path

    def newest(self) -> dict[str, Any] | None:
        """Its last complete report, or None before the first."""
        complete = self.output.read_text(encoding="utf-8").rpartition("\n")[0]
        return json.loads(complete.rpartition("\n")[2]) if complete else None


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything runs: two players of the same game, one direct, one through the tunnel."""

    connection: Connection
    direct: PlayerFeed
    boosted: PlayerFeed

    def capture(self) -> str:
        """How the tunnel captures, as the client itself says."""
        named = [document["capture"] for document in self.connection.documents() if document.get("capture")]
        return str(named[-1]) if named else "unknown"


@contextlib.asynccontextmanager
async def namespace_stage(folder: Path) -> AsyncIterator[Stage]:
    """Root on Linux: each part on a machine of its own, lines in the router, the system's real capture.

    Raises LabError where that is not possible.
    """
    lab = Lab()
    try:
        yield await _in_thread(lab.processes, lambda: _build_in_namespaces(lab, folder))
    finally:
        lab.close()


def _build_in_namespaces(lab: Lab, folder: Path) -> Stage:
    lab.open()
    client, relay_host, game, control = (lab.add_host(name) for name in ("client", "relay", "game", "control"))
    wire = Wire(lab)
    wire.impair_both_ways(client, game, DIRECT_LINE)
    wire.impair_both_ways(client, relay_host, TO_RELAY_LINE)
    wire.impair_both_ways(relay_host, game, RELAY_TO_GAME_LINE)
    for port in (BOOSTED_PORT, DIRECT_PORT):
        start_game(game, folder, game.ipv4, port)
    games = games_toml(GAME_SLUG, "PLG demo game", [f"{game.ipv4}/32"], [str(BOOSTED_PORT)])
    server = ServerProcess(control, folder / "server", host=control.ipv4, games_toml=games)
    relay = RelayProcess(
        relay_host,
        folder / "relay",
        server,
        "demo",
        public_host=relay_host.ipv4,
        public_port=443,
        bind_host="0.0.0.0",  # noqa: S104 - inside a namespace of its own
        bind_port=443,
    )
    player = PlayerProcess(client, folder / "player", server.url)
    player.register()
    player.wait_for_relays(relay)
    connection = player.connect(GAME_SLUG)
    return Stage(
        connection,
        direct=start_player(client, folder, "direct", game.ipv4, DIRECT_PORT),
        boosted=start_player(client, folder, "boosted", game.ipv4, BOOSTED_PORT),
    )


@contextlib.asynccontextmanager
async def loopback_stage(folder: Path) -> AsyncIterator[Stage]:
    """Any user: everything on loopback, lines in this process, capture by the local proxy.

    Raises LabError where the system has a single loopback address.
    """
    owner = ProcessOwner()
    here = ThisMachine(owner)
    try:
        game_port = await _in_thread(owner, lambda: start_game(here, folder, LOOPBACK_GAME_HOST, 0))
        game = (LOOPBACK_GAME_HOST, game_port)
        async with (
            ImpairmentProxy(game, up=DIRECT_LINE, down=DIRECT_LINE) as direct_line,
            ImpairmentProxy(game, up=TO_RELAY_LINE, down=TO_RELAY_LINE, seed=11) as to_relay,
            ImpairmentProxy(
                game, up=RELAY_TO_GAME_LINE, down=RELAY_TO_GAME_LINE, seed=21, bind=(LOOPBACK_GAME_HOST, 0)
            ) as relay_to_game,
        ):
            try:
                lines = (direct_line, to_relay, relay_to_game)
                yield await _in_thread(owner, lambda: _build_on_loopback(here, folder, *lines))
            finally:
                # While the lines still work, so that the tunnel can take leave of its relay.
                await asyncio.shield(asyncio.to_thread(owner.close))
    finally:
        with interrupts_ignored():
            owner.close()


def _build_on_loopback(
    here: ThisMachine,
    folder: Path,
    direct_line: ImpairmentProxy,
    to_relay: ImpairmentProxy,
    relay_to_game: ImpairmentProxy,
) -> Stage:
    target_host, target_port = relay_to_game.address
    games = games_toml(GAME_SLUG, "PLG demo game", [f"{target_host}/32"], [str(target_port)])
    server = ServerProcess(here, folder / "server", host="127.0.0.1", games_toml=games)
    relay_host, line_port = to_relay.address
    relay = RelayProcess(
        here,
        folder / "relay",
        server,
        "demo",
        public_host=relay_host,
        public_port=line_port,
        bind_host=relay_host,
        bind_port=0,
    )
    to_relay.target = (relay_host, relay.port)
    player = PlayerProcess(here, folder / "player", server.url)
    player.register()
    player.wait_for_relays(relay)
    listen_port = _free_port("127.0.0.1")
    connection = player.connect(
        GAME_SLUG,
        *("--capture", "proxy"),
        *("--target", f"{target_host}:{target_port}"),
        *("--listen", f"127.0.0.1:{listen_port}"),
    )
    return Stage(
        connection,
        direct=start_player(here, folder, "direct", *direct_line.address),
        boosted=start_player(here, folder, "boosted", "127.0.0.1", listen_port),
    )


async def _in_thread(owner: ProcessOwner, build: Callable[[], T]) -> T:
    """Run blocking `build` beside the loop, which has the lines to serve. When cancelled, end its processes and wait for it: a
    thread that goes on would start new ones and write into folders that are being removed."""
    working = asyncio.ensure_future(asyncio.to_thread(build))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        with interrupts_ignored():
            owner.close()
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()  # taken note of: it failed because we ended what it waited for
        raise


def start_game(place: Place, folder: Path, host: str, port: int) -> int:
    """A stand-in server; returns its port once it listens."""
    port_file, log_path = folder / f"game-{port}.port", folder / f"game-{port}.log"
    argv = [*STAND_IN, "server", "--host", host, "--port", str(port), "--port-file", str(port_file)]
    with log_path.open("wb") as log:
        process = place.spawn(argv, env=clean_environment({}), stdout=log, stderr=log)
    wait_for(port_file.exists, "the game stand-in", process=process, log=log_path)
    return int(port_file.read_text(encoding="utf-8"))


def start_player(place: Place, folder: Path, name: str, host: str, port: int) -> PlayerFeed:
    """A stand-in player of the game at `host`:`port`."""
    output = folder / f"{name}.ndjson"
    with output.open("wb") as stdout:
        argv = [*STAND_IN, "client", "--server", f"{host}:{port}", "--json"]
        process = place.spawn(argv, env=clean_environment({}), stdout=stdout)
    return PlayerFeed(process, output)


def _free_port(host: str) -> int:
    """A UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
