"""`plg connect`, with server and relay as the processes that operators run, all on loopback."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from plg.lab.processes import Process, ProcessOwner, ThisMachine
from plg.lab.product import PLG, Connection, PlayerProcess, RelayProcess, ServerProcess, clean_environment, wait_for
from support.inside import Inside

GAME_HOST = "127.0.0.5"
"""Not the relay's own address, which no player may reach through it."""


@dataclass
class EchoGame:
    """A game server that sends everything back, and remembers who asked."""

    seen: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((GAME_HOST, 0))
        self.address = f"{GAME_HOST}:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                payload, source = self.socket.recvfrom(4096)
                if payload == b"end":
                    return
                self.seen.add(source)
                self.socket.sendto(payload, source)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"end", self.socket.getsockname())
        self.socket.close()


@dataclass
class Lab:
    """Server, relay and a registered player."""

    here: ThisMachine
    folder: Path
    server: ServerProcess
    relay: RelayProcess
    relay_port: int
    player: PlayerProcess
    game: EchoGame

    def connect(self, *options: str) -> tuple[Connection, int]:
        """A connection by proxy, and the port that the game is pointed to."""
        connection = self.player.connect("openarena", "--capture", "proxy", "--target", self.game.address, *options)
        wait_for(
            lambda: any(document.get("event") == "point_game_here" for document in connection.documents()), "the proxy"
        )
        told = next(document for document in connection.documents() if document.get("event") == "point_game_here")
        return connection, int(str(told["detail"]["address"]).rpartition(":")[2])

    def restart_relay(self) -> Process:
        argv = [*PLG, "relay", "run", "--data-dir", str(self.folder / "relay" / "data"), "--host", "127.0.0.1"]
        argv += ["--port", str(self.relay_port), "--control-port", "0", "--metrics-port", "0", "--allow-private"]
        with self.relay.log.open("ab") as log:
            return self.here.spawn(argv, env=clean_environment({}), stdout=log, stderr=log)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    owner = ProcessOwner()
    here = ThisMachine(owner)
    game = EchoGame()
    try:
        server = ServerProcess(here, tmp_path / "server", host="127.0.0.1")
        port = free_udp_port()
        relay = RelayProcess(
            here, tmp_path / "relay", server, "r1", public_host="127.0.0.1", public_port=port, bind_host="127.0.0.1", bind_port=port
        )  # fmt: skip
        player = PlayerProcess(here, tmp_path / "player", server.url)
        player.register()
        player.wait_for_relays(relay)
        yield Lab(here, tmp_path, server, relay, port, player, game)
    finally:
        owner.close()
        game.close()


def play(port: int, packets: int, *, size: int = 100, from_socket: socket.socket | None = None) -> int:
    """Send at 100 packets/s to the proxy; how many came back."""
    came = 0
    with contextlib.ExitStack() as stack:
        game = from_socket or stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        game.settimeout(1.0)
        for number in range(packets):
            game.sendto(number.to_bytes(4, "big").ljust(size, b"."), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError):
                game.recv(4096)
                came += 1
            time.sleep(0.01)
    return came


def test_a_game_plays_through_the_relay_and_everything_can_be_asked_meanwhile(lab: Lab) -> None:
    connection, port = lab.connect()
    assert connection.states() == ["starting", "connecting", "connected"] or "observing" in connection.states()
    assert play(port, 100) == 100
    assert play(port, 20, size=1400) == 20
    assert {host for host, _ in lab.game.seen} == {"127.0.0.1"}
    status = lab.player.status()
    assert (status.state, status.game, status.capture) == ("connected", "openarena", "proxy")
    assert status.traffic is not None
    assert (status.traffic.packets_up, status.traffic.packets_down, status.traffic.leaked) == (120, 120, 0)
    assert status.paths[0].rtt_ms is not None
    assert status.message is not None
    words = lab.player.plg("status").stdout
    assert "connected | openarena | relay r1" in words
    assert "through the relay" in words

    second = lab.player.plg(
        "connect", "openarena", "--capture", "proxy", "--target", lab.game.address, "--json", check=False
    )
    assert second.exit_code == 9
    assert json.loads(second.stderr.splitlines()[-1])["error"]["code"] == "already_connected"
    assert play(port, 20) == 20  # a match is live for five seconds
    refused = lab.player.plg("disconnect", check=False)
    assert refused.exit_code == 9
    assert "--wait" in refused.stderr
    assert "--now" in refused.stderr

    resident_kb = int(Path(f"/proc/{connection.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])
    assert resident_kb < 80_000
    assert play(port, 20) == 20
    assert lab.player.disconnect("--now").was_live
    assert connection.process.wait(timeout=10) == 0
    assert connection.documents()[-1]["state"] == "off"
    assert [path.name for path in (lab.player.folder / "runtime").iterdir()] == ["tunnel.lock"]
    assert lab.player.plg("status", "--json", check=False).exit_code == 3


def test_a_killed_relay_that_comes_back_goes_on_with_the_same_address_for_the_game(lab: Lab) -> None:
    connection, port = lab.connect()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        assert play(port, 50, from_socket=game) == 50
        before = set(lab.game.seen)
        lab.relay.process.kill()
        lab.relay.process.wait()
        restarted = lab.restart_relay()
        deadline = time.monotonic() + 15
        while play(port, 1, from_socket=game) == 0 and time.monotonic() < deadline:
            pass
        assert play(port, 50, from_socket=game) >= 49
    assert lab.game.seen == before
    assert "reconnecting" in connection.states()
    assert restarted.poll() is None
    lab.player.disconnect("--now")


def test_a_server_that_is_down_during_play_changes_nothing(lab: Lab) -> None:
    connection, port = lab.connect()
    assert play(port, 20) == 20
    lab.server.process.kill()
    lab.server.process.wait()
    assert play(port, 200) == 200
    assert connection.states()[-1] == "connected"
    began_s = time.monotonic()
    lab.player.disconnect("--now")
    assert connection.process.wait(timeout=10) == 0
    assert time.monotonic() - began_s < 8


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_at_once_even_in_a_match_where_nobody_can_be_asked(lab: Lab, number: signal.Signals) -> None:
    connection, port = lab.connect()
    assert play(port, 30) == 30
    connection.process.send_signal(number)
    assert connection.process.wait(timeout=10) == 0
    assert [path.name for path in (lab.player.folder / "runtime").iterdir()] == ["tunnel.lock"]


def test_a_killed_client_does_not_keep_the_next_one_from_starting(lab: Lab) -> None:
    connection, _ = lab.connect()
    connection.process.kill()
    connection.process.wait()
    assert (lab.player.folder / "runtime" / "control.sock").exists()
    assert lab.player.plg("status", check=False).exit_code == 3
    again, port = lab.connect("--seconds", "4")
    assert play(port, 20) == 20
    assert again.process.wait(timeout=15) == 0


def test_a_reader_that_goes_away_ends_the_tunnel_and_nothing_is_left(lab: Lab) -> None:
    argv = [*PLG, "connect", "openarena", "--capture", "proxy", "--target", lab.game.address, "--json"]
    process = lab.here.spawn(argv, env=lab.player.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"plg.status/1" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
    assert [path.name for path in (lab.player.folder / "runtime").iterdir()] == ["tunnel.lock"]


def test_wrong_wishes_get_one_line_and_their_own_number(lab: Lab) -> None:
    def fails(*arguments: str) -> tuple[int, str]:
        done = lab.player.plg("connect", *arguments, check=False)
        assert "Traceback" not in done.stderr
        return done.exit_code, done.stderr

    code, said = fails("openarna")
    assert code == 8
    assert "openarena" in said
    assert fails("openarena", "--capture", "proxy")[0] == 2
    code, said = fails("openarena", "--capture", "proxy", "--target", f"{GAME_HOST}:53")
    assert code == 1
    assert "53" in said
    assert fails("openarena", "--capture", "proxy", "--target", "no-such-host.invalid:27960")[0] == 8
    assert fails("openarena", "--capture", "proxy", "--target", "no such host:27960")[0] == 2
    assert fails("openarena", "--capture", "proxy", "--target", lab.game.address, "--node", "nowhere")[0] == 8
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    listen = ("--listen", f"127.0.0.1:{port}")
    assert fails("openarena", "--capture", "proxy", "--target", lab.game.address, *listen)[0] == 11
    taken.close()
    carrier = lab.relay.carrier_pid
    os.kill(carrier, signal.SIGSTOP)
    code, said = fails("openarena", "--capture", "proxy", "--target", lab.game.address, "--force")
    assert code == 7
    assert "r1" in said
    os.kill(carrier, signal.SIGCONT)
    lab.player.plg("logout")
    assert fails("openarena", "--capture", "proxy", "--target", lab.game.address, "--force")[0] == 4


def test_a_person_at_a_terminal_is_asked_twice_before_a_match_is_broken(lab: Lab) -> None:
    """On a pseudo terminal: the first Ctrl-C waits for the match, the second leaves."""
    master, slave = os.openpty()
    argv = [*PLG, "connect", "openarena", "--capture", "proxy", "--target", lab.game.address]
    port = free_udp_port()
    process = lab.here.spawn(
        [*argv, "--listen", f"127.0.0.1:{port}"], env={**lab.player.environment, "TERM": "xterm"}, stdin=slave, stdout=slave, stderr=slave
    )  # fmt: skip
    os.close(slave)
    seen = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(master, 4096):
                seen.extend(chunk)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    wait_for(lambda: b"Let the game connect to" in seen, "plg connect on a terminal", process=process)
    assert play(port, 60) == 60
    process.send_signal(signal.SIGINT)
    wait_for(lambda: b"Ctrl-C again leaves now" in seen, "the question", process=process)
    assert play(port, 20) == 20
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    reader.join(5)
    os.close(master)
    assert b"| leaked 0" in seen
    assert b"\r\x1b[2K" in seen


@pytest.mark.parametrize(
    "arguments",
    [
        ("--target", "nonsense"),
        ("--capture", "magic"),
        ("--listen", "127.0.0.1:1"),
        ("--capture", "proxy", "--listen", "0.0.0.0:1"),
        ("--capture", "proxy", "--listen", "nonsense"),
        ("--mode", "triple"),
        ("--max-overhead", "0.99"),
        ("--max-overhead", "nan"),
        ("--max-overhead", "5"),
        ("--via", ""),
        ("--via", "lo,"),
        ("--via", "lo,lo"),
        ("--via", "a,b,c,d,e"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_in_the_command_line_is_said_before_anything_is_asked(
    plg: Inside, arguments: tuple[str, ...]
) -> None:
    done = plg("connect", "openarena", *arguments, PLG_SERVER="http://127.0.0.1:1")
    assert done.code == 2
    assert done.err.startswith("plg: ")


def test_an_interface_that_does_not_exist_is_named_with_those_that_do(plg: Inside) -> None:
    done = plg("connect", "openarena", "--via", "no-such-link", PLG_SERVER="http://127.0.0.1:1")
    assert done.code == 8
    assert "no-such-link" in done.err
    assert "lo" in done.err


def test_a_server_that_is_not_there_has_its_number(plg: Inside, tmp_path: Path) -> None:
    done = plg(
        "connect", "openarena", PLG_SERVER="http://127.0.0.1:1", PLG_TOKEN="abc", PLG_RUNTIME_DIR=str(tmp_path / "run")
    )
    assert done.code == 7


def test_nothing_of_a_tunnel_is_imported_for_its_help_page() -> None:
    code = "import sys; import plg.cli.connect, plg.cli.status, plg.cli.disconnect; print([m for m in sys.modules if m in ('aiohttp', 'cryptography', 'msgspec', 'plg.tunnel')])"
    done = subprocess.run([PLG[0], "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_figures_are_served_while_it_runs_and_a_taken_port_stops_it_at_once(lab: Lab) -> None:
    connection, port = lab.connect("--metrics", "0")
    assert connection.documents()[0]["schema"] == "plg.status/1"
    told = next(document for document in connection.documents() if document.get("event") == "metrics_served")
    url = str(told["detail"]["url"])
    assert play(port, 30) == 30
    time.sleep(0.3)  # the endpoint gives a text again for a quarter of a second
    with urllib.request.urlopen(url, timeout=10) as answer:
        families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
    packets = {one.labels["direction"]: one.value for one in families["plg_client_packets"].samples}
    assert packets == {"up": 30, "down": 30}
    assert families["plg_client_process_resident_memory_bytes"].samples[0].value > 10_000_000
    taken = url.removeprefix("http://127.0.0.1:").removesuffix("/metrics")
    other = [*PLG, "connect", "openarena", "--capture", "proxy", "--target", lab.game.address, "--metrics", taken]
    environ = lab.player.environment | {"PLG_RUNTIME_DIR": str(lab.folder / "elsewhere")}
    done = subprocess.run(other, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert (done.returncode, "cannot serve metrics at 127.0.0.1" in done.stderr) == (11, True), done.stderr
