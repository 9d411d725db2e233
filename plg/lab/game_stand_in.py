"""The game stand-in as two programs, for demonstrations and tests where no real game is installed.

    python -m plg.lab.game_stand_in server --host 127.0.0.1 --port 27500 --json
    python -m plg.lab.game_stand_in client --server 127.0.0.1:27500 --seconds 10 --json

With --json each prints one object a second, the client also a last one at its end.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from plg.lab.game_addresses import Address, AddressPolicy
from plg.lab.game_client import GameClient
from plg.lab.game_packets import INPUT_MIN_BYTES, SNAPSHOT_MAX_BYTES, SNAPSHOT_MIN_BYTES, now_us
from plg.lab.game_server import PLAYER_TIMEOUT_S, TICKS_PER_S, GameServer

REPORT_EVERY_S = 1.0


def address_of(text: str) -> Address:
    """HOST:PORT, or [IPV6]:PORT. Raises ValueError for anything else."""
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"not HOST:PORT: {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def write_port_file(path: Path, port: int) -> None:
    """Tell whoever waits for it; the name appears with its content complete."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(f"{port}\n", encoding="utf-8")
    partial.replace(path)


def snapshot_sizes(largest: int) -> tuple[int, int]:
    """From an empty room to a crowd; above what a shooter sends, every snapshot has the full size."""
    return (min(largest, SNAPSHOT_MIN_BYTES), largest) if largest <= SNAPSHOT_MAX_BYTES else (largest, largest)


async def serve(options: argparse.Namespace) -> None:
    """Run the server until it is told to stop."""
    server = GameServer(
        options.host,
        options.port,
        policy=AddressPolicy(options.policy),
        ticks_per_s=options.ticks,
        timeout_s=options.timeout_s,
        snapshot_bytes=snapshot_sizes(options.snapshot_bytes),
    )
    async with server:
        if options.port_file is not None:
            write_port_file(Path(options.port_file), server.address[1])
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            channels = [asdict(channel) for channel in server.report()]
            server.forget_recent()
            _say(options, {"channels": channels, "strangers": server.strangers, "at_us": now_us()})


async def play(options: argparse.Namespace) -> None:
    """Play for the asked time, or until told to stop."""
    client = GameClient(
        [address_of(text) for text in options.server],
        channels=options.channels,
        ticks_per_s=options.ticks,
        input_bytes=options.input_bytes,
        connected=not options.unconnected,
    )
    async with client:
        try:
            async with asyncio.timeout(options.seconds):
                while True:
                    await asyncio.sleep(REPORT_EVERY_S)
                    _say(options, {**_seen(client), "recent_rtt_ms": client.recent_rtt_ms()})
        except TimeoutError:
            pass
        finally:
            _say(options, {**_seen(client), "end": True})


def _seen(client: GameClient) -> dict[str, object]:
    return {"player": asdict(client.report()), "recent_gap_ms": client.take_recent_gap_ms(), "at_us": now_us()}


def _say(options: argparse.Namespace, document: dict[str, object]) -> None:
    if options.json:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The command line of both programs."""
    top = argparse.ArgumentParser(prog="python -m plg.lab.game_stand_in", description="a stand-in for a game")
    roles = top.add_subparsers(dest="role", required=True)
    server = roles.add_parser("server", help="the game server")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=0)
    server.add_argument("--port-file", help="write the port here once it listens")
    server.add_argument("--policy", choices=[policy.value for policy in AddressPolicy], default="bound")
    server.add_argument(
        "--timeout-s", type=float, default=PLAYER_TIMEOUT_S, help="a player silent for so long has left"
    )
    server.add_argument("--snapshot-bytes", type=int, default=SNAPSHOT_MAX_BYTES, help="largest; above 500: every one")
    client = roles.add_parser("client", help="a player")
    client.add_argument("--server", action="append", required=True, metavar="HOST:PORT", help="one, or one per channel")
    client.add_argument("--channels", type=int, default=1, help="sockets")
    client.add_argument("--unconnected", action="store_true", help="send from whatever address the machine has")
    client.add_argument("--input-bytes", type=int, default=INPUT_MIN_BYTES)
    client.add_argument("--seconds", type=float, default=None)
    for role in (server, client):
        role.add_argument("--ticks", type=float, default=TICKS_PER_S, help="packets a second")
        role.add_argument("--json", action="store_true")
    return top


async def _until_told(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError):  # Windows; there Ctrl-C raises KeyboardInterrupt
            loop.add_signal_handler(signal.SIGTERM, task.cancel)
            loop.add_signal_handler(signal.SIGINT, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await (serve(options) if options.role == "server" else play(options))


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        asyncio.run(_until_told(options))
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
