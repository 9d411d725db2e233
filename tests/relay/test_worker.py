"""A worker process by itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from plg_relay.plane_identity import PlaneIdentity
from plg_relay.worker_messages import LENGTH, AskStatus, Done, Request, Start, StatusAnswer, Stop, decode_answer, encode
from support.live_relay import game_socket, lab_config, lab_policy


def started(tmp_path: Path) -> tuple["subprocess.Popen[bytes]", socket.socket]:
    ours, theirs = socket.socketpair()
    with game_socket() as front, theirs:
        descriptors = (front.fileno(), theirs.fileno())
        process = subprocess.Popen(
            [sys.executable, "-m", "plg_relay.worker", *map(str, descriptors)], pass_fds=descriptors
        )
    identity = PlaneIdentity(
        relay_id=1,
        boot_id=os.urandom(8),
        boot_parity=0,
        own_addresses=frozenset(),
        own_networks=(),
        own_ports=frozenset(),
    )
    ours.settimeout(20)
    assert ask(ours, Start.of(lab_config(tmp_path), identity, lab_policy(), 1)) == Done()
    return process, ours


def ask(channel: socket.socket, request: Request) -> object:
    channel.sendall(encode(request))
    (length,) = LENGTH.unpack(channel.recv(LENGTH.size, socket.MSG_WAITALL))
    return decode_answer(channel.recv(length, socket.MSG_WAITALL))


def test_signals_to_the_group_do_not_end_a_worker_and_stop_does(tmp_path: Path) -> None:
    process, channel = started(tmp_path)
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    time.sleep(0.1)
    assert isinstance(ask(channel, AskStatus()), StatusAnswer)
    assert ask(channel, Stop()) == Done()
    assert process.wait(10) == 0
    channel.close()


def test_a_worker_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    process, channel = started(tmp_path)
    channel.close()
    assert process.wait(10) == 1
