"""One visit at a server: each step that can fail, failing for real on loopback."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from plg.doctor.server_visit import Trouble, read_date, visit_server

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: %b\r\n\r\n{}"


@asynccontextmanager
async def answering(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that gives `answer` to every request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"


def dated(ahead_s: float = 0.0) -> bytes:
    return GOOD % format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True).encode()


def certificate(folder: Path, *, days: int) -> tuple[Path, ssl.SSLContext]:
    """A self-signed one for 127.0.0.1, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


async def test_a_good_visit_tells_every_step() -> None:
    async with answering(dated()) as url:
        visit = await visit_server(url)
    assert (visit.trouble, visit.status, visit.address) == (None, 200, "127.0.0.1")
    assert visit.connect_ms is not None
    assert visit.answer_ms is not None
    assert abs(visit.clock_ahead_s or 99) <= 1.5


async def test_a_server_ten_minutes_ahead_makes_our_clock_behind() -> None:
    async with answering(dated(600)) as url:
        visit = await visit_server(url)
    assert visit.clock_ahead_s == pytest.approx(-600, abs=1.5)


async def test_an_encrypted_visit_tells_how_long_the_certificate_holds(tmp_path: Path) -> None:
    authority, context = certificate(tmp_path, days=30)
    async with answering(dated(), context) as url:
        visit = await visit_server(url, authority)
    assert (visit.trouble, visit.status) == (None, 200)
    assert str(visit.tls_version).startswith("TLSv1.")
    assert visit.certificate_days == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize("days", [-1, 30])
async def test_a_certificate_that_ended_or_that_nobody_vouches_for_is_the_trouble(tmp_path: Path, days: int) -> None:
    authority, context = certificate(tmp_path, days=days)
    async with answering(dated(), context) as url:
        visit = await visit_server(url, authority if days < 0 else None)
    assert (visit.trouble, visit.status) == (Trouble.CERTIFICATE, None)
    assert ("expired" if days < 0 else "self-signed") in visit.detail


async def test_a_port_without_a_listener_is_refused() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        visit = await visit_server(f"http://127.0.0.1:{held.getsockname()[1]}")
    assert visit.trouble is Trouble.REFUSED


async def test_plain_http_where_tls_was_expected_is_a_trouble_of_tls() -> None:
    async with answering(dated()) as url:
        visit = await visit_server(url.replace("http:", "https:"))
    assert visit.trouble in {Trouble.TLS, Trouble.BROKEN_OFF}


async def test_a_name_that_nobody_knows() -> None:
    visit = await visit_server("http://no-such-host.invalid:80")
    assert (visit.trouble, visit.resolve_ms) == (Trouble.NAME_UNKNOWN, None)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Trouble.NOT_HTTP),
        (b"HTTP/1.1 OK\r\n\r\n", Trouble.NOT_HTTP),
        (b"", Trouble.BROKEN_OFF),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, Trouble.NOT_HTTP),
    ],
)
async def test_an_answer_that_is_none(answer: bytes, trouble: Trouble) -> None:
    async with answering(answer) as url:
        assert (await visit_server(url)).trouble is trouble


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: yesterday\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: Mon, 99 Foo 99999 99:99:99 GMT\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: \xff\xfe\r\n\r\n",
    ],
)
def test_a_date_that_makes_no_sense_is_none(head: bytes) -> None:
    assert read_date(head) is None


def test_the_date_header_is_read() -> None:
    assert read_date(b"HTTP/1.1 200 OK\r\ndate:  Thu, 01 Jan 1970 00:01:00 GMT\r\n\r\n") == 60.0


@given(st.binary(max_size=300))
def test_no_header_makes_it_fail(value: bytes) -> None:
    read_date(b"HTTP/1.1 200 OK\r\nDate: " + value + b"\r\n\r\n")
