"""Asking the running tunnel, with a plain blocking socket: `plg status` answers at once because nothing heavy is loaded."""

import contextlib
import socket
import sys
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
