"""A real relay process with its data directory made by hand, and sessions with it that speak the real protocol."""

import os
import secrets
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import msgspec

from benchmarks.packet_engine import udp_socket
from plg.contract.relay_control import ProfileAcl, ProfileRule, TicketKey
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession, SessionState
from plg.protocol.events import FlowAccepted, FlowAddress, FlowRefused, HandshakeRefused, PayloadReceived
from plg.protocol.ticket import ExitTicket, TicketCaps, TicketTarget, seal_ticket
from plg_relay.identity import RelayIdentity, save_identity
from plg_relay.policy import Policy
from plg_relay.private_file import write_private
from plg_relay.profile_cache import CACHE_FILE

RELAY_ID = 1
KEY_ID = 1
PROFILE = 1
START_TIMEOUT_S = 20.0
HANDSHAKE_TIMEOUT_S = 10.0
TICKET_LIFE_S = 4 * 3600
WIDE_CAPS = TicketCaps(packets_per_second=65535, kbit_per_second_up=65535, kbit_per_second_down=65535)
"""The widest that a ticket can say: the caps are enforced and never reached."""


@dataclass(frozen=True, slots=True)
class RunningRelay:
    pid: int
    port: int
    metrics_port: int
    ticket_key: bytes

    def metric(self, name: str) -> float:
        """Sum of one metric over its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))

    def drops(self) -> dict[str, float]:
        """Dropped datagrams by reason."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        rows = [line for line in lines if line.startswith("plg_relay_drops_total{")]
        return {row.split('"')[1]: float(row.split()[-1]) for row in rows}


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_relay(*, workers: int = 1, **more: object) -> Iterator[RunningRelay]:
    """`plg relay run` on loopback with every check on: limits wide, but counted for each packet. `more` settings win.

    Without the spare process, which would load in the middle of a measurement.
    """
    with tempfile.TemporaryDirectory(prefix="plg-bench-") as folder:
        key = secrets.token_bytes(32)
        enrolled_data_dir(Path(folder), key)
        port, metrics_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        settings = {
            "data_dir": folder,
            "host": "127.0.0.1",
            "port": port,
            "control_port": free_port(socket.SOCK_STREAM),
            "metrics_port": metrics_port,
            "workers": workers,
            "allow_private": "true",
            "game_bind_ipv4": "127.0.0.1",
            "sessions_per_address": 10_000,
            "destination_packets_per_second": 10_000_000,
            "hellos_per_address_per_second": 100_000,
            "hellos_per_address_burst": 100_000,
            "hellos_per_second": 100_000,
            "log_level": "warning",
            "drain_seconds": 0,
            "spare": "false",
        } | more
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")}
        environment |= {f"PLG_RELAY_{name.upper()}": str(value) for name, value in settings.items()}
        process = subprocess.Popen([sys.executable, "-m", "plg", "relay", "run"], env=environment)
        relay = RunningRelay(process.pid, port, metrics_port, key)
        try:
            wait_until_ready(process, relay)
            yield relay
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def enrolled_data_dir(folder: Path, key: bytes) -> None:
    """What enrolment and one heartbeat would have left behind; the server itself is out of reach, which costs nothing."""
    keys = [TicketKey(key_id=KEY_ID, key=b64encode(key).decode())]
    identity = RelayIdentity(
        server="http://127.0.0.1:9",
        node_id="bench",
        relay_id=RELAY_ID,
        relay_key=secrets.token_urlsafe(24),
        control_key=secrets.token_urlsafe(24),
        ticket_keys=keys,
        public_host="127.0.0.1",
        public_port=1,
    )
    folder.chmod(0o700)
    save_identity(folder, identity)
    rule = ProfileRule(cidrs=["127.0.0.0/8"], ports=["1024-65535"])
    profile = ProfileAcl(profile_id=PROFILE, revision=1, slug="bench", rules=[rule])
    policy = Policy(ticket_keys=keys, profiles_etag="bench", profiles=[profile])
    write_private(folder / CACHE_FILE, msgspec.json.encode(policy))


def wait_until_ready(process: subprocess.Popen[bytes], relay: RunningRelay) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the relay ended with code {process.returncode} instead of starting")
        try:
            relay.drops()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the relay did not answer on its metrics port")


class BenchClient:
    """One player: a session with one open flow to the game, on a socket of its own."""

    def __init__(self, relay: RunningRelay, game: tuple[str, int]) -> None:
        self.socket = udp_socket()
        self.socket.connect(("127.0.0.1", relay.port))
        self.flow: FlowAddress = (self.socket.getsockname()[1], *game)
        self.session = ClientSession(
            new_grant(relay, game), entropy=os.urandom, unix_ms_offset=(time.time() - time.monotonic()) * 1000
        )

    def seal(self, payload: bytes) -> bytes:
        """The datagram that carries `payload`; nothing else may be due."""
        if not self.session.send_payload(self.flow, payload, time.monotonic()):
            raise RuntimeError("the session does not carry the payload")
        ((_, datagram),) = self.session.datagrams_to_send()
        return datagram

    def payload_of(self, datagram: bytes) -> bytes | None:
        """The game's payload in a datagram from the relay, None for anything else."""
        self.session.receive_datagram(datagram, 0, time.monotonic())
        found = None
        while (event := self.session.next_event()) is not None:
            if isinstance(event, PayloadReceived):
                found = event.payload
        return found

    def flush(self) -> None:
        for _, datagram in self.session.datagrams_to_send():
            self.socket.send(datagram)


def new_grant(relay: RunningRelay, game: tuple[str, int]) -> ClientGrant:
    """What the server would hand out: a ticket for this relay whose one target is the game."""
    cid, secret, now = secrets.randbits(64), secrets.token_bytes(32), int(time.time())
    ticket = ExitTicket(
        cid=cid,
        user_ref=cid,
        issued_at_s=now,
        expires_at_s=now + TICKET_LIFE_S,
        secret=secret,
        profile_id=PROFILE,
        profile_revision=1,
        caps=WIDE_CAPS,
        targets=(TicketTarget(ip_network(game[0]), game[1], game[1]),),
    )
    sealed = seal_ticket(ticket, relay.ticket_key, KEY_ID, RELAY_ID, secrets.token_bytes(12))
    return ClientGrant(cid=cid, secret=secret, ticket=sealed, relay_id=RELAY_ID)


def open_clients(relay: RunningRelay, game: socket.socket, count: int) -> list[BenchClient]:
    """`count` players with established sessions and accepted flows; what reached the game meanwhile is taken away."""
    clients = [BenchClient(relay, game.getsockname()) for _ in range(count)]
    for client in clients:
        client.session.connect(time.monotonic())
    pump(clients, lambda client: client.session.state is SessionState.ESTABLISHED, "a session")
    accepted: set[int] = set()
    for client in clients:
        client.session.send_payload(client.flow, b"open", time.monotonic())
    pump(clients, lambda client: client.session.cid in accepted, "a flow", accepted)
    time.sleep(0.1)
    empty(game)
    return clients


def game_side_addresses(game: socket.socket, clients: Sequence[BenchClient]) -> list[tuple[str, int]]:
    """Where the game answers each player, in their order: the addresses of the relay's game-facing sockets."""
    empty(game)
    addresses = []
    for client in clients:
        client.socket.send(client.seal(b"who"))
        addresses.append(game.recvfrom(2048)[1])
    return addresses


def empty(one: socket.socket) -> None:
    """Throw away what waits in a socket."""
    one.setblocking(False)
    try:
        while True:
            one.recv(2048)
    except BlockingIOError:
        one.setblocking(True)


def pump(
    clients: Sequence[BenchClient],
    is_done: Callable[[BenchClient], bool],
    what: str,
    accepted: set[int] | None = None,
) -> None:
    """Carry datagrams and time for all clients until each is done."""
    deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while not all(map(is_done, clients)):
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError(f"{what} was not opened within {HANDSHAKE_TIMEOUT_S:g} s")
            for client in clients:
                timeout = client.session.next_timeout()
                if timeout is not None and timeout <= now:
                    client.session.handle_timeout(now)
                client.flush()
            for key, _ in selector.select(0.01):
                take_one(key.data, accepted)


def take_one(client: BenchClient, accepted: set[int] | None) -> None:
    client.session.receive_datagram(client.socket.recv(2048), 0, time.monotonic())
    while (event := client.session.next_event()) is not None:
        match event:
            case HandshakeRefused() | FlowRefused():
                raise RuntimeError(f"the relay refused: {event}")
            case FlowAccepted() if accepted is not None:
                accepted.add(client.session.cid)
