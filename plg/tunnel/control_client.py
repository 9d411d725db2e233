"""Asking the running tunnel, with a plain blocking socket: `plg status` answers at once because nothing heavy is loaded."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from typing import Final

import msgspec

from plg.tunnel.control_protocol import (
    MAX_ANSWER_BYTES,
    BadControlMessage,
    ControlAnswer,
    ControlRequest,
    PortFile,
    encode,
    read_answer,
)
from plg.tunnel.runtime_place import RuntimePlace, socket_address

CONNECT_TIMEOUT_S: Final = 2.0
ANSWER_TIMEOUT_S: Final = 5.0
RECORD_WAIT_S: Final = 1.0
"""Implementation. Looks at the time so often while no block comes: on Windows Ctrl-C is seen only then."""
MIN_WAIT_S: Final = 0.01


class NoTunnel(Exception):
    """No tunnel runs here."""


class TunnelSilent(Exception):
    """A tunnel is there but does not answer, or not in this protocol; the text says what happened."""


def ask_tunnel(
    place: RuntimePlace, request: ControlRequest, *, timeout_s: float | None = ANSWER_TIMEOUT_S
) -> Iterator[ControlAnswer]:
    """Answers as they come, until the tunnel closes the conversation.

    `timeout_s` is for each answer; None waits as long as it takes (a disconnect that waits for a match). Raises NoTunnel or
    TunnelSilent.
    """
    opened, token = _connect(place)
    with opened:
        opened.settimeout(timeout_s)
        try:
            opened.sendall(encode(msgspec.structs.replace(request, token=token)))
            with opened.makefile("rb") as stream:
                while line := stream.readline(MAX_ANSWER_BYTES):
                    if not line.endswith(b"\n"):
                        raise TunnelSilent("an answer was cut off")
                    yield read_answer(line)
        except TimeoutError as error:
            raise TunnelSilent(f"no answer within {timeout_s:g} s") from error
        except OSError as error:
            raise TunnelSilent(error.strerror or str(error)) from error
        except BadControlMessage as error:
            raise TunnelSilent(str(error)) from error


def stream_recording(place: RuntimePlace, seconds: float | None) -> Iterator[ControlAnswer]:
    """Answers with the blocks of a recording, until `seconds` are over, Ctrl-C or the tunnel's end.

    At the end the tunnel is told so, and what it still holds comes after that. Raises NoTunnel or TunnelSilent.
    """
    opened, token = _connect(place)
    deadline_s = None if seconds is None else time.monotonic() + seconds
    with opened:
        try:
            opened.settimeout(ANSWER_TIMEOUT_S)
            opened.sendall(encode(ControlRequest(ask="record", token=token)))
            waiting, is_over = b"", False
            while True:
                try:
                    opened.settimeout(ANSWER_TIMEOUT_S if is_over else _left_s(deadline_s))
                    received = opened.recv(MAX_ANSWER_BYTES)
                except (TimeoutError, KeyboardInterrupt) as pause:
                    if is_over:
                        raise TunnelSilent("the end of the recording did not come") from pause
                    if isinstance(pause, KeyboardInterrupt) or _left_s(deadline_s) <= MIN_WAIT_S:
                        is_over = True
                        opened.shutdown(socket.SHUT_WR)
                    continue
                if not received:
                    return
                *lines, waiting = (waiting + received).split(b"\n")
                for line in lines:
                    yield read_answer(line)
                if len(waiting) > MAX_ANSWER_BYTES:
                    raise TunnelSilent("an answer is too long")
        except OSError as error:
            raise TunnelSilent(error.strerror or str(error)) from error
        except BadControlMessage as error:
            raise TunnelSilent(str(error)) from error


def _left_s(deadline_s: float | None) -> float:
    """How long to wait for the next block."""
    return RECORD_WAIT_S if deadline_s is None else max(MIN_WAIT_S, min(RECORD_WAIT_S, deadline_s - time.monotonic()))


def ask_once(place: RuntimePlace, request: ControlRequest) -> ControlAnswer:
    """The first answer. Raises NoTunnel or TunnelSilent."""
    answers = ask_tunnel(place, request)
    with contextlib.closing(answers):  # type: ignore[type-var]  # a generator: it has close()
        for answer in answers:
            return answer
    raise TunnelSilent("it closed the conversation without an answer")


def _connect(place: RuntimePlace) -> tuple[socket.socket, str]:
    if place.control_port_file.exists():
        return _connect_port(place)
    if sys.platform == "win32":
        raise NoTunnel
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.settimeout(CONNECT_TIMEOUT_S)
        with socket_address(place.control_socket) as address:
            opened.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        opened.close()
        raise NoTunnel from None
    except OSError as error:
        opened.close()
        raise TunnelSilent(error.strerror or str(error)) from error
    return opened, ""


def _connect_port(place: RuntimePlace) -> tuple[socket.socket, str]:
    try:
        known = msgspec.json.decode(place.control_port_file.read_bytes(), type=PortFile)
        return socket.create_connection(("127.0.0.1", known.port), CONNECT_TIMEOUT_S), known.token
    except (FileNotFoundError, ConnectionRefusedError, msgspec.DecodeError):
        raise NoTunnel from None
    except OSError as error:
        raise TunnelSilent(error.strerror or str(error)) from error
