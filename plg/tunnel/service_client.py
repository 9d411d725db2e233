"""Asking the tunnel service, with a plain blocking socket."""

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from plg.tunnel.control_protocol import PortFile
from plg.tunnel.runtime_place import socket_address
from plg.tunnel.service_protocol import (
    MAX_ANSWER_BYTES,
    BadServiceMessage,
    ServiceAnswer,
    ServiceRequest,
    encode,
    read_answer,
    service_port_file,
    service_socket,
)

CONNECT_TIMEOUT_S: Final = 2.0
ABOUT_TIMEOUT_S: Final = 5.0
RUN_TIMEOUT_S: Final = 120.0
"""Implementation. Longer than the service itself waits for a command."""
_PEER_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


class NoService(Exception):
    """No service runs here for this user."""


class NotForYou(Exception):
    """A service is there, and it is for another user; the text is one line."""


class ServiceSilent(Exception):
    """A service is there but does not answer, or not in this protocol; the text says what happened."""


@contextlib.contextmanager
def ask_service(
    request: ServiceRequest, environ: Mapping[str, str], *, user_id: int | None = None
) -> Iterator[ServiceAnswer]:
    """The answer; inside the block the conversation stays open, which keeps an attached tunnel. `user_id`: whose service, our own by default.

    Raises NoService, NotForYou or ServiceSilent.
    """
    opened, token = _connect(environ, user_id)
    with opened:
        try:
            opened.settimeout(ABOUT_TIMEOUT_S if request.ask == "about" else RUN_TIMEOUT_S)
            opened.sendall(encode(msgspec.structs.replace(request, token=token)))
            with opened.makefile("rb") as stream:
                line = stream.readline(MAX_ANSWER_BYTES)
            if not line.endswith(b"\n"):
                raise ServiceSilent("it closed the conversation without an answer")
            answer = read_answer(line)
        except TimeoutError as error:
            raise ServiceSilent("it does not answer in time") from error
        except OSError as error:
            raise ServiceSilent(error.strerror or str(error)) from error
        except BadServiceMessage as error:
            raise ServiceSilent(str(error)) from error
        if answer.code == "refused":
            raise NotForYou(answer.error or "refused")
        yield answer


def other_services(environ: Mapping[str, str]) -> list[int]:
    """The users of this machine for whom a service is there, ourselves left out."""
    directory = service_socket(0, environ.get("PLG_SERVICE_DIR")).parent.parent
    try:
        names = [entry.name for entry in directory.iterdir() if (entry / "service.sock").exists()]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdecimal() and int(name) != _own_id())


def _own_id() -> int:
    return os.geteuid() if sys.platform != "win32" else 0


def _connect(environ: Mapping[str, str], user_id: int | None) -> tuple[socket.socket, str]:
    directory = environ.get("PLG_SERVICE_DIR")
    if sys.platform == "win32":
        return _connect_port(service_port_file(directory, environ.get("LOCALAPPDATA")))
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.settimeout(CONNECT_TIMEOUT_S)
        with socket_address(service_socket(_own_id() if user_id is None else user_id, directory)) as address:
            opened.connect(address)
        _check_server(opened)
    except (FileNotFoundError, ConnectionRefusedError):
        opened.close()
        raise NoService from None
    except PermissionError as error:
        opened.close()
        raise NotForYou("this service is for another user") from error
    except OSError as error:
        opened.close()
        raise ServiceSilent(error.strerror or str(error)) from error
    except BaseException:
        opened.close()
        raise
    return opened, ""


def _check_server(opened: socket.socket) -> None:
    """What is asked holds a token: it is for a process of root (or of ourselves) only. Raises ServiceSilent."""
    if hasattr(socket, "SO_PEERCRED"):
        packed = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
        _, uid, _ = _PEER_CREDENTIALS.unpack(packed)
        if uid not in {0, os.geteuid()}:
            raise ServiceSilent(f"it is run by user {uid}, not by root")


def _connect_port(path: Path) -> tuple[socket.socket, str]:
    try:
        known = msgspec.json.decode(path.read_bytes(), type=PortFile)
        return socket.create_connection(("127.0.0.1", known.port), CONNECT_TIMEOUT_S), known.token
    except (FileNotFoundError, ConnectionRefusedError, msgspec.DecodeError):
        raise NoService from None
    except OSError as error:
        raise ServiceSilent(error.strerror or str(error)) from error
