"""The endpoint for browsers' pings over real sockets, with and without TLS, and inside a real relay."""

import asyncio
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from plg_relay import web_ping
from plg_relay.errors import FailureKind, RelayError
from plg_relay.web_ping import WebPing, web_ping_tls
from support.live_relay import enrolled_identity, relay_process
from support.small_server import small_server
from support.smtp_sink import self_made_certificate

REQUEST = b"GET /ping HTTP/1.1\r\nHost: relay1.example\r\n\r\n"
LIMIT_S = 20.0


def certificate_files(folder: Path) -> tuple[Path, Path]:
    certificate, _ = self_made_certificate(folder)
    return certificate, certificate.with_suffix(".key")


@asynccontextmanager
async def endpoint(tls: ssl.SSLContext | None = None) -> AsyncIterator[WebPing]:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with WebPing(bound, tls) as pings:
            yield pings


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - another thread's counters
            await asyncio.sleep(0.01)


async def ask(port: int, sent: bytes) -> bytes:
    """Everything that comes back until the endpoint ends the connection."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(sent)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def test_a_browser_measures_over_one_connection() -> None:
    async with endpoint() as pings, aiohttp.ClientSession() as http:
        for _ in range(3):
            async with http.get(f"http://127.0.0.1:{pings.port}/ping") as answer:
                assert (answer.status, answer.headers["Timing-Allow-Origin"]) == (204, "*")
        assert pings.outcomes == {"answered": 3}


async def test_the_same_over_tls_and_who_does_not_speak_it_is_counted(tmp_path: Path) -> None:
    certificate, key = certificate_files(tmp_path)
    trusted = ssl.create_default_context(cafile=str(certificate))
    async with endpoint(web_ping_tls(certificate, key)) as pings, aiohttp.ClientSession() as http:
        async with http.get(f"https://127.0.0.1:{pings.port}/ping", ssl=trusted) as answer:
            assert answer.status == 204
        assert b"204" not in await ask(pings.port, REQUEST)
        await until(lambda: pings.outcomes["handshake"] == 1)


async def test_hostile_input_ends_its_own_connection_only() -> None:
    async with endpoint() as pings:
        assert (await ask(pings.port, b"POST /ping HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 405 ")
        assert (await ask(pings.port, b"\x00" * 20_000)).startswith((b"HTTP/1.1 431 ", b""))
        assert (await ask(pings.port, REQUEST[:-2] + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
        assert (pings.outcomes["method"], pings.outcomes["too_long"], pings.outcomes["answered"]) == (1, 1, 1)


async def test_one_address_holds_few_connections_and_each_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_ping, "MAX_CONNECTIONS_PER_SOURCE", 2)
    monkeypatch.setattr(web_ping, "CONNECTION_S", 0.3)
    async with endpoint() as pings:
        waiting = [ask(pings.port, b"GET /ping HTTP/1.1\r\n") for _ in range(5)]
        assert await asyncio.gather(*waiting) == [b""] * 5
        await until(lambda: pings.outcomes == {"too_many": 3, "timed_out": 2})
        assert (await ask(pings.port, REQUEST[:-2] + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 204 ")


async def test_a_flood_of_connections_is_taken_slowly_and_the_rest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_ping, "MAX_CONNECTIONS", 4)
    monkeypatch.setattr(web_ping, "MAX_CONNECTIONS_PER_SOURCE", 1000)
    closing = REQUEST[:-2] + b"Connection: close\r\n\r\n"
    async with endpoint() as pings:
        answers = await asyncio.gather(*(ask(pings.port, closing) for _ in range(40)))
        assert all(answer.startswith(b"HTTP/1.1 204 ") for answer in answers)
        assert pings.outcomes == {"answered": 40}


async def test_leaving_ends_what_still_talks() -> None:
    async with endpoint() as pings:
        reader, writer = await asyncio.open_connection("127.0.0.1", pings.port)
        writer.write(REQUEST)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
    writer.close()


def test_a_certificate_that_cannot_be_used_stops_the_start_with_one_line(tmp_path: Path) -> None:
    certificate, key = certificate_files(tmp_path)
    _, foreign_key = certificate_files(tmp_path / "other")
    (tmp_path / "empty").touch()
    assert web_ping_tls(None, None) is None
    for wrong in ((tmp_path / "missing", key), (certificate, foreign_key), (tmp_path / "empty", key), (key, key)):
        with pytest.raises(RelayError) as refusal:
            web_ping_tls(*wrong)
        assert refusal.value.kind is FailureKind.CONFIG
        assert "\n" not in str(refusal.value)


async def test_a_real_relay_answers_browsers_tells_the_server_where_and_counts(tmp_path: Path) -> None:
    async with small_server() as server:
        enrolled_identity(tmp_path, server=server.url)
        url = "https://relay1.example:8444/ping"
        environ = {"PLG_RELAY_WEB_PING_LISTEN": "127.0.0.1:0", "PLG_RELAY_WEB_PING_URL": url}
        with relay_process(tmp_path, environ=environ) as relay:
            assert relay.web_ping_port is not None
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://127.0.0.1:{relay.web_ping_port}/ping") as answer,
            ):
                assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
            await until(lambda: any(beat.web_ping_url == url for beat in server.beats))
            text = await asyncio.to_thread(
                lambda: urllib.request.urlopen(f"http://127.0.0.1:{relay.metrics_port}/metrics", timeout=5).read()
            )
            assert b'plg_relay_web_pings_total{outcome="answered"} 1.0' in text
