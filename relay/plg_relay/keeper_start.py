"""How a relay process comes by its keeper: it splits it off, or was started by it."""

import os
import signal
import socket
import sys
from collections.abc import MutableMapping
from typing import Final

from plg_relay.errors import FailureKind, RelayError
from plg_relay.keeper_client import KeeperClient
from plg_relay.keeper_messages import ENVIRONMENT_NAME

CAN_KEEP: Final = sys.platform == "linux"
"""Elsewhere descriptors cannot be passed this way, or a socket's port does not stay while nobody reads it."""

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


def keeper_of_this_process(
    environ: MutableMapping[str, str],
    *,
    wanted: bool,
    log_level: str,
    log_format: str,
    restarts_per_minute: int,
    spare: bool,
) -> KeeperClient | None:
    """The channel to the keeper; from here on the keeper alone decides when this process ends (Ctrl-C reaches it as well).

    Unless a keeper started this process, the calling process becomes the keeper, so that its number, which a service manager
    knows, stays; only the child of it returns. None when no keeper is `wanted`, or none is possible here. Raises RelayError.
    """
    told = environ.pop(ENVIRONMENT_NAME, None)
    if told is not None:
        channel = _inherited(told)
        _obey_the_keeper_alone()
        return KeeperClient(channel)
    if not (wanted and CAN_KEEP):
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    signal.pthread_sigmask(signal.SIG_BLOCK, (*_ENDING, signal.SIGHUP))  # until the keeper can act on them
    pid = os.fork()
    if pid:
        theirs.close()
        ours.set_inheritable(True)
        words = (str(ours.fileno()), str(pid), log_level, log_format, str(restarts_per_minute), "1" if spare else "0")
        try:
            os.execv(  # noqa: S606  the program and its words are our own
                sys.executable,
                [sys.executable, "-m", "plg_relay.keeper", *words, sys.executable, *sys.orig_argv[1:]],
            )
        except OSError as error:
            os.kill(pid, signal.SIGKILL)
            raise RelayError(FailureKind.REFUSED, f"cannot start {sys.executable} again: {error.strerror}") from error
    ours.close()
    _close_what_is_the_keepers(environ)
    _obey_the_keeper_alone()
    return KeeperClient(theirs)


def _inherited(told: str) -> socket.socket:
    try:
        channel = socket.socket(fileno=int(told))
        channel.set_inheritable(False)
    except (ValueError, OSError) as error:
        raise RelayError(FailureKind.CONFIG, f"{ENVIRONMENT_NAME} is set by the keeper of a relay; unset it") from error
    return channel


def _obey_the_keeper_alone() -> None:
    """Ctrl-C and systemd signal the whole group: the keeper decides when we end."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*_ENDING, signal.SIGHUP))


def _close_what_is_the_keepers(environ: MutableMapping[str, str]) -> None:
    """Descriptors and words of the service manager, which speaks to the keeper."""
    passed, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    for name in ("LISTEN_FDNAMES", "NOTIFY_SOCKET", "FDSTORE"):
        environ.pop(name, None)
    if passed == str(os.getppid()) and count.isdecimal() and len(count) <= 6:
        os.closerange(3, 3 + int(count))
