"""Whole packets out of raw sockets."""

import socket

import pytest

from plg.capture.ip_udp import build_udp
from plg.capture.packet_source import CaptureStats
from plg.capture.raw_sender import RawSender
from support.requirements import require_root


def address(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("size", [10, 1400, 65000])
def test_a_packet_reaches_a_connected_socket_as_if_its_peer_had_sent_it(host: str, size: int) -> None:
    require_root()
    stats = CaptureStats()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as game, socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))
        game.connect((host, server.getsockname()[1]))
        game.settimeout(5)
        packet = build_udp(address(host), address(host), server.getsockname()[1], game.getsockname()[1], b"p" * size)
        sender = RawSender(stats)
        assert sender.send(packet, address(host))
        assert game.recv(70000) == b"p" * size
        sender.close()
    assert stats == CaptureStats()


def test_what_the_network_refuses_is_counted_by_its_reason() -> None:
    require_root()
    stats = CaptureStats()
    sender = RawSender(stats)
    assert not sender.send(b"\x45" + bytes(30), address("255.255.255.255"))
    sender.close()
    assert stats.errors == {"send_eacces": 1}
