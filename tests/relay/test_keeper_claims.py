"""Game-facing sockets of an earlier process and the sessions that come back for them."""

import socket

import pytest

from plg_relay.keeper_claims import GameClaims
from plg_relay.keeper_messages import GameName
from support.live_relay import game_socket


class Recorder:
    """A keeper that only writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def keep(self, name: str, opened: socket.socket) -> None:
        self.told.append(("keep", name))
        assert opened.fileno() >= 0

    def drop(self, name: str) -> None:
        self.told.append(("drop", name))


@pytest.fixture
def keeper() -> Recorder:
    return Recorder()


def left_behind(host: str = "127.0.0.1") -> tuple[GameName, socket.socket]:
    """A socket bound to a port by its number, as the relay does it: only then the port stays at a disconnect."""
    with game_socket(host) as free:
        port = free.getsockname()[1]
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((host, port))
    opened.setblocking(False)
    return GameName(4, port, 0x55), opened


def test_the_session_that_owned_a_socket_gets_it_empty_and_open_for_everybody(keeper: Recorder) -> None:
    name, opened = left_behind()
    game, stranger = game_socket(), game_socket()
    opened.connect(game.getsockname())
    for _ in range(3):
        game.sendto(b"stale", opened.getsockname())
    claims = GameClaims(keeper, {name: opened})
    assert claims.claim(name, "127.0.0.1") is opened
    assert claims.stale_datagrams == 3
    stranger.sendto(b"fresh", ("127.0.0.1", name.port))
    assert opened.recvfrom(99) == (b"fresh", stranger.getsockname())
    assert keeper.told == []
    for one in (opened, game, stranger):
        one.close()


def test_another_session_does_not_get_it(keeper: Recorder) -> None:
    name, opened = left_behind()
    claims = GameClaims(keeper, {name: opened})
    assert claims.claim(GameName(4, name.port, 0x56), "127.0.0.1") is None
    assert claims.claim(GameName(6, name.port, 0x55), "127.0.0.1") is None
    assert not claims.waits_for(0x56, name.port)
    assert claims.waits_for(0x55, name.port)
    assert len(claims) == 1
    opened.close()


def test_a_socket_on_an_address_that_the_settings_no_longer_name_is_closed(keeper: Recorder) -> None:
    name, opened = left_behind()
    claims = GameClaims(keeper, {name: opened})
    assert claims.claim(name, "127.0.0.2") is None
    assert opened.fileno() == -1
    assert keeper.told == [("drop", str(name))]


def test_a_socket_bound_to_every_address_is_found_although_it_was_connected(keeper: Recorder) -> None:
    name, opened = left_behind("0.0.0.0")
    game = game_socket()
    opened.connect(game.getsockname())
    assert GameClaims(keeper, {name: opened}).claim(name, "0.0.0.0") is opened
    opened.close()
    game.close()


def test_an_error_that_waits_in_the_socket_is_no_hindrance(keeper: Recorder) -> None:
    name, opened = left_behind()
    with game_socket() as closed:
        nobody = closed.getsockname()
    opened.connect(nobody)
    opened.send(b"?")
    claims = GameClaims(keeper, {name: opened})
    assert claims.claim(name, "127.0.0.1") is opened
    assert claims.stale_datagrams == 0
    opened.close()


def test_nobody_comes_back_for_some_and_they_are_closed_here_and_at_the_keeper(keeper: Recorder) -> None:
    (one, first), (two, second) = left_behind(), left_behind()
    claims = GameClaims(keeper, {one: first, two: second})
    assert claims.claim(one, "127.0.0.1") is first
    assert claims.ports() == {two.port}
    assert claims.close_unclaimed() == {two.port}
    assert claims.close_unclaimed() == set()
    assert (first.fileno() >= 0, second.fileno()) == (True, -1)
    assert keeper.told == [("drop", str(two))]
    first.close()


def test_new_sockets_are_handed_over_and_taken_back_at_their_close(keeper: Recorder) -> None:
    name, opened = left_behind()
    claims = GameClaims(keeper, {})
    claims.keep(name, opened)
    claims.drop(name, opened)
    assert opened.fileno() == -1
    assert keeper.told == [("keep", str(name)), ("drop", str(name))]
