"""Real processes that send, watched with and without the right to see packets."""

import asyncio
import os
import socket
import subprocess
import sys
from ipaddress import ip_address

import pytest

from plg.cli.profile_observing import Sightings, find_processes, observe, program_names
from support.requirements import require_linux, require_root
from support.stand_in_game import running

SENDER = """
import socket, sys, time
game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[2] == "connected":
    game.connect(("127.0.0.1", int(sys.argv[1])))
else:
    game.bind(("127.0.0.1", 0))
print("ready", flush=True)
while True:
    if sys.argv[2] == "connected":
        game.send(b"x" * 50)
    else:
        game.sendto(b"x" * 50, ("127.0.0.1", int(sys.argv[1])))
    time.sleep(0.02)
"""


def watch(pid: int, seconds: float) -> Sightings:
    return asyncio.run(observe([pid], seconds, asyncio.Event()))


def test_packets_of_a_process_are_counted_and_nobody_elses() -> None:
    require_root()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        argv = [sys.executable, "-c", SENDER, str(port), "loose"]
        with running(argv) as game, running(argv) as other:
            for process in (game, other):
                assert process.stdout is not None
                process.stdout.readline()
            seen = watch(game.pid, 1.5)
    assert seen.tapped
    flows = seen.flows()
    assert [(flow.address, flow.port) for flow in flows] == [(ip_address("127.0.0.1"), port)]
    assert flows[0].packets is not None
    assert 5 < flows[0].packets < 150
    assert seen.local_ports == 1


def test_without_the_right_connected_sockets_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("plg.capture.packet_tap.PacketTap", refuse)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        for kind, expected in (("connected", [port]), ("loose", [])):
            with running([sys.executable, "-c", SENDER, str(port), kind]) as game:
                assert game.stdout is not None
                game.stdout.readline()
                seen = watch(game.pid, 0.3)
            assert not seen.tapped
            assert [flow.port for flow in seen.flows()] == expected
            assert all(flow.packets is None for flow in seen.flows())
            assert seen.local_ports == 1


def test_enough_ends_the_watching() -> None:
    async def work() -> float:
        loop = asyncio.get_running_loop()
        enough = asyncio.Event()
        loop.call_later(0.1, enough.set)
        began_s = loop.time()
        await observe([os.getpid()], 60, enough)
        return loop.time() - began_s

    assert asyncio.run(work()) < 5


def test_a_process_is_found_by_number_and_by_name_and_gone_ones_are_not() -> None:
    with running(["/bin/sleep", "600"]) as game:
        assert find_processes(str(game.pid)) == {game.pid: ["sleep"]}
        assert game.pid in find_processes("SLEEP")
    done = subprocess.Popen(["true"])
    done.wait()
    assert find_processes(str(done.pid)) == {}
    assert find_processes("no-such-program-anywhere") == {}


@pytest.mark.parametrize(
    ("name", "arguments", "names"),
    [
        ("mygame", ["/opt/mygame"], ["mygame"]),
        ("GameThread", ["Z:\\g\\My Game.exe", "-x"], ["My Game.exe"]),
        ("wine64-preloade", ["wine64-preloader", "Z:\\g\\My.exe"], ["My.exe"]),
        ("a-very-long-nam", ["/opt/a-very-long-name.x86_64"], ["a-very-long-name.x86_64"]),
        ("mygame.sh", ["/bin/sh", "/opt/mygame.sh"], ["mygame.sh"]),
        ("kworker/0:1", [], ["kworker/0:1"]),
    ],
)
def test_a_process_is_called_as_a_profile_calls_it(name: str, arguments: list[str], names: list[str]) -> None:
    assert program_names(name, arguments) == names
