"""Messages between a keeper and its relay, and the names of sockets."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg_relay.keeper_messages import (
    MAX_NAME_LENGTH,
    MAX_STORED,
    SOCKETS_A_MESSAGE,
    GameName,
    Verb,
    close_all,
    front_name,
    game_name,
    is_name,
    receive,
    send,
)
from support.requirements import require_linux

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    require_linux()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def open_descriptors() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


def test_a_socket_arrives_with_its_name_and_is_not_inherited(pair: Pair) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sent:
        sent.bind(("127.0.0.1", 0))
        send(pair[0], Verb.KEEP, ("front0-1",), (sent.fileno(),))
        message = receive(pair[1])
        assert message is not None
        assert (message.verb, message.words) == (Verb.KEEP, ("front0-1",))
        assert not os.get_inheritable(message.descriptors[0])
        with socket.socket(fileno=message.descriptors[0]) as got:
            assert got.getsockname() == sent.getsockname()


def test_as_many_sockets_as_a_message_may_bring_arrive_in_order(pair: Pair) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sent:
        names = [str(GameName(4, port, 2**64 - 1)) for port in range(65000, 65000 + SOCKETS_A_MESSAGE)]
        send(pair[0], Verb.HELD, names, [sent.fileno()] * SOCKETS_A_MESSAGE)
        message = receive(pair[1])
    assert message is not None
    assert (list(message.words), len(message.descriptors)) == (names, SOCKETS_A_MESSAGE)
    close_all(message.descriptors)


def test_the_other_side_that_is_gone_is_no_message(pair: Pair) -> None:
    pair[0].close()
    assert receive(pair[1]) is None


@pytest.mark.parametrize("body", [b"junk", b"\xff\xfe", b"KEEP name", b"keep " + b"x" * 9000])
def test_what_is_no_message_is_refused_and_its_descriptors_are_closed(pair: Pair, body: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sent:
        before = open_descriptors()
        socket.send_fds(pair[0], [body], [sent.fileno()])
        with pytest.raises(ValueError, match=r".+"):
            receive(pair[1])
        assert open_descriptors() == before


def test_a_game_name_says_all_that_matters_and_is_read_again() -> None:
    name = GameName(6, 40001, 0x55)
    assert str(name) == "game6-40001-0000000000000055"
    assert game_name(str(name)) == name
    assert [name.is_of(index, 3) for index in range(3)] == [False, True, False]  # 0x55 % 3 == 1


@pytest.mark.parametrize(
    "text",
    ["", "front0-1", "game5-1-0000000000000055", "game4-1-55", "game4--0000000000000055", "game4-70000-0000000000000055",
     "game4-1-000000000000zzzz", "game4-1-0000000000000055-1", "game4-\u0661-0000000000000055"],
)  # fmt: skip
def test_other_names_are_no_game_names(text: str) -> None:
    assert game_name(text) is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (str(GameName(4, 65535, 2**64 - 1)), True),
        (front_name(63, 64), True),
        ("control", True),
        ("", False),
        ("two words", False),
        ("a:b", False),
        ("new\nline", False),
        ("x" * (MAX_NAME_LENGTH + 1), False),
        ("\u00e9", False),
    ],
)
def test_a_name_holds_what_systemd_takes(text: str, verdict: bool) -> None:
    assert is_name(text) is verdict


def test_the_names_of_a_full_store_fit_into_one_environment_variable() -> None:
    longest = ":".join(["x" * MAX_NAME_LENGTH] * MAX_STORED)
    assert len("LISTEN_FDNAMES=") + len(longest) + 1 <= 32 * 4096  # MAX_ARG_STRLEN, execve(2)
