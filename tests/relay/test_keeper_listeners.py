"""Listening sockets that the process before has left."""

import socket
import threading
from collections.abc import Iterator

import pytest

from plg_relay.keeper_client import KeeperClient
from plg_relay.keeper_listeners import KeptListeners
from plg_relay.keeper_messages import Message, Verb, receive, send
from support.live_relay import game_socket
from support.requirements import require_linux


class ScriptedKeeper:
    """Holds some sockets and answers in a thread of its own."""

    def __init__(self, held: dict[str, socket.socket]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.client = KeeperClient(ours, end_process=lambda _: None)
        self.heard: list[Message] = []
        self._channels = (ours, theirs)
        self._held = held
        self._thread = threading.Thread(target=self._answer, args=(theirs,))
        self._thread.start()

    def _answer(self, channel: socket.socket) -> None:
        while (message := receive(channel)) is not None:
            self.heard.append(message)
            if message.verb is Verb.TURN:
                send(channel, Verb.HELD, list(self._held), [one.fileno() for one in self._held.values()])
                send(channel, Verb.END, ("3", "4", "1"))
            elif message.verb is Verb.SYNC:
                send(channel, Verb.END)

    def close(self) -> None:
        self._channels[0].close()
        self._thread.join()
        self._channels[1].close()
        for one in self._held.values():
            one.close()
        for message in self.heard:
            for descriptor in message.descriptors:
                socket.close(descriptor)

    def dropped(self) -> list[str]:
        return [word for message in self.heard if message.verb is Verb.DROP for word in message.words]


@pytest.fixture
def fronts() -> Iterator[tuple[ScriptedKeeper, int]]:
    require_linux()
    first, second, control = game_socket(), game_socket(), game_socket()
    keeper = ScriptedKeeper({"front0-2": first, "front1-2": second, "control": control})
    yield keeper, first.getsockname()[1]
    keeper.close()


def test_sockets_that_fit_the_settings_are_taken_as_they_are(fronts: tuple[ScriptedKeeper, int]) -> None:
    keeper, port = fronts
    kept = KeptListeners(keeper.client)
    kept.wait_for_turn()
    assert (keeper.client.crashes, keeper.client.reloads) == (3, 4)
    taken = kept.take_together(["front0-2", "front1-2"], "127.0.0.1", 0)
    control = kept.take("control", "127.0.0.1", 0)
    assert taken[0].getsockname()[1] == port
    assert control is not None
    assert keeper.dropped() == []
    for one in (*taken, control):
        assert one.gettimeout() == 0.0
        one.close()


@pytest.mark.parametrize(
    ("names", "host", "other_port"),
    [
        (["front0-2", "front1-2"], "127.0.0.2", False),
        (["front0-2", "front1-2"], "127.0.0.1", True),
        (["front0-3", "front1-3", "front2-3"], "127.0.0.1", False),
        (["front0-1"], "127.0.0.1", False),
    ],
)
def test_after_a_change_of_the_settings_all_of_that_kind_are_closed_before_new_ones_are_bound(
    fronts: tuple[ScriptedKeeper, int], names: list[str], host: str, other_port: bool
) -> None:
    keeper, port = fronts
    kept = KeptListeners(keeper.client)
    kept.wait_for_turn()
    assert kept.take_together(names, host, port - 1 if other_port else 0) == []
    assert {"front0-2", "front1-2"} <= set(keeper.dropped())
    assert [message.verb for message in keeper.heard][-1] is Verb.SYNC
    control = kept.take("control", "127.0.0.1", 0)
    assert control is not None
    control.close()


def test_without_a_keeper_there_is_nothing_to_take_and_nobody_to_tell() -> None:
    kept = KeptListeners()
    kept.wait_for_turn()
    assert kept.take("control", "127.0.0.1", 0) is None
    with game_socket() as opened:
        kept.keep("control", opened)


def test_new_sockets_are_handed_over(fronts: tuple[ScriptedKeeper, int]) -> None:
    keeper, _ = fronts
    with game_socket() as opened:
        KeptListeners(keeper.client).keep("metrics", opened)
        keeper.client.release([])  # the answer shows that all before it was heard
    assert (keeper.heard[0].verb, keeper.heard[0].words, len(keeper.heard[0].descriptors)) == (
        Verb.KEEP,
        ("metrics",),
        1,
    )
