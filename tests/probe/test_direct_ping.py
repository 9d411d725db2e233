"""Measuring hosts that do not help."""

import asyncio
import socket
import struct

import pytest

from plg.probe import direct_ping
from plg.probe.direct_ping import ICMP, TCP, DirectPing, internet_checksum, measure
from support.requirements import require_root


async def measured(host: str, method: str, port: int | None) -> DirectPing:
    return await measure(host, method, port, pings=3, interval_s=0.01, timeout_s=0.5)


async def test_tcp_connect_time_to_a_host_that_listens() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    found = await measured("127.0.0.1", TCP, server.sockets[0].getsockname()[1])
    assert found.rtt_ms is not None
    assert (found.method, found.loss_percent, found.reason) == ("tcp", 0.0, None)
    assert found.rtt_ms < 400
    server.close()
    await server.wait_closed()


async def test_a_refused_connection_is_an_answer_too() -> None:
    with socket.socket() as closed_soon:
        closed_soon.bind(("127.0.0.1", 0))
        port = closed_soon.getsockname()[1]
    found = await measured("127.0.0.1", TCP, port)
    assert (found.rtt_ms is not None, found.loss_percent) == (True, 0.0)


async def test_what_never_answers_has_lost_everything() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(address)  # the queue is full: later connections hang
        found = await measure("127.0.0.1", TCP, address[1], pings=2, interval_s=0.0, timeout_s=0.2)
        for other in others:
            other.close()
    assert (found.rtt_ms, found.jitter_ms, found.loss_percent, found.reason) == (None, None, 100.0, "no answer")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_icmp_echo_over_both_families(host: str) -> None:
    require_root()
    found = await measured(host, ICMP, None)
    assert found.rtt_ms is not None
    assert (found.method, found.loss_percent) == ("icmp", 0.0)
    assert found.rtt_ms < 400


async def test_where_icmp_is_forbidden_tcp_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_family: socket.AddressFamily) -> socket.socket:
        raise direct_ping.IcmpForbidden

    monkeypatch.setattr(direct_ping, "_open_icmp", forbidden)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        found = await measured("127.0.0.1", ICMP, listening.getsockname()[1])
    assert (found.method, found.rtt_ms is not None) == ("tcp", True)
    without_port = await measured("127.0.0.1", ICMP, None)
    assert (without_port.method, without_port.rtt_ms) == (None, None)
    assert without_port.reason is not None


@pytest.mark.parametrize(
    ("host", "method", "port"),
    [("no-such-host.invalid", TCP, 1), ("127.0.0.1", "carrier pigeon", 1), ("127.0.0.1", TCP, None)],
)
async def test_what_cannot_be_measured_says_why(host: str, method: str, port: int | None) -> None:
    found = await measured(host, method, port)
    assert (found.rtt_ms, found.method) == (None, None)
    assert found.reason


def test_the_checksum_is_that_of_rfc_1071() -> None:
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D
    assert internet_checksum(b"\x01") == internet_checksum(b"\x01\x00")
    packet = struct.pack(">BBHHH", 8, 0, 0, 1, 2)
    checked = struct.pack(">BBHHH", 8, 0, internet_checksum(packet), 1, 2)
    assert internet_checksum(checked) == 0
