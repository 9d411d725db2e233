"""Server, relay, a registered player and a game server that echoes: each a process (the game a thread), all on loopback."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plg.lab.processes import ProcessOwner, ThisMachine
from plg.lab.product import PlayerProcess, RelayProcess, ServerProcess

GAME_HOST = "127.0.0.5"
"""Not the relay's own address, which no player may reach through it."""


class EchoGame:
    """A game server that sends everything back."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((GAME_HOST, 0))
        self.address = f"{GAME_HOST}:{self.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            payload, source = self.socket.recvfrom(4096)
            if payload == b"end":
                return
            self.socket.sendto(payload, source)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"end", self.socket.getsockname())
        self._thread.join()
        self.socket.close()


@dataclass(frozen=True, slots=True)
class LoopbackLab:
    """Everything runs; nothing is connected yet."""

    owner: ProcessOwner
    server: ServerProcess
    relay: RelayProcess
    player: PlayerProcess
    game: EchoGame


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def loopback_lab(folder: Path, *, register: bool = True) -> Iterator[LoopbackLab]:
    """Ends whatever tunnel is left in the background, then every process."""
    owner = ProcessOwner()
    here = ThisMachine(owner)
    game = EchoGame()
    try:
        server = ServerProcess(here, folder / "server", host="127.0.0.1")
        port = free_udp_port()
        relay = RelayProcess(
            here, folder / "relay", server, "r1", public_host="127.0.0.1", public_port=port, bind_host="127.0.0.1", bind_port=port
        )  # fmt: skip
        player = PlayerProcess(here, folder / "player", server.url)
        if register:
            player.register()
        player.wait_for_relays(relay)
        try:
            yield LoopbackLab(owner, server, relay, player, game)
        finally:
            player.plg("disconnect", "--now", check=False)
    finally:
        owner.close()
        game.close()


def play(port: int, packets: int) -> int:
    """Send at 100 packets/s to the proxy on this port; how many came back."""
    came = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.settimeout(1.0)
        for number in range(packets):
            game.sendto(number.to_bytes(4, "big").ljust(100, b"."), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError):
                game.recv(4096)
                came += 1
            time.sleep(0.01)
    return came
