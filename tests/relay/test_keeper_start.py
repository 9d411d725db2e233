"""How a relay process comes by its keeper."""

import os
import subprocess
import sys

import pytest

from plg_relay.errors import FailureKind, RelayError
from plg_relay.keeper_messages import ENVIRONMENT_NAME
from plg_relay.keeper_start import keeper_of_this_process
from support.requirements import require_linux


def start(environ: dict[str, str], *, wanted: bool) -> object:
    return keeper_of_this_process(
        environ, wanted=wanted, log_level="info", log_format="console", restarts_per_minute=1, spare=False
    )


def test_without_the_wish_for_a_keeper_there_is_one_process() -> None:
    assert start({}, wanted=False) is None


@pytest.mark.parametrize("told", ["", "many", "-1", "99999"])
def test_a_channel_that_is_none_is_told_in_one_line(told: str) -> None:
    with pytest.raises(RelayError, match=f"{ENVIRONMENT_NAME} is set by the keeper") as caught:
        start({ENVIRONMENT_NAME: told}, wanted=True)
    assert caught.value.kind is FailureKind.CONFIG


SPLITS = """
import os, signal, sys
from plg_relay.keeper_start import keeper_of_this_process
first = os.getpid() if "PLG_KEEPER_FD" not in os.environ else None
keeper = keeper_of_this_process(os.environ, wanted=True, log_level="info", log_format="console", restarts_per_minute=1, spare=False)
ignored = all(signal.getsignal(one) is signal.SIG_IGN for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
parent = open(f"/proc/{os.getppid()}/cmdline", "rb").read().split(b"\\0")
keeper.take_turn()
parent = open(f"/proc/{os.getppid()}/cmdline", "rb").read().split(b"\\0")
left = [name for name in os.environ if name.startswith(("LISTEN_", "NOTIFY_", "PLG_KEEPER"))]
print(os.getppid() == first, b"plg_relay.keeper" in parent, ignored, blocked, left, flush=True)
sys.exit(4)
"""


def test_the_process_that_was_started_becomes_the_keeper_and_its_child_the_relay() -> None:
    require_linux()
    environ = {**os.environ, "LISTEN_PID": "1", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a:b:c"}
    done = subprocess.run(
        [sys.executable, "-c", SPLITS], capture_output=True, text=True, env=environ, check=False, timeout=60
    )
    assert done.stdout == "True True True set() []\n", done.stderr
    assert done.returncode == 4
