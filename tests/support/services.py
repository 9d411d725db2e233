"""Private PostgreSQL and Redis servers for tests: own directory, own port, gone at the end. Nothing durable, so fast."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.requirements import require_binary

START_WAIT_S = 40.0
"""A start takes about a second; a machine that builds something at the same time has needed twenty."""

START_TRIES = 3
"""A free port may be taken by somebody else between the look and the start."""


def free_port() -> int:
    """A port of this moment that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServiceProcess:
    """One server process that a test may stop, freeze and start again on the same port."""

    def __init__(self, folder: Path, port: int, account: str | None) -> None:
        self.folder = folder
        self.port = port
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """The command line of the server."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it serves."""
        raise NotImplementedError

    def start(self) -> None:
        """Start and wait until it serves. Raises RuntimeError with the server's own words when it does not."""
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(), stdout=output, stderr=output, cwd=self.folder, user=self._account, group=self._group()
            )
        deadline = time.monotonic() + START_WAIT_S
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.command()[0]} does not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once, as when it crashes; clients see their connections break."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGQUIT if isinstance(self, PostgresServer) else signal.SIGKILL)
        self._process.wait(timeout=START_WAIT_S)
        self._process = None

    def freeze(self) -> None:
        """Stop answering while every connection stays open, as when a machine hangs."""
        self._send_to_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._send_to_all(signal.SIGCONT)

    def _send_to_all(self, number: int) -> None:
        assert self._process is not None
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        for process_id in [parent, *map(int, children)]:
            os.kill(process_id, number)

    def _group(self) -> int | None:
        return None if self._account is None else pwd.getpwnam(self._account).pw_gid


class PostgresServer(ServiceProcess):
    """PostgreSQL with trust authentication on 127.0.0.1, as user `plg`."""

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "16MB",
            "max_connections": "60",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(require_binary("postgres")), "-D", str(self.folder / "data"), "-p", str(self.port), *options]

    def answers(self) -> bool:
        ready = [str(require_binary("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "plg"]
        return subprocess.run(ready, check=False).returncode == 0

    def initialise(self) -> None:
        """Make the data directory."""
        subprocess.run(
            [
                str(require_binary("initdb")), "-D", str(self.folder / "data"), "-U", "plg", "-A", "trust", "--no-sync",
                "-E", "UTF8", "--locale=C",
            ],
            check=True, capture_output=True, cwd=self.folder, user=self._account, group=self._group(),
        )  # fmt: skip

    def new_database(self) -> str:
        """The URL of a fresh, empty database."""
        name = f"t_{secrets.token_hex(6)}"
        make = [str(require_binary("createdb")), "-h", "127.0.0.1", "-p", str(self.port), "-U", "plg", name]
        subprocess.run(make, check=True, capture_output=True)
        return f"postgres://plg@127.0.0.1:{self.port}/{name}"


class RedisServer(ServiceProcess):
    """Redis without persistence on 127.0.0.1."""

    def command(self) -> Sequence[str]:
        return [
            str(require_binary("redis-server")), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--dir", str(self.folder),
        ]  # fmt: skip

    def answers(self) -> bool:
        return self.ask(b"PING") == b"+PONG\r\n"

    def ask(self, command: bytes) -> bytes:
        """One inline command and the first bytes of its answer; empty when nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(command + b"\r\n")
                return connection.recv(1024)
        except OSError:
            return b""

    def empty(self) -> None:
        """Forget everything."""
        assert self.ask(b"FLUSHALL") == b"+OK\r\n"

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; the test is skipped where it is not installed."""
    require_binary("postgres")
    with _service_folder("postgres") as (folder, account):
        server = PostgresServer(folder, free_port(), account)
        server.initialise()
        try:
            _start_somewhere(server)
            yield server
        finally:
            server.stop()


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A Redis server; the test is skipped where it is not installed."""
    require_binary("redis-server")
    with _service_folder("redis") as (folder, account):
        server = RedisServer(folder, free_port(), account)
        try:
            _start_somewhere(server)
            yield server
        finally:
            server.stop()


def _start_somewhere(server: ServiceProcess) -> None:
    for left in reversed(range(START_TRIES)):
        try:
            server.start()
        except RuntimeError:
            if not left:
                raise
            server.port = free_port()
        else:
            return


@contextmanager
def _service_folder(name: str) -> Iterator[tuple[Path, str | None]]:
    """A folder that the server's account may use, and that account: PostgreSQL refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix=f"plg-{name}-"))
    account = None
    if sys.platform != "win32" and os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = name if name in names else "nobody"
        shutil.chown(folder, account)
    try:
        yield folder, account
    finally:
        shutil.rmtree(folder, ignore_errors=True)
