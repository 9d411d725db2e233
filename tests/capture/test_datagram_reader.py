"""Both ways of reading a UDP socket from asyncio."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from plg.capture.datagram_reader import DatagramReader

WAYS = pytest.mark.parametrize("use_task", [False, True], ids=["add_reader", "task"])


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    pair = []
    for _ in range(2):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        pair.append(sock)
    yield pair[0], pair[1]
    for sock in pair:
        sock.close()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0.005)


@WAYS
async def test_every_datagram_arrives_with_its_sender(
    sockets: tuple[socket.socket, socket.socket], use_task: bool
) -> None:
    here, there = sockets
    got: list[tuple[bytes, tuple[str, int]]] = []
    reader = DatagramReader(here, lambda *datagram: got.append(datagram), lambda: None, use_task=use_task)
    for number in range(150):
        there.sendto(b"%d" % number, here.getsockname())
    await settle()
    reader.close()
    assert got == [(b"%d" % number, there.getsockname()) for number in range(150)]


@WAYS
async def test_after_close_nothing_is_read(sockets: tuple[socket.socket, socket.socket], use_task: bool) -> None:
    here, there = sockets
    got: list[bytes] = []
    reader = DatagramReader(here, lambda payload, _address: got.append(payload), lambda: None, use_task=use_task)
    reader.close()
    reader.close()
    there.sendto(b"late", here.getsockname())
    await settle()
    assert got == []


@WAYS
async def test_an_unreachable_port_is_an_error_and_reading_goes_on(
    sockets: tuple[socket.socket, socket.socket], use_task: bool
) -> None:
    here, there = sockets
    there_address = there.getsockname()
    there.close()
    here.connect(there_address)
    errors: list[int] = []
    got: list[bytes] = []
    reader = DatagramReader(
        here, lambda payload, _address: got.append(payload), lambda: errors.append(1), use_task=use_task
    )
    here.send(b"anybody?")
    await settle()
    assert errors == [1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.bind(there_address)
        back.sendto(b"now yes", here.getsockname())
        await settle()
    reader.close()
    assert got == [b"now yes"]
