"""Undoing `connect`."""

import socket

import pytest

from plg_relay.udp_disconnect import disconnect
from support.live_relay import game_socket


def test_a_disconnected_socket_hears_everybody_on_the_same_port() -> None:
    placeholder, one, other = game_socket(), game_socket(), game_socket()
    address = placeholder.getsockname()
    placeholder.close()
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.bind(address)  # a port that the system chose at bind would be given up
    ours.connect(one.getsockname())
    disconnect(ours)
    assert ours.getsockname() == address
    with pytest.raises(OSError, match="not connected"):
        ours.getpeername()
    ours.settimeout(5)
    other.sendto(b"x", address)
    assert ours.recvfrom(9) == (b"x", other.getsockname())
    for opened in (ours, one, other):
        opened.close()


def test_a_closed_socket_is_an_error() -> None:
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.close()
    with pytest.raises(OSError, match="cannot disconnect"):
        disconnect(closed)
