"""The local forward: a game that is pointed at it, a server behind it, and no rights at all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network

import pytest

from plg.capture.packet_source import CaptureRule, CaptureSpec, CaptureUnavailable, FlowKey, PortSpan, Verdict
from plg.capture.proxy_source import MAX_LOCAL_PORTS, ProxySource, single_target


def udp(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    sock.setblocking(False)
    return sock


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["ipv4", "ipv6"])
def server(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with udp(request.param) as sock:
        yield sock


@pytest.fixture
def game() -> Iterator[socket.socket]:
    with udp() as sock:
        yield sock


def spec_for(server: socket.socket) -> CaptureSpec:
    address, port = server.getsockname()[:2]
    return CaptureSpec((CaptureRule((ip_network(address),), (PortSpan(port, port),)),))


@pytest.fixture
async def source(server: socket.socket) -> AsyncIterator[ProxySource]:
    spec = spec_for(server)
    opened = ProxySource(single_target(spec))
    await opened.open(spec)
    yield opened
    await opened.close()


async def receive(sock: socket.socket) -> tuple[bytes, tuple[str, int]]:
    data, address = await asyncio.wait_for(asyncio.get_running_loop().sock_recvfrom(sock, 2000), 5)
    return data, (address[0], address[1])


async def test_a_payload_is_shown_with_its_flow_and_the_reply_comes_from_the_proxy(
    source: ProxySource, server: socket.socket, game: socket.socket
) -> None:
    shown: list[tuple[FlowKey, bytes]] = []

    def take(flow: FlowKey, payload: bytes) -> Verdict:
        shown.append((flow, payload))
        source.deliver(flow, b"reply")
        return Verdict.TAKEN

    assert await source.observe(0) == frozenset()
    await source.divert(take)
    game.connect(source.listen_address)
    game.send(b"hello")
    assert await receive(game) == (b"reply", source.listen_address)
    assert shown == [(FlowKey(game.getsockname()[1], *server.getsockname()[:2]), b"hello")]
    assert (source.stats.captured, source.stats.delivered, source.stats.errors) == (1, 1, {})


async def test_what_goes_direct_reaches_the_server_from_a_port_of_its_own_for_each_game(
    source: ProxySource, server: socket.socket, game: socket.socket
) -> None:
    await source.divert(lambda _flow, _payload: Verdict.DIRECT)
    with udp() as other:
        senders = []
        for sock, word in ((game, b"one"), (other, b"two"), (game, b"three")):
            sock.sendto(word, source.listen_address)
            data, address = await receive(server)
            assert data == word
            senders.append(address)
            server.sendto(b"re " + word, address)
            assert await receive(sock) == (b"re " + word, source.listen_address)
    assert senders[0] == senders[2] != senders[1]
    assert source.stats.passed_direct == 3


async def test_a_held_payload_can_be_sent_on_later(
    source: ProxySource, server: socket.socket, game: socket.socket
) -> None:
    held: asyncio.Queue[tuple[FlowKey, bytes]] = asyncio.Queue()

    def hold(flow: FlowKey, payload: bytes) -> Verdict:
        held.put_nowait((flow, payload))
        return Verdict.TAKEN

    await source.divert(hold)
    game.sendto(b"wait", source.listen_address)
    source.send_direct(*await asyncio.wait_for(held.get(), 5))
    assert (await receive(server))[0] == b"wait"


async def test_a_reply_for_nobody_is_counted_and_dropped(source: ProxySource) -> None:
    await source.divert(lambda _flow, _payload: Verdict.TAKEN)
    source.deliver(FlowKey(1, "127.0.0.1", 2), b"x")
    source.send_direct(FlowKey(1, "127.0.0.1", 2), b"x")
    assert source.stats.errors == {"unknown_flow": 2}


async def test_many_local_ports_do_not_use_up_descriptors(source: ProxySource, server: socket.socket) -> None:
    await source.divert(lambda _flow, _payload: Verdict.DIRECT)
    for _ in range(MAX_LOCAL_PORTS + 20):
        with udp() as sock:
            sock.sendto(b"x", source.listen_address)
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    assert len(source._direct) <= MAX_LOCAL_PORTS
    assert source.stats.passed_direct == MAX_LOCAL_PORTS + 20


async def test_a_taken_port_is_one_clear_line(server: socket.socket, game: socket.socket) -> None:
    spec = spec_for(server)
    source = ProxySource(single_target(spec), game.getsockname()[1])
    with pytest.raises(CaptureUnavailable, match=r"cannot listen on 127\.0\.0\.1:\d+: Address already in use") as error:
        await source.open(spec)
    assert "another" in error.value.next_step
    await source.close()


async def test_closing_twice_is_fine_and_frees_the_port(server: socket.socket) -> None:
    spec = spec_for(server)
    source = ProxySource(single_target(spec))
    await source.open(spec)
    address = source.listen_address
    await source.divert(lambda _flow, _payload: Verdict.TAKEN)
    await source.close()
    await source.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(address)
    with pytest.raises(RuntimeError, match="not open"):
        _ = source.listen_address
    with pytest.raises(RuntimeError, match="not open"):
        await source.divert(lambda _flow, _payload: Verdict.TAKEN)


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (CaptureRule((ip_network("10.0.0.0/24"),), (PortSpan(5, 5),)),),
        (CaptureRule((ip_network("10.0.0.1/32"),), (PortSpan(5, 6),)),),
        (CaptureRule((), (PortSpan(5, 5),)),),
        (CaptureRule((ip_network("10.0.0.1/32"),), (PortSpan(5, 5),)),) * 2,
    ],
)
def test_a_range_of_servers_cannot_be_proxied(rules: tuple[CaptureRule, ...]) -> None:
    with pytest.raises(CaptureUnavailable, match="one game server") as error:
        single_target(CaptureSpec(rules))
    assert "--target" in error.value.next_step
