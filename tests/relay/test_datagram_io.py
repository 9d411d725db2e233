"""Datagrams in batches: both ways of doing it give the same."""

import socket

import pytest

from plg_relay.datagram_io import BATCH, HAS_BATCHES, LONGEST_DATAGRAM, BatchedIo, DatagramIo, PlainIo, datagram_io
from support.live_relay import game_socket

WAYS: list[type[PlainIo] | type[BatchedIo]] = [PlainIo, BatchedIo] if HAS_BATCHES else [PlainIo]
HOSTS = ["127.0.0.1", "::1"] if socket.has_ipv6 else ["127.0.0.1"]


@pytest.fixture(params=WAYS)
def io(request: pytest.FixtureRequest) -> DatagramIo:
    made: DatagramIo = request.param()
    return made


@pytest.mark.parametrize("host", HOSTS)
def test_what_is_sent_in_one_call_arrives_in_order_with_its_source(io: DatagramIo, host: str) -> None:
    with game_socket(host) as sender, game_socket(host) as receiver:
        datagrams = [b"%d" % number * (number + 1) for number in range(BATCH)]
        assert io.send_all(sender, datagrams, receiver.getsockname()[:2]) == BATCH
        assert io.send_all(sender, [b"one more"], receiver.getsockname()[:2]) == 1
        source = sender.getsockname()[:2]
        found = io.receive_from(receiver)
        assert len(found) == BATCH, "a drain is bounded"
        found += io.receive_from(receiver)
        assert found == [(datagram, source) for datagram in [*datagrams, b"one more"]]
        assert io.receive_from(receiver) == []


def test_both_families_may_take_turns(io: DatagramIo) -> None:
    if "::1" not in HOSTS:
        pytest.skip("this Python has no IPv6")
    with game_socket() as four, game_socket("::1") as six:
        for _ in range(3):
            for opened in (four, six):
                address = opened.getsockname()[:2]
                io.send_all(opened, [b"a", b"b"], address)
                assert io.receive_from(opened) == [(b"a", address), (b"b", address)]


def test_a_connected_socket_gives_payloads(io: DatagramIo) -> None:
    with game_socket() as one, game_socket() as other:
        one.connect(other.getsockname())
        other.sendto(b"", one.getsockname())
        other.sendto(b"x" * 1400, one.getsockname())
        assert io.receive(one) == [b"", b"x" * 1400]
        assert io.receive(one) == []


def test_a_datagram_that_is_too_long_shows_as_too_long(io: DatagramIo) -> None:
    with game_socket() as one, game_socket() as other:
        other.sendto(b"x" * 5000, one.getsockname())
        ((datagram, _),) = io.receive_from(one)
        assert len(datagram) == LONGEST_DATAGRAM


def test_the_error_that_icmp_reported_is_raised_once(io: DatagramIo) -> None:
    with game_socket() as one:
        with game_socket() as gone:
            address = gone.getsockname()
        one.connect(address)
        one.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            io.receive(one)
        assert io.receive(one) == []


def test_an_impossible_address_is_an_error(io: DatagramIo) -> None:
    with game_socket() as one, pytest.raises(PermissionError):
        io.send_all(one, [b"a", b"b"], ("255.255.255.255", 9))


def test_many_sources_do_not_grow_the_table() -> None:
    if not HAS_BATCHES:
        pytest.skip("no batches on this system")
    io = BatchedIo()
    with game_socket() as receiver:
        for number in range(40):
            with game_socket() as sender:
                sender.sendto(b"%d" % number, receiver.getsockname())
        assert len({source for _, source in io.receive_from(receiver)}) > 1
        assert len(io._sources) <= 40


def test_this_system_has_a_way() -> None:
    assert isinstance(datagram_io(), BatchedIo if HAS_BATCHES else PlainIo)
