"""The kernel's choice of a worker."""

import socket

from plg_relay.port_sharing import open_shared_fronts
from support.live_relay import game_socket


def test_each_datagram_goes_to_the_socket_that_its_ninth_byte_names_whatever_its_source() -> None:
    fronts = open_shared_fronts("127.0.0.1", 0, 3, buffer_bytes=1 << 16)
    address = fronts[0].getsockname()
    for last in range(30):
        sender = game_socket()
        sender.sendto(bytes(8) + bytes([last]) + b"rest", address)
        sender.close()
    received = [sorted(datagram[8] for datagram in drained(front)) for front in fronts]
    assert received == [[last for last in range(30) if last % 3 == number] for number in range(3)]
    for front in fronts:
        front.close()


def test_a_datagram_too_short_to_choose_goes_to_the_first() -> None:
    fronts = open_shared_fronts("127.0.0.1", 0, 2, buffer_bytes=1 << 16)
    sender = game_socket()
    sender.sendto(b"short", fronts[0].getsockname())
    assert drained(fronts[0]) == [b"short"]
    sender.close()
    for front in fronts:
        front.close()


def drained(front: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    try:
        while True:
            found.append(front.recvfrom(2048)[0])
    except BlockingIOError:
        return found
