"""A real relay on loopback: its data directory made by hand, its packets through real sockets, its process if wanted."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from plg.contract.relay_control import TicketKey
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession
from plg.protocol.events import ClientEvent, PayloadReceived
from plg.protocol.mask import HeaderMask
from plg_relay.config import RelayConfig
from plg_relay.data_plane import DataPlane
from plg_relay.identity import RelayIdentity, save_identity
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.policy import Policy
from plg_relay.private_file import write_private
from plg_relay.profile_cache import CACHE_FILE
from plg_relay.udp_front import open_front
from support.relay_bench import KEY_ID, RELAY_ID, TICKET_KEY, a_grant, a_policy, a_profile, unix_now

PATIENCE_S = 15.0
CONTROL_KEY = "control-key-for-tests"
LAB_PROFILE = a_profile("127.0.0.0/8", "::1/128", ports=("1024-65535",))


def lab_policy() -> Policy:
    """Loopback on every port."""
    return a_policy(LAB_PROFILE)


def live_grant(cid: int = 0x55, *, life_s: int = 3600) -> ClientGrant:
    """A ticket of now."""
    return a_grant(cid=cid, unix_s=unix_now(), life_s=life_s)


def lab_config(data_dir: Path, **changes: object) -> RelayConfig:
    """Loopback, ports by the system."""
    values: dict[str, object] = {
        "data_dir": data_dir,
        "host": "127.0.0.1",
        "port": 0,
        "control_port": 0,
        "metrics_port": 0,
        "allow_private": True,
        "sessions_per_address": 1000,
        "game_bind_ipv4": "127.0.0.1",
        "game_bind_ipv6": "::1",
        "drain_seconds": 5,
    }
    return RelayConfig(**(values | changes))  # type: ignore[arg-type]  # the tests' own table


def enrolled_identity(
    data_dir: Path,
    server: str = "http://127.0.0.1:9",
    public_host: str = "127.0.0.1",
    *,
    relay_id: int = RELAY_ID,
    ticket_key: bytes = TICKET_KEY,
) -> RelayIdentity:
    """Write what enrolment and one heartbeat would have left."""
    keys = [TicketKey(key_id=KEY_ID, key=b64encode(ticket_key).decode())]
    identity = RelayIdentity(
        server=server,
        node_id="node-1",
        relay_id=relay_id,
        relay_key="relay-key-for-tests",
        control_key=CONTROL_KEY,
        ticket_keys=keys,
        public_host=public_host,
        public_port=4433,
    )
    save_identity(data_dir, identity)
    policy = msgspec.structs.replace(lab_policy(), ticket_keys=keys)
    write_private(data_dir / CACHE_FILE, msgspec.json.encode(policy))
    return identity


@dataclass
class LivePlane:
    plane: DataPlane
    port: int
    host: str = "127.0.0.1"


@asynccontextmanager
async def live_plane(
    tmp_path: Path,
    policy: Policy | None = None,
    *,
    mask_key: bytes | None = None,
    relay_id: int = RELAY_ID,
    **changes: object,
) -> AsyncIterator[LivePlane]:
    """The data plane in this process."""
    config = lab_config(tmp_path, **changes)
    front = open_front(config.host, 0, buffer_bytes=1 << 20)
    identity = PlaneIdentity(
        relay_id=relay_id,
        boot_id=os.urandom(8),
        boot_parity=0,
        own_addresses=frozenset(),
        own_networks=(),
        own_ports=frozenset({front.getsockname()[1]}),
        mask_key=mask_key,
    )
    plane = DataPlane(config, identity, policy or lab_policy(), front, lambda: None)
    plane.start()
    try:
        yield LivePlane(plane, front.getsockname()[1], config.host)
    finally:
        plane.close()
        front.close()


def game_socket(host: str = "127.0.0.1") -> socket.socket:
    """A game server's socket."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.setblocking(False)
    return made


@dataclass
class LivePlayer:
    """A client session on a real socket; `run` carries its datagrams until a condition holds."""

    session: ClientSession
    relay: tuple[str, int]
    opened: socket.socket
    events: list[ClientEvent] = field(default_factory=list)
    mask: HeaderMask | None = None

    @classmethod
    def at(cls, port: int, grant: ClientGrant | None = None, host: str = "127.0.0.1") -> "LivePlayer":
        offset_ms = (time.time() - time.monotonic()) * 1000
        session = ClientSession(grant or live_grant(), entropy=os.urandom, unix_ms_offset=offset_ms)
        return cls(session, (host, port), game_socket(host))

    @property
    def payloads(self) -> list[bytes]:
        return [event.payload for event in self.events if isinstance(event, PayloadReceived)]

    async def connect(self) -> None:
        self.session.connect(time.monotonic())
        # A first PONG shows that the relay, too, knows that the session stands.
        await self.until(lambda: self.session.numbers(time.monotonic()).samples > 0, "session")

    def send(self, payload: bytes, game: tuple[str, int], local_port: int = 27005) -> None:
        self.session.send_payload((local_port, game[0], game[1]), payload, time.monotonic())
        self._flush()

    def _flush(self) -> None:
        for _, datagram in self.session.datagrams_to_send():
            self.opened.sendto(self._masked(datagram), self.relay)

    def _masked(self, datagram: bytes) -> bytes:
        """On or off again; what is too short comes out empty."""
        return datagram if self.mask is None else self.mask.apply(datagram) or b""

    def step(self) -> None:
        """Timers, receive, send; never waits."""
        now = time.monotonic()
        due_s = self.session.next_timeout()
        if due_s is not None and due_s <= now:
            self.session.handle_timeout(now)
        try:
            while True:
                self.session.receive_datagram(self._masked(self.opened.recv(2048)), 0, now)
        except OSError:  # empty, or the relay's port is closed just now
            pass
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
        self._flush()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Go on until `condition()`; AssertionError naming `what` otherwise."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.step()
            if condition():
                return
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"no {what} within {PATIENCE_S:g} s; saw {self.events}, drops {self.session.drops}"
                )
            await asyncio.sleep(0.002)

    async def game_receives(self, game: socket.socket, payload: bytes) -> tuple[str, int]:
        """Where the game sees `payload` come from."""
        seen: list[tuple[bytes, tuple[str, int]]] = []

        def arrived() -> bool:
            try:
                while True:
                    got, source = game.recvfrom(4096)
                    seen.append((got, source[:2]))
            except BlockingIOError:
                return any(got == payload for got, _ in seen)

        await self.until(arrived, f"{payload[:20]!r} at the game")
        return next(source for got, source in seen if got == payload)

    def close(self) -> None:
        self.opened.close()


@dataclass
class RelayProcess:
    process: "subprocess.Popen[bytes]"
    port: int
    control_port: int
    metrics_port: int
    web_ping_port: int | None = None


@contextmanager
def relay_process(
    data_dir: Path,
    *options: str,
    port: int = 0,
    environ: Mapping[str, str] | None = None,
    launcher: tuple[str, ...] = (),
    passed: tuple[int, ...] = (),
) -> Iterator[RelayProcess]:
    """`plg relay run` as a process of its own, until it ends or the test does.

    `environ` is added to the environment; `launcher`: words before the command, with the descriptors `passed` to it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_RELAY_")}
    environment |= environ or {}
    command = [
        *launcher, sys.executable, "-m", "plg", "relay", "run", "--json", "--data-dir", str(data_dir), "--host", "127.0.0.1",
        "--port", str(port), "--control-port", "0", "--metrics-port", "0", "--allow-private", *options,
    ]  # fmt: skip
    log = (data_dir / "stderr.log").open("wb")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, pass_fds=passed)
    log.close()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the relay did not start: {(data_dir / 'stderr.log').read_text()}")
        ports = msgspec.json.decode(line)
        yield RelayProcess(
            process, ports["port"], ports["control_port"], ports["metrics_port"], ports.get("web_ping_port")
        )
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
