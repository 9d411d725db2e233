"""What a keeper holds."""

import os
import resource
import socket
from collections.abc import Iterator

import pytest

from plg_relay.keeper_fdstore import DescriptorStore
from plg_relay.keeper_messages import GameName
from plg_relay.keeper_sockets import MAX_KEPT, RESERVED_DESCRIPTORS, KeptSockets, most_sockets
from support.live_relay import game_socket


@pytest.fixture
def kept() -> Iterator[KeptSockets]:
    made = KeptSockets(DescriptorStore(None, 0), limit=3)
    yield made
    made.close()


def copy_of(opened: socket.socket) -> int:
    return os.dup(opened.fileno())


def is_open(port: int) -> bool:
    """Whether somebody still has the port: Linux answers a connected sender with ECONNREFUSED when nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", port))
        try:
            probe.send(b"?")
            probe.send(b"?")
        except ConnectionRefusedError:
            return False
        return True


def test_a_port_stays_open_until_its_socket_is_dropped(kept: KeptSockets) -> None:
    game = game_socket()
    port = game.getsockname()[1]
    kept.keep("front0-1", copy_of(game))
    game.close()
    assert is_open(port)
    kept.drop("front0-1")
    assert not is_open(port)
    kept.drop("front0-1")


def test_a_socket_of_the_same_name_takes_the_place_of_the_older(kept: KeptSockets) -> None:
    first, second = game_socket(), game_socket()
    kept.keep("control", copy_of(first))
    kept.keep("control", copy_of(second))
    port = first.getsockname()[1]
    first.close()
    assert not is_open(port)
    assert len(kept) == 1
    second.close()


@pytest.mark.parametrize("name", ["", "a b", "x" * 99])
def test_a_bad_name_is_refused_and_its_socket_closed(kept: KeptSockets, name: str) -> None:
    with game_socket() as game:
        descriptor = copy_of(game)
        kept.keep(name, descriptor)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    assert (len(kept), kept.refused) == (0, 1)


def test_one_too_many_is_refused_and_the_others_stay(kept: KeptSockets, caplog: pytest.LogCaptureFixture) -> None:
    with game_socket() as game:
        for name in ("a", "b", "c", "d"):
            kept.keep(name, copy_of(game))
        kept.keep("a", copy_of(game))
        kept.keep("e", copy_of(game))
    assert [name for name, _ in kept.names(lambda _: True)] == ["a", "b", "c"]
    assert kept.refused == 2
    assert [record.message for record in caplog.records] == ["'d' is not kept: 3 sockets are, 3 may be"]


def test_a_keeper_leaves_itself_descriptors_to_start_a_relay_with() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        assert most_sockets() == 512 - RESERVED_DESCRIPTORS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert most_sockets() <= MAX_KEPT


def test_what_the_service_manager_held_is_taken_back_when_it_is_what_its_name_says(
    kept: KeptSockets, caplog: pytest.LogCaptureFixture
) -> None:
    unix, other_end = socket.socketpair()
    with game_socket() as game, unix, other_end:
        port = game.getsockname()[1]
        good, wrong_port = GameName(4, port, 1), GameName(4, port - 1, 2)
        wrong_family = GameName(6, port, 3)
        kept.restore(
            [
                (str(good), copy_of(game)),
                (str(wrong_port), copy_of(game)),
                (str(wrong_family), copy_of(game)),
                ("control", copy_of(unix)),
                ("bad name", copy_of(game)),
                ("", copy_of(game)),
            ]
        )
    assert [name for name, _ in kept.names(lambda _: True)] == [str(good)]
    assert sum("none of ours" in record.message for record in caplog.records) == 5
    assert is_open(port)
