"""What `plg relay run` is: holds copies of the relay's sockets, and starts the relay again when it dies.

Runs as `python -m plg_relay.keeper` (see plg_relay.keeper_start) and never reads or writes a packet. Small on purpose: whatever is
imported here stays in memory beside every relay.
"""

import contextlib
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from plg_relay.keeper_fdstore import DescriptorStore, received_descriptors
from plg_relay.keeper_messages import SOCKETS_A_MESSAGE, GameName, Message, Verb, close_all, game_name, receive, send
from plg_relay.keeper_process import SEND_TIMEOUT_S, RelayProcess, ending
from plg_relay.keeper_restarts import RestartPolicy
from plg_relay.keeper_sockets import KeptSockets, most_sockets
from plg_relay.log_setup import set_up_logging

SPARE_DELAY_S: Final = 2.0
"""The spare process loads when players are back in their game."""

SPARE_RETRY_S: Final = 60.0
"""A spare that does not come up costs processor time and nothing else: try again at leisure."""

HOPELESS: Final = frozenset({2, 6, 10})
"""Exit codes of a wrong usage, a missing right, a bad configuration: starting again mends none of them."""

MAX_CHANNELS: Final = 256
"""The relay has at most 64 workers, and each again when it has died."""

log = logging.getLogger("plg_relay.keeper")  # this module runs as __main__


class KeeperSettings(NamedTuple):
    """`command` starts the relay; `spare`: have a second process ready that takes over at once."""

    command: tuple[str, ...]
    restarts_per_minute: int
    spare: bool
    ends_at_hangup: bool = False
    """A terminal that is closed sends SIGHUP too; then it means the end."""


class Keeper:
    """One relay, whichever process it is at the moment."""

    def __init__(self, settings: KeeperSettings, sockets: KeptSockets, relay: RelayProcess) -> None:
        self._settings = settings
        self._sockets = sockets
        self._policy = RestartPolicy(settings.restarts_per_minute)
        self._selector = selectors.DefaultSelector()
        self._relay: RelayProcess | None = relay
        self._next: RelayProcess | None = None
        self._replacing = False
        self._replace_when_serving = False
        self._stopping = False
        self._has_served = False
        self._crashes = 0
        self._reloads = 0
        self._ended_at_s = time.monotonic()
        self._start_due_s: float | None = None
        self._spare_due_s: float | None = None
        self._exit_code: int | None = None
        self._watch(relay)

    def run(self) -> int:
        """Until the relay has ended for good; its exit code."""
        with _signals() as wake:
            self._selector.register(wake, selectors.EVENT_READ)
            while self._exit_code is None:
                for key, _ in self._selector.select(self._wait_s()):
                    if key.fileobj is wake:
                        self._on_signals(wake.recv(256))
                    elif isinstance(key.fileobj, socket.socket):
                        self._listen(key.fileobj, key.data)
                self._bury_dead()
                self._on_time(time.monotonic())
            self._selector.unregister(wake)
        if self._next is not None:
            self._next.kill()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._sockets.close()
        return self._exit_code

    # --- signals and time --------------------------------------------------------------------------------------------

    def _wait_s(self) -> float | None:
        due = [one for one in (self._start_due_s, self._spare_due_s) if one is not None]
        if self._relay is not None and self._relay.kill_at_s is not None:
            due.append(self._relay.kill_at_s)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number in (signal.SIGTERM, signal.SIGINT) or (number == signal.SIGHUP and self._settings.ends_at_hangup):
                self._stop()
            elif number == signal.SIGHUP:
                self._replace()

    def _stop(self) -> None:
        self._stopping = True
        self._start_due_s = self._spare_due_s = None
        if self._next is not None:
            self._discard_next()
        if self._relay is None:
            self._exit_code = 0
        else:
            self._relay.tell(Verb.STOP)

    def _replace(self) -> None:
        """A fresh process loads beside the relay, takes over when it is ready, and nobody notices more than a lost packet."""
        if self._stopping or self._replacing:
            log.info("SIGHUP: %s already", "ending" if self._stopping else "replacing the relay process")
            return
        if self._next is not None:  # it has the old program and settings
            self._discard_next()
        self._spare_due_s = None
        if self._relay is None or self._relay.serving_since_s is None:
            self._replace_when_serving = True
            return
        self._replacing = True
        log.info("SIGHUP: a new relay process takes over from %d when it is ready", self._relay.pid)
        self._start_next()

    def _on_time(self, now_s: float) -> None:
        if self._start_due_s is not None and now_s >= self._start_due_s:
            self._start_due_s = None
            if self._next is None:
                self._start_next()
            self._promote()
        if self._spare_due_s is not None and now_s >= self._spare_due_s:
            self._spare_due_s = None
            if self._next is None:
                self._start_next()
        relay = self._relay
        if relay is not None and relay.kill_at_s is not None and now_s >= relay.kill_at_s:
            relay.kill_at_s = None
            relay.kill()

    # --- processes ---------------------------------------------------------------------------------------------------

    def _watch(self, relay: RelayProcess) -> None:
        self._selector.register(relay.channel, selectors.EVENT_READ, relay)

    def _unwatch(self, channel: socket.socket) -> None:
        if channel.fileno() >= 0:
            self._selector.unregister(channel)
            channel.close()

    def _start_next(self) -> None:
        try:
            self._next = RelayProcess.spawn(self._settings.command, os.environ)
        except OSError as error:
            log.warning("no process can be started: %s", error)
            self._next_failed()
            return
        self._watch(self._next)

    def _discard_next(self) -> None:
        if self._next is not None:
            self._unwatch(self._next.channel)
            self._next.kill()
            self._next = None

    def _promote(self) -> None:
        """The next process is the relay from now on."""
        if self._next is None:
            return
        self._relay, self._next, self._replacing = self._next, None, False
        if self._relay.asks_for_turn:
            self._give_turn(self._relay)

    def _bury_dead(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                if self._relay is not None and pid == self._relay.pid:
                    relay, self._relay = self._relay, None
                    # What it said last, a socket to keep for one, still counts.
                    while self._listen(relay.channel, relay):
                        pass
                    self._relay_ended(relay, *ending(status), killed=os.WIFSIGNALED(status))
                elif self._next is not None and pid == self._next.pid:
                    self._unwatch(self._next.channel)
                    self._next = None
                    if not self._stopping:
                        log.error("a new relay process did not come up (%s)", ending(status)[1])
                        self._next_failed()

    def _next_failed(self) -> None:
        if self._replacing:
            log.error("the relay process that runs goes on as it is")
        self._replacing = False
        now_s = time.monotonic()
        if self._relay is None:
            self._count_crash(now_s, 0.0, "no new process")
        elif self._settings.spare:
            self._spare_due_s = now_s + SPARE_RETRY_S

    def _relay_ended(self, relay: RelayProcess, code: int, how: str, *, killed: bool) -> None:
        now_s = time.monotonic()
        self._ended_at_s = now_s
        self._spare_due_s = None
        served_s = 0.0 if relay.serving_since_s is None else now_s - relay.serving_since_s
        if self._stopping:
            self._exit_code = code
        elif relay.is_leaving:
            self._reloads += 1
            self._start_due_s = now_s
        elif not killed and (code == 0 or not self._has_served or (not served_s and code in HOPELESS)):
            self._exit_code = code
        else:
            self._count_crash(now_s, served_s, f"relay process {relay.pid}: {how}")

    def _count_crash(self, now_s: float, served_s: float, what: str) -> None:
        self._crashes += 1
        pause_s = self._policy.died(now_s, served_s)
        if pause_s is None:
            log.error("%s; that was the %dth time within a minute: giving up", what, self._policy.deaths)
            self._exit_code = 1
            return
        log.error("%s; starting again %s", what, f"in {pause_s:.1f} s" if pause_s else "at once")
        self._start_due_s = now_s + pause_s

    # --- messages ----------------------------------------------------------------------------------------------------

    def _listen(self, channel: socket.socket, relay: RelayProcess | None) -> bool:
        """Take one message; `relay` is None on a worker's channel. False when there will be no more."""
        if channel.fileno() < 0:  # closed a moment ago, when its process ended
            return False
        try:
            message = receive(channel)
        except (OSError, ValueError) as error:
            log.warning("a message of the relay is lost: %s", error)
            message = None if isinstance(error, OSError) else Message(Verb.END)
        if message is None:
            self._unwatch(channel)
            if relay is not None and relay is self._relay:
                relay.expect_end()  # it is ending; if not, it could not even be told to
            return False
        try:
            self._act(channel, relay, message)
        except (OSError, ValueError, IndexError) as error:
            log.warning("a process of the relay does not hear or speaks nonsense: %s", error)
        return True

    def _act(self, channel: socket.socket, relay: RelayProcess | None, message: Message) -> None:
        match message.verb:
            case Verb.KEEP if len(message.words) == len(message.descriptors) == 1:
                self._sockets.keep(message.words[0], message.descriptors[0])
                return
            case Verb.CHANNEL if len(message.descriptors) == 1:
                self._open_channel(message.descriptors[0])
                return
            case Verb.DROP:
                for name in message.words:
                    self._sockets.drop(name)
            case Verb.SYNC:
                send(channel, Verb.END)
            case Verb.MINE:
                index, count = int(message.words[0]), max(1, int(message.words[1]))
                self._hand_over(channel, lambda game: game is not None and game.is_of(index, count))
            case Verb.TURN if relay is not None:
                self._on_turn_wanted(relay)
            case Verb.SERVING if relay is not None:
                self._on_serving(relay)
        close_all(message.descriptors)

    def _open_channel(self, descriptor: int) -> None:
        opened = socket.socket(fileno=descriptor)
        if len(self._selector.get_map()) >= MAX_CHANNELS:
            opened.close()
            return
        opened.settimeout(SEND_TIMEOUT_S)
        self._selector.register(opened, selectors.EVENT_READ)

    def _hand_over(self, channel: socket.socket, wanted: Callable[[GameName | None], bool]) -> None:
        held = self._sockets.names(lambda name: wanted(game_name(name)))
        for start in range(0, len(held), SOCKETS_A_MESSAGE):
            names, descriptors = zip(*held[start : start + SOCKETS_A_MESSAGE], strict=True)
            send(channel, Verb.HELD, names, descriptors)
        send(channel, Verb.END, (str(self._crashes), str(self._reloads), "1" if self._has_served else "0"))

    def _on_turn_wanted(self, relay: RelayProcess) -> None:
        relay.asks_for_turn = True
        if relay is self._relay:
            self._give_turn(relay)
        elif self._replacing and self._relay is not None:
            self._relay.tell(Verb.LEAVE)

    def _give_turn(self, relay: RelayProcess) -> None:
        try:
            self._hand_over(relay.channel, lambda game: game is None)
        except OSError as error:
            log.warning("relay process %d does not take its sockets: %s", relay.pid, error)
            relay.kill()

    def _on_serving(self, relay: RelayProcess) -> None:
        relay.serving_since_s = time.monotonic()
        self._has_served = True
        if self._crashes or self._reloads:
            gap_ms = (relay.serving_since_s - self._ended_at_s) * 1000
            log.info("relay process %d serves, %.0f ms after the last one ended", relay.pid, gap_ms)
        if self._replace_when_serving:
            self._replace_when_serving = False
            self._replace()
        elif self._settings.spare:
            self._spare_due_s = relay.serving_since_s + SPARE_DELAY_S


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket with the number of each signal that comes. What came earlier was blocked and comes now."""
    ours, python = socket.socketpair()
    ours.setblocking(False)
    python.setblocking(False)
    signal.set_wakeup_fd(python.fileno(), warn_on_full_buffer=False)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        ours.close()
        python.close()


def main(arguments: Sequence[str]) -> int:
    """Keep the relay whose process and channel stand on the command line."""
    channel, pid, log_level, log_format, per_minute, spare, *command = arguments
    set_up_logging(log_level, log_format)
    relay = RelayProcess(int(pid), socket.socket(fileno=int(channel)))
    relay.channel.set_inheritable(False)
    sockets = KeptSockets(DescriptorStore.of(os.environ), most_sockets())
    sockets.restore(received_descriptors(os.environ, os.getpid()))
    settings = KeeperSettings(tuple(command), int(per_minute), spare == "1", ends_at_hangup=os.isatty(0))
    return Keeper(settings, sockets, relay).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
