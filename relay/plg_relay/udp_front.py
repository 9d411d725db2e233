"""The socket that clients talk to."""

import errno
import socket
from typing import Final

from plg_relay.errors import FailureKind, RelayError

SO_RCVBUFFORCE: Final = 33
SO_SNDBUFFORCE: Final = 32
"""asm-generic/socket.h. With CAP_NET_ADMIN they pass net.core.rmem_max, which is 200 kB on many systems."""


def open_front(host: str, port: int, *, buffer_bytes: int, share_port: bool = False) -> socket.socket:
    """A bound, non-blocking UDP socket. `host` "::" serves IPv4 too. Port 0 lets the system choose.

    Raises RelayError with one line: port taken, no right to the port, address not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    front = socket.socket(family, socket.SOCK_DGRAM)
    try:
        front.setblocking(False)
        if family == socket.AF_INET6:
            front.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if share_port:
            front.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        size_buffers(front, buffer_bytes)
        front.bind((host, port))
    except OSError as error:
        front.close()
        raise bind_failure(error, "UDP", host, port) from error
    return front


def bind_failure(error: OSError, what: str, host: str, port: int) -> RelayError:
    """The one line for a bind that failed; `what` names the protocol or service."""
    where = f"{what} {host}:{port}" if ":" not in host else f"{what} [{host}]:{port}"
    if error.errno == errno.EADDRINUSE:
        return RelayError(FailureKind.PORT_TAKEN, f"{where} is taken by another program")
    if error.errno in (errno.EACCES, errno.EPERM):
        return RelayError(
            FailureKind.PRIVILEGE,
            f"{where}: no right to bind it: use a port from 1024 up, or give the service CAP_NET_BIND_SERVICE",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return RelayError(FailureKind.CONFIG, f"{where}: this machine has no such address")
    return RelayError(FailureKind.CONFIG, f"{where}: {error.strerror or error}")


def size_buffers(front: socket.socket, buffer_bytes: int) -> None:
    """Both directions, as far as the system allows. Raises OSError."""
    _grow(front, socket.SO_RCVBUF, SO_RCVBUFFORCE, buffer_bytes)
    _grow(front, socket.SO_SNDBUF, SO_SNDBUFFORCE, buffer_bytes)


def _grow(front: socket.socket, option: int, forced: int, buffer_bytes: int) -> None:
    try:
        front.setsockopt(socket.SOL_SOCKET, forced, buffer_bytes)
    except OSError:  # not Linux, or no CAP_NET_ADMIN: as much as the system allows
        front.setsockopt(socket.SOL_SOCKET, option, buffer_bytes)
