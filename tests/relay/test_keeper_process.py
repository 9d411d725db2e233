"""Starting, telling and ending one process."""

import os
import sys

from plg_relay.keeper_messages import ENVIRONMENT_NAME, Verb, receive
from plg_relay.keeper_process import RelayProcess, ending
from support.requirements import require_linux

SAYS_SERVING = f"""
import os, socket, sys
channel = socket.socket(fileno=int(os.environ["{ENVIRONMENT_NAME}"]))
seen = [name for name in os.environ if name.startswith(("LISTEN_", "NOTIFY_"))]
channel.send((" ".join(["serving", *seen])).encode())
sys.exit(5 if channel.recv(99) == b"leave" else 6)
"""


def test_a_process_gets_its_channel_and_nothing_of_the_service_manager() -> None:
    require_linux()
    environ = {**os.environ, "NOTIFY_SOCKET": "/x", "LISTEN_PID": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}
    relay = RelayProcess.spawn((sys.executable, "-c", SAYS_SERVING), environ)
    relay.channel.settimeout(20)
    message = receive(relay.channel)
    assert message is not None
    assert (message.verb, message.words) == (Verb.SERVING, ())
    relay.tell(Verb.LEAVE)
    assert relay.is_leaving
    assert relay.kill_at_s is not None
    _, status = os.waitpid(relay.pid, 0)
    assert ending(status) == (5, "exit code 5")
    relay.tell(Verb.STOP)  # nobody is there to hear it
    relay.kill()
    relay.channel.close()


def test_a_killed_process_has_the_exit_code_that_shells_give_it() -> None:
    require_linux()
    relay = RelayProcess.spawn((sys.executable, "-c", SAYS_SERVING), os.environ)
    relay.kill()
    _, status = os.waitpid(relay.pid, 0)
    assert ending(status) == (137, "killed by signal 9")
    relay.channel.close()
