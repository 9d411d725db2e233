"""The socket to the relay, on loopback."""

import asyncio
import socket
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


async def collect(path: RelayPath, batches: list[list[bytes]], count: int) -> None:
    async with asyncio.timeout(2):
        while sum(map(len, batches)) < count:  # noqa: ASYNC110 - the path calls back per batch
            await asyncio.sleep(0.005)


async def test_datagrams_go_both_ways(far_end: socket.socket) -> None:
    path = path_to(far_end)
    batches: list[list[bytes]] = []
    path.start(batches.append)
    path.send(b"up")
    data, source = far_end.recvfrom(100)
    assert (data, source) == (b"up", path.local_address)
    far_end.sendto(b"down", source)
    await collect(path, batches, 1)
    assert batches == [[b"down"]]
    path.close()


async def test_strangers_are_not_heard(far_end: socket.socket) -> None:
    path = path_to(far_end)
    batches: list[list[bytes]] = []
    path.start(batches.append)
    assert path.local_address is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"junk", path.local_address)
    far_end.sendto(b"real", path.local_address)
    await collect(path, batches, 1)
    assert batches == [[b"real"]]
    path.close()


async def test_a_flood_is_taken_in_bounded_batches(far_end: socket.socket) -> None:
    path = path_to(far_end)
    batches: list[list[bytes]] = []
    path.start(batches.append)
    assert path.local_address is not None
    for number in range(200):
        far_end.sendto(b"%d" % number, path.local_address)
    await collect(path, batches, 200)
    assert max(map(len, batches)) <= DRAIN_LIMIT
    assert [int(datagram) for batch in batches for datagram in batch] == list(range(200))
    path.close()


async def test_a_relay_that_is_not_there_for_a_moment_is_survived(far_end: socket.socket) -> None:
    host, port = far_end.getsockname()
    path = path_to(far_end)
    batches: list[list[bytes]] = []
    path.start(batches.append)
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
        await collect(path, batches, 1)
    assert path.counters.receive_errors + path.counters.send_errors > 0
    path.close()


async def test_a_new_socket_has_a_new_port_and_is_heard(far_end: socket.socket) -> None:
    path = path_to(far_end)
    batches: list[list[bytes]] = []
    path.start(batches.append)
    before = path.local_address
    assert path.follow_network(force=True)
    assert path.local_address not in {before, None}
    path.send(b"from the new port")
    _, source = far_end.recvfrom(100)
    far_end.sendto(b"down", source)
    await collect(path, batches, 1)
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
    batches: list[list[bytes]] = []
    path.start(batches.append)
    datagram = bytes(range(64))
    path.send(datagram)
    masked, source = far_end.recvfrom(100)
    assert masked[:14] != datagram[:14]
    assert masked[14:] == datagram[14:]
    assert mask.apply(masked) == datagram
    far_end.sendto(b"short", source)
    far_end.sendto(masked, source)
    await collect(path, batches, 1)
    assert batches == [[datagram]]
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

    async def refused_then_answered() -> list[list[bytes]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as away:
            away.bind(("127.0.0.1", 0))
            host, port = away.getsockname()
        path = RelayPath(RelayAddress(host, port, socket.AF_INET))
        batches: list[list[bytes]] = []
        path.start(batches.append)
        path.send(b"nobody there")
        await asyncio.sleep(0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
            back.bind((host, port))
            assert path.local_address is not None
            back.sendto(b"here again", path.local_address)
            await collect(path, batches, 1)
        path.close()
        return batches

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(refused_then_answered()) == [[b"here again"]]
