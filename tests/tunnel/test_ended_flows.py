"""Noticing that the game has closed a socket."""

import socket

from plg.tunnel.ended_flows import MAX_PORTS, EndedFlows, system_sockets
from support.requirements import require_linux


def udp_socket(port: int = 0) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", port))
    return opened


def test_a_closed_socket_is_told_once_and_an_open_one_never() -> None:
    require_linux()
    first, second = udp_socket(), udp_socket()
    port = first.getsockname()[1]
    ended = EndedFlows([port, second.getsockname()[1]], system_sockets())
    assert (len(ended), ended.closed()) == (2, [])
    first.close()
    assert ended.closed() == [port]
    assert (len(ended), ended.closed()) == (1, [])
    second.close()


def test_another_socket_on_the_same_port_is_another_flow() -> None:
    require_linux()
    first = udp_socket()
    port = first.getsockname()[1]
    ended = EndedFlows([port], system_sockets())
    first.close()
    with udp_socket(port):
        assert ended.closed() == [port]


def test_a_port_that_nobody_is_seen_to_own_is_not_watched() -> None:
    assert len(EndedFlows([1, 2], lambda _port: None)) == 0


def test_the_number_of_ports_is_bounded() -> None:
    assert len(EndedFlows(range(1000, 2000), lambda port: port)) == MAX_PORTS
