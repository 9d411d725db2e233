"""A relay process's side of its keeper: takes sockets over at the start, and hands over those that it opens."""

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plg_relay.keeper_messages import GameName, Message, Verb, game_name, receive, send

ANSWER_TIMEOUT_S: Final = 5.0
"""The keeper does nothing but answer."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    """A message that did not fit into the channel."""

    verb: Verb
    name: str
    opened: socket.socket | None


class KeeperClient:
    """Speaks over `channel`. Not for several threads; `keep` and `drop` never wait.

    Known after the first answer: `crashes` and `reloads`, how often the relay was started again, and `is_first`, whether no process
    has served yet.
    """

    def __init__(self, channel: socket.socket, end_process: Callable[[int], None] = os._exit) -> None:
        """`end_process` is called with an exit code when the keeper is gone, or has a successor ready."""
        self._channel = channel
        self._end_process = end_process
        self._waiting: deque[_Waiting] = deque()
        self._early_stops = 0
        self.crashes = 0
        self.reloads = 0
        self.is_first = True

    # --- at the start: these wait ------------------------------------------------------------------------------------

    def take_turn(self) -> dict[str, socket.socket]:
        """Wait until no other process serves; the sockets that belong to no session. Raises ConnectionError."""
        return self._ask(Verb.TURN, (), None)

    def take_game_sockets(self, index: int, count: int) -> dict[GameName, socket.socket]:
        """What worker `index` of `count` may give back to returning sessions. Raises ConnectionError."""
        held = self._ask(Verb.MINE, (str(index), str(count)), ANSWER_TIMEOUT_S)
        found: dict[GameName, socket.socket] = {}
        for name, opened in held.items():
            game = game_name(name)
            if game is None:
                opened.close()
            else:
                found[game] = opened
        return found

    def release(self, names: Sequence[str]) -> None:
        """Have these closed now: when this returns their ports are free. Raises ConnectionError."""
        for name in names:
            self.drop(name)
        self._ask(Verb.SYNC, (), ANSWER_TIMEOUT_S)

    def open_channel(self) -> socket.socket:
        """The end of a further channel, for a worker process. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            send(self._channel, Verb.CHANNEL, (), (theirs.fileno(),))
        return ours

    def _ask(self, verb: Verb, words: Sequence[str], timeout_s: float | None) -> dict[str, socket.socket]:
        self._channel.settimeout(timeout_s)
        found: dict[str, socket.socket] = {}
        try:
            self._send_waiting()
            send(self._channel, verb, words)
            while (answer := self._receive()).verb is not Verb.END:
                if answer.verb is Verb.HELD:
                    found |= _named(answer)
                elif answer.verb is Verb.STOP:
                    self._early_stops += 1
        except (OSError, ValueError) as error:
            for opened in found.values():
                opened.close()
            raise ConnectionError(f"the keeper does not answer: {error}") from error
        finally:
            self._channel.setblocking(False)
        if len(answer.words) == 3:
            self.crashes, self.reloads, served = map(int, answer.words)
            self.is_first = not served
        return found

    def _receive(self) -> Message:
        message = receive(self._channel)
        if message is None:
            self._end_process(1)
            raise ConnectionError("it is gone")
        return message

    # --- while packets flow: these never wait ------------------------------------------------------------------------

    def keep(self, name: str, opened: socket.socket) -> None:
        """Have the keeper hold a copy."""
        self._tell(_Waiting(Verb.KEEP, name, opened))

    def drop(self, name: str) -> None:
        """Have the keeper close its copy."""
        self._tell(_Waiting(Verb.DROP, name, None))

    def say_serving(self) -> None:
        """Players are served from now on."""
        self._tell(_Waiting(Verb.SERVING, "", None))

    def _tell(self, message: _Waiting) -> None:
        self._waiting.append(message)
        try:
            self._send_waiting()
        except BlockingIOError:
            asyncio.get_running_loop().add_writer(self._channel.fileno(), self._on_writable)
        except OSError as error:  # `listen` notices that the keeper is gone; without it we live until our parent ends
            log.debug("the keeper was not told: %s", error)
            self._waiting.clear()

    def _on_writable(self) -> None:
        try:
            self._send_waiting()
        except BlockingIOError:
            return
        except OSError:
            self._waiting.clear()
        asyncio.get_running_loop().remove_writer(self._channel.fileno())

    def _send_waiting(self) -> None:
        while self._waiting:
            message = self._waiting[0]
            words = (message.name,) if message.name else ()
            if message.opened is None:
                send(self._channel, message.verb, words)
            elif message.opened.fileno() >= 0:  # closed while it waited: nothing to keep
                send(self._channel, message.verb, words, (message.opened.fileno(),))
            self._waiting.popleft()

    def listen(self, on_stop: Callable[[], None]) -> None:
        """From now on: STOP calls `on_stop`; LEAVE, and a keeper that vanishes, end this process. Needs a running loop."""
        asyncio.get_running_loop().add_reader(self._channel.fileno(), self._on_readable, on_stop)
        for _ in range(self._early_stops):
            on_stop()

    def _on_readable(self, on_stop: Callable[[], None]) -> None:
        try:
            message = receive(self._channel)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            message = None
        if message is None:
            # Whoever starts the next keeper needs our ports at once, and players must not hear that it is over.
            log.error("the keeper of this relay is gone: ending, players resume at the next relay")
            self._end_process(1)
        elif message.verb is Verb.LEAVE:
            self._end_process(0)
        elif message.verb is Verb.STOP:
            on_stop()

    def close(self) -> None:
        """Stop listening; the keeper sees that we have ended."""
        asyncio.get_running_loop().remove_reader(self._channel.fileno())
        asyncio.get_running_loop().remove_writer(self._channel.fileno())


def _named(answer: Message) -> dict[str, socket.socket]:
    if len(answer.words) != len(answer.descriptors):
        raise ValueError("names and sockets do not match")
    found = {}
    for name, descriptor in zip(answer.words, answer.descriptors, strict=True):
        found[name] = opened = socket.socket(fileno=descriptor)
        opened.setblocking(False)
    return found
