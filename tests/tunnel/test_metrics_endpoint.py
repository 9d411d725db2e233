"""The local door for Prometheus: a real one reads it, and nobody can hold it up."""

import asyncio
import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from plg.contract.cli_output import StatusDocument
from plg.tunnel.grants import HostPort
from plg.tunnel.metrics_endpoint import (
    KEPT_TEXT_S,
    MAX_CLIENTS,
    MAX_REQUEST_BYTES,
    MAX_REQUESTS_PER_S,
    MetricsEndpoint,
    is_loopback,
)
from support.requirements import require_binary
from support.talking_tunnel import MULTIPATH

GET = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Door:
    """An endpoint that is open, and how often its tunnel was asked."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.asked = 0
        self.endpoint = MetricsEndpoint(self._status, HostPort(host, 0), "1.2.3")
        self.place = HostPort(host, 0)

    def _status(self) -> StatusDocument:
        self.asked += 1
        return MULTIPATH

    async def ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.place.host, self.place.port)
        try:
            writer.write(request)
            async with asyncio.timeout(10):
                return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def door(host: str = "127.0.0.1") -> AsyncIterator[Door]:
    found = Door(host)
    found.place = await found.endpoint.open()
    try:
        yield found
    finally:
        await found.endpoint.close()


async def test_a_scrape_gets_the_figures() -> None:
    async with door() as here:
        head, _, body = (await here.ask(GET)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4")
    assert f"Content-Length: {len(body)}".encode() in head
    assert any(
        family.name == "plg_client_round_trip_seconds" for family in text_string_to_metric_families(body.decode())
    )


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404"),
        (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", b"HTTP/1.1 200"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405"),
        (b"GET /metrics\r\n\r\n", b"HTTP/1.1 400"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"HTTP/1.1 421"),
        (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", b"HTTP/1.1 421"),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost:9464\r\n\r\n", b"HTTP/1.1 200"),
        (b"GET /metrics HTTP/1.1\r\nhost: [::1]:9464\r\n\r\n", b"HTTP/1.1 200"),
        (b"x" * (2 * MAX_REQUEST_BYTES), b""),
    ],
)
async def test_only_what_is_meant_is_answered(request_: bytes, answer: bytes) -> None:
    async with door() as here:
        got = await here.ask(request_)
    assert got.startswith(answer)
    assert got or not answer


async def test_head_has_no_body() -> None:
    async with door() as here:
        assert (await here.ask(GET.replace(b"GET", b"HEAD"))).endswith(b"\r\n\r\n")


async def test_who_asks_often_gets_the_same_text_and_is_then_hung_up_on() -> None:
    async with door() as here:
        began = time.monotonic()
        answers = [await here.ask(GET) for _ in range(MAX_REQUESTS_PER_S + 20)]
        took_s = time.monotonic() - began
        assert here.asked <= took_s / KEPT_TEXT_S + 1
        assert b"" in answers[-20:] or took_s > 1  # a machine that needs longer for fifty asks is not too quick


async def test_clients_that_say_nothing_hold_nobody_up_and_do_not_outlive_the_door() -> None:
    async with door() as here:
        mute = [await asyncio.open_connection(here.place.host, here.place.port) for _ in range(MAX_CLIENTS + 4)]
        await asyncio.sleep(0.05)
        assert await here.ask(GET) == b""
        for _reader, writer in mute[:MAX_CLIENTS]:
            writer.close()
        async with asyncio.timeout(10):
            while not (await here.ask(GET)).startswith(b"HTTP/1.1 200"):  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.05)
        late = await asyncio.open_connection(here.place.host, here.place.port)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    for _reader, writer in [*mute, late]:
        writer.close()


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing() -> None:
    async with door() as here:
        with pytest.raises(OSError, match="address already in use"):
            await MetricsEndpoint(lambda: MULTIPATH, here.place, "1").open()


def test_loopback_is_known_by_address() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "x.localhost", "")] == [False] * 5


async def test_a_real_prometheus_scrapes_it_and_answers_queries(tmp_path: Path) -> None:
    prometheus = require_binary("prometheus")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with door() as here:
        settings = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "plg", "static_configs": [{"targets": [str(here.place)]}]}],
        }
        (tmp_path / "prometheus.yml").write_text(json.dumps(settings))  # JSON is YAML
        argv = [
            str(prometheus), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        with (tmp_path / "log").open("w") as log:
            process = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.DEVNULL, stderr=log)
        try:
            saved = await query(port, 'plg_client_saved_packets_total{direction="up"}')
            state = await query(port, "plg_client_state == 1")
            units = await query(port, "plg_client_round_trip_seconds * 1000")
            targets = await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/api/v1/targets")
        finally:
            process.terminate()
            await process.wait()
    assert saved[0]["value"][1] == "300"
    assert state[0]["metric"]["state"] == "connected"
    assert float(units[0]["value"][1]) == pytest.approx(41.2)
    assert targets["activeTargets"][0]["health"] == "up"


async def query(port: int, text: str) -> list[Any]:
    """What Prometheus knows, once it knows something."""
    address = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": text})
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            found = await asyncio.to_thread(fetch, address)
        except OSError:
            found = {}
        if found.get("result"):
            return list(found["result"])
        await asyncio.sleep(0.3)
    raise AssertionError(f"Prometheus knows nothing of {text}")


def fetch(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return dict(json.load(answer)["data"])
