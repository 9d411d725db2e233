"""A relay process's side of its keeper."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from plg_relay.keeper_client import KeeperClient
from plg_relay.keeper_messages import GameName, Verb, close_all, receive, send
from support.live_relay import game_socket
from support.requirements import require_linux


async def until(condition: Callable[[], bool]) -> None:
    """AssertionError when it takes longer than 10 s."""
    deadline = time.monotonic() + 10
    while True:
        if condition():
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


class Ended(Exception):
    """In the place of os._exit."""


def ends(code: int) -> None:
    raise Ended(code)


@pytest.fixture
def keeper() -> Iterator[socket.socket]:
    require_linux()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(10)
    with ours, theirs:
        pair[theirs] = ours
        yield theirs
    pair.clear()


pair: dict[socket.socket, socket.socket] = {}


def client_of(keeper: socket.socket) -> KeeperClient:
    return KeeperClient(pair[keeper], end_process=ends)


def test_it_takes_the_sockets_of_its_share_and_closes_what_is_none(keeper: socket.socket) -> None:
    client = client_of(keeper)
    with game_socket() as game:
        name = GameName(4, game.getsockname()[1], 0x55)
        send(keeper, Verb.HELD, (str(name), "control"), (game.fileno(), game.fileno()))
        send(keeper, Verb.HELD, (str(GameName(6, 1, 1)),), (game.fileno(),))
        send(keeper, Verb.END, ("2", "1", "1"))
        taken = client.take_game_sockets(1, 4)
    message = receive(keeper)
    assert message is not None
    assert (message.verb, message.words) == (Verb.MINE, ("1", "4"))
    assert sorted(map(str, taken)) == sorted([str(name), str(GameName(6, 1, 1))])
    assert (client.crashes, client.reloads, client.is_first) == (2, 1, False)
    for one in taken.values():
        one.close()


def test_a_keeper_that_is_gone_ends_the_process(keeper: socket.socket) -> None:
    client = client_of(keeper)
    keeper.shutdown(socket.SHUT_WR)
    with pytest.raises(Ended) as caught:
        client.take_turn()
    assert caught.value.args == (1,)


def test_an_answer_that_is_nonsense_is_told(keeper: socket.socket) -> None:
    client = client_of(keeper)
    with game_socket() as game:
        send(keeper, Verb.HELD, ("a", "b"), (game.fileno(),))
    with pytest.raises(ConnectionError, match="do not match"):
        client.take_turn()


async def test_a_stop_that_came_during_the_start_is_heard_when_it_listens(keeper: socket.socket) -> None:
    client = client_of(keeper)
    send(keeper, Verb.STOP)
    send(keeper, Verb.END)
    assert client.take_turn() == {}
    stops: list[int] = []
    client.listen(lambda: stops.append(1))
    send(keeper, Verb.STOP)
    await until(lambda: len(stops) == 2)
    client.close()


@pytest.mark.parametrize(("verb", "code"), [(Verb.LEAVE, 0), (None, 1)])
async def test_leave_ends_it_and_so_does_a_keeper_that_vanishes(
    keeper: socket.socket, verb: Verb | None, code: int
) -> None:
    seen: list[int] = []
    client = KeeperClient(pair[keeper], end_process=seen.append)
    client.listen(lambda: None)
    if verb is None:
        keeper.shutdown(socket.SHUT_RDWR)
    else:
        send(keeper, verb)
    await until(lambda: bool(seen))
    client.close()
    assert seen[0] == code


async def test_a_keeper_that_does_not_read_keeps_nobody_waiting_and_loses_nothing(keeper: socket.socket) -> None:
    client = client_of(keeper)
    pair[keeper].setblocking(False)
    names = [f"name-{number}" for number in range(2000)]
    with game_socket() as game:
        for name in names:
            client.keep(name, game)
            client.drop(name)
        heard: list[tuple[Verb, str]] = []
        while len(heard) < 2 * len(names):
            keeper.setblocking(False)
            try:
                while (message := receive(keeper)) is not None:
                    heard.append((message.verb, message.words[0]))
                    close_all(message.descriptors)
            except BlockingIOError:
                await asyncio.sleep(0.001)
    assert heard == [(verb, name) for name in names for verb in (Verb.KEEP, Verb.DROP)]
    client.close()


async def test_what_is_closed_while_it_waits_is_not_handed_over(keeper: socket.socket) -> None:
    client = client_of(keeper)
    pair[keeper].setblocking(False)
    game = game_socket()
    try:
        while True:
            send(pair[keeper], Verb.SYNC)
    except BlockingIOError:
        pass
    client.keep("late", game)
    game.close()
    client.say_serving()
    keeper.setblocking(False)
    last = Verb.SYNC
    while last is Verb.SYNC:
        try:
            message = receive(keeper)
            assert message is not None
            last = message.verb
        except BlockingIOError:
            await asyncio.sleep(0.001)
    assert last is Verb.SERVING
    client.close()


def test_a_further_channel_leads_to_the_keeper(keeper: socket.socket) -> None:
    with client_of(keeper).open_channel() as channel:
        message = receive(keeper)
        assert message is not None
        assert message.verb is Verb.CHANNEL
        with socket.socket(fileno=message.descriptors[0]) as other_end:
            send(channel, Verb.SERVING)
            heard = receive(other_end)
            assert heard is not None
            assert heard.verb is Verb.SERVING


def test_ports_are_free_when_release_returns(keeper: socket.socket) -> None:
    client = client_of(keeper)
    send(keeper, Verb.END)
    client.release(["a", "b"])
    verbs = []
    for _ in range(3):
        message = receive(keeper)
        assert message is not None
        verbs.append((message.verb, message.words))
    assert verbs == [(Verb.DROP, ("a",)), (Verb.DROP, ("b",)), (Verb.SYNC, ())]
