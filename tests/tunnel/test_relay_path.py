"""The socket to the relay, on loopback."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from plg.protocol.mask import HeaderMask
from plg.tunnel.relay_path import DRAIN_LIMIT, RelayAddress, RelayPath, find_relay


@pytest.fixture
async def far_end() -> AsyncIterator[socket.socket]:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.settimeout(2)
    yield opened
    opened.close()


def path_to(far_end: socket.socket, mask: HeaderMask | None = None) -> RelayPath:
    host, port = far_end.getsockname()
    return RelayPath(RelayAddress(host, port, socket.AF_INET), mask=mask)


async def collect(path: RelayPath, came: list[bytes], count: int) -> None:
    async with asyncio.timeout(2):
        while len(came) < count:  # noqa: ASYNC110 - the path calls back per datagram
            await asyncio.sleep(0.005)


async def test_datagrams_go_both_ways(far_end: socket.socket) -> None:
    path = path_to(far_end)
    came: list[bytes] = []
    path.start(came.append)
    path.send(b"up")
    data, source = far_end.recvfrom(100)
    assert (data, source) == (b"up", path.local_address)
    far_end.sendto(b"down", source)
    await collect(path, came, 1)
    assert came == [b"down"]
    path.close()


async def test_strangers_are_not_heard(far_end: socket.socket) -> None:
    path = path_to(far_end)
    came: list[bytes] = []
    path.start(came.append)
    assert path.local_address is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"junk", path.local_address)
    far_end.sendto(b"real", path.local_address)
    await collect(path, came, 1)
    assert came == [b"real"]
    path.close()


async def test_a_flood_is_taken_in_order_and_leaves_the_loop_its_turns(far_end: socket.socket) -> None:
    path = path_to(far_end)
    came: list[tuple[int, bytes]] = []
    turn = 0
    path.start(lambda datagram: came.append((turn, datagram)))
    assert path.local_address is not None
    for number in range(200):
        far_end.sendto(b"%d" % number, path.local_address)
    async with asyncio.timeout(2):
        while len(came) < 200:
            await asyncio.sleep(0)
            turn += 1
    assert max(Counter(turn for turn, _ in came).values()) <= DRAIN_LIMIT
    assert [int(datagram) for _, datagram in came] == list(range(200))
    path.close()


async def test_a_datagram_that_makes_its_reader_close_the_path_is_the_last_one(far_end: socket.socket) -> None:
    path = path_to(far_end)
    came: list[bytes] = []

    def close_at_once(datagram: bytes) -> None:
        came.append(datagram)
        path.close()

    path.start(close_at_once)
    assert path.local_address is not None
    for number in range(3):
        far_end.sendto(b"%d" % number, path.local_address)
    await collect(path, came, 1)
    await asyncio.sleep(0.01)
    assert came == [b"0"]


async def test_a_relay_that_is_not_there_for_a_moment_is_survived(far_end: socket.socket) -> None:
    host, port = far_end.getsockname()
    path = path_to(far_end)
    came: list[bytes] = []
    path.start(came.append)
    far_end.close()
    for _ in range(5):
        path.send(b"into the void")
        await asyncio.sleep(0.01)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((host, port))
        again.settimeout(2)
        path.send(b"hello again")
        data, source = again.recvfrom(100)
        assert data == b"hello again"
        again.sendto(b"yes", source)
        await collect(path, came, 1)
    assert path.counters.receive_errors + path.counters.send_errors > 0
    path.close()


async def test_a_new_socket_has_a_new_port_and_is_heard(far_end: socket.socket) -> None:
    path = path_to(far_end)
    came: list[bytes] = []
    path.start(came.append)
    before = path.local_address
    assert path.follow_network(force=True)
    assert path.local_address not in {before, None}
    path.send(b"from the new port")
    _, source = far_end.recvfrom(100)
    far_end.sendto(b"down", source)
    await collect(path, came, 1)
    assert path.counters.reopened == 1
    path.close()


async def test_nothing_is_re_opened_while_the_way_is_the_same(far_end: socket.socket) -> None:
    path = path_to(far_end)
    before = path.local_address
    assert not path.follow_network()
    assert path.local_address == before
    path.close()


async def test_the_mask_hides_the_header_and_is_taken_off_again(far_end: socket.socket) -> None:
    mask = HeaderMask(bytes(32))
    path = path_to(far_end, mask)
    came: list[bytes] = []
    path.start(came.append)
    datagram = bytes(range(64))
    path.send(datagram)
    masked, source = far_end.recvfrom(100)
    assert masked[:14] != datagram[:14]
    assert masked[14:] == datagram[14:]
    assert mask.apply(masked) == datagram
    far_end.sendto(b"short", source)
    far_end.sendto(masked, source)
    await collect(path, came, 1)
    assert came == [datagram]
    assert path.counters.foreign == 1
    path.send(b"short")
    assert path.counters.send_errors == 1
    path.close()


async def test_sockets_are_prepared_before_use(far_end: socket.socket) -> None:
    host, port = far_end.getsockname()
    prepared: list[int] = []
    path = RelayPath(
        RelayAddress(host, port, socket.AF_INET), prepare=lambda opened: prepared.append(opened.getsockname()[1])
    )
    assert prepared == [0]
    path.close()
    path.send(b"after the end")
    assert path.counters.send_errors == 1
    assert path.local_address is None


async def test_names_are_looked_up_and_ipv6_works() -> None:
    found = await find_relay("::1", 443)
    assert (found.host, found.port, found.family) == ("::1", 443, socket.AF_INET6)
    with pytest.raises(socket.gaierror):
        await find_relay("no-such-host.invalid", 443)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_socket_that_was_refused_is_heard_again_on_either_loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """libuv stops watching a socket after its error: a relay that starts again would never be heard."""

    async def refused_then_answered() -> list[bytes]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as away:
            away.bind(("127.0.0.1", 0))
            host, port = away.getsockname()
        path = RelayPath(RelayAddress(host, port, socket.AF_INET))
        came: list[bytes] = []
        path.start(came.append)
        path.send(b"nobody there")
        await asyncio.sleep(0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
            back.bind((host, port))
            assert path.local_address is not None
            back.sendto(b"here again", path.local_address)
            await collect(path, came, 1)
        path.close()
        return came

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(refused_then_answered()) == [b"here again"]
