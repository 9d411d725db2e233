"""One relay process as its keeper sees it: started, spoken to, waited for."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence

from plg_relay.keeper_messages import ENVIRONMENT_NAME, Verb, send

ENDING_TIMEOUT_S = 3.0
"""A process that is told to make room does so within milliseconds, unless it hangs."""

SEND_TIMEOUT_S = 2.0
"""A process that asked reads its answer at once; one that does not is stuck."""

_NOT_FOR_CHILDREN = ("NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "FDSTORE")
"""The service manager speaks to the keeper alone."""


class RelayProcess:
    """Clocks are monotonic seconds. `serving_since_s` is None until players are served."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        channel.settimeout(SEND_TIMEOUT_S)
        self.pid = pid
        self.channel = channel
        self.asks_for_turn = False
        self.is_leaving = False
        self.kill_at_s: float | None = None
        self.serving_since_s: float | None = None

    @classmethod
    def spawn(cls, command: Sequence[str], environ: Mapping[str, str]) -> "RelayProcess":
        """Start `command` with a channel to us. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            environment = {name: value for name, value in environ.items() if name not in _NOT_FOR_CHILDREN}
            environment[ENVIRONMENT_NAME] = str(theirs.fileno())
            try:
                pid = os.posix_spawnp(command[0], tuple(command), environment, setsigmask=())
            except OSError:
                ours.close()
                raise
        return cls(pid, ours)

    def tell(self, verb: Verb) -> None:
        """STOP or LEAVE; a process that is gone or does not listen is waited for like any other."""
        if verb is Verb.LEAVE:
            self.is_leaving = True
            self.expect_end()
        with contextlib.suppress(OSError):
            send(self.channel, verb)

    def expect_end(self) -> None:
        """It should end by itself; `kill_at_s` is when to help."""
        if self.kill_at_s is None:
            self.kill_at_s = time.monotonic() + ENDING_TIMEOUT_S

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def ending(status: int) -> tuple[int, str]:
    """Exit code (128 + signal for a killed process) and words for a wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return 128 + number, f"killed by signal {number}"
    code = os.waitstatus_to_exitcode(status)
    return code, f"exit code {code}"
