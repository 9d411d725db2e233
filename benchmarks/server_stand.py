"""A real server process on SQLite, an account on it, and a relay that beats as a relay does."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import SOCK_STREAM

import aiohttp
import msgspec

from benchmarks.relay_stand import free_port
from plg.contract.accounts import LoginRequest, RegisterRequest, TokenPair
from plg.contract.relay_control import (
    HEARTBEAT_INTERVAL_S,
    RELAY_AUTH_HEADER,
    EnrolAnswer,
    EnrolRequest,
    HeartbeatRequest,
)

START_TIMEOUT_S = 30.0
EMAIL = "bench@plg.example"
PASSWORD = "correct horse battery staple"
WIDE_LIMITS = {f"PLG_SERVER_RATE_{name}": "1000000/minute" for name in ("SIGN_IN", "REFRESH", "READ", "WRITE", "RELAY")}
"""Rate limits are on and counted for each request; one benchmark must not be one caller too many."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    pid: int
    url: str
    environment: dict[str, str]

    def relay_token(self) -> str:
        """A token that enrols one relay, made as an operator makes it."""
        done = subprocess.run(
            [sys.executable, "-m", "plg", "server", "create-relay-token", "bench", "--country", "DE", "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r'"token":\s*"([^"]+)"', done.stdout)
        if found is None:
            raise RuntimeError(f"no token in: {done.stdout}")
        return found[1]


@contextmanager
def running_server(**more: str) -> Iterator[RunningServer]:
    """`plg server run` with a fresh SQLite file, in a folder that goes away. `more` are further PLG_SERVER_* settings."""
    with tempfile.TemporaryDirectory(prefix="plg-bench-") as folder:
        port = free_port(SOCK_STREAM)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")}
        environment |= {
            "PLG_SERVER_PORT": str(port),
            "PLG_SERVER_DATA_DIR": folder,
            "PLG_SERVER_LOG_LEVEL": "warning",
            "PLG_SERVER_PLAN_MAX_SESSIONS": "1000",
        }
        environment |= WIDE_LIMITS | {f"PLG_SERVER_{name.upper()}": value for name, value in more.items()}
        log = Path(folder, "server.log")
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "plg", "server", "run"], env=environment, stdout=stream, stderr=stream
            )
        server = RunningServer(process.pid, f"http://127.0.0.1:{port}", environment)
        try:
            wait_until_ready(process, server.url, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(f"the server was not ready within {START_TIMEOUT_S:g} s: {log.read_text()[-2000:]}")


def register(server: RunningServer) -> TokenPair:
    """Make the account and sign in."""
    answer = post(server, "/v1/auth/register", RegisterRequest(email=EMAIL, password=PASSWORD))
    if "access_token" not in answer:
        answer = post(server, "/v1/auth/login", LoginRequest(email=EMAIL, password=PASSWORD))
    return msgspec.convert(answer, TokenPair)


def post(
    server: RunningServer, path: str, body: msgspec.Struct, headers: dict[str, str] | None = None
) -> dict[str, object]:
    request = urllib.request.Request(
        server.url + path,
        data=msgspec.json.encode(body),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, object] = json.loads(answer.read() or b"{}")
    return found


@asynccontextmanager
async def beating_relay(server: RunningServer, http: aiohttp.ClientSession) -> AsyncIterator[EnrolAnswer]:
    """An enrolled relay as the server sees one: heartbeats every 5 s. No packets go anywhere."""
    request = EnrolRequest(enrol_token=server.relay_token(), public_host="203.0.113.7", port=443, name="bench")
    answer = msgspec.convert(await asyncio.to_thread(post, server, "/v1/relays/enrol", request), EnrolAnswer)
    headers = {RELAY_AUTH_HEADER: f"{answer.node_id}.{answer.relay_key}", "Content-Type": "application/json"}
    beat = HeartbeatRequest(boot_id="0123456789abcdef", max_sessions=100_000)

    async def beat_on() -> None:
        while True:
            async with http.post(
                f"{server.url}/v1/relays/heartbeat", data=msgspec.json.encode(beat), headers=headers
            ) as done:
                done.raise_for_status()
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(beat_on())
        await asyncio.sleep(0.5)
        try:
            yield answer
        finally:
            task.cancel()
