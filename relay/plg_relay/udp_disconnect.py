"""Undo `connect` on a UDP socket, which Python's socket module cannot: its addresses have no AF_UNSPEC (connect(2))."""

import ctypes
import socket
import struct
import sys
from functools import cache
from typing import Final

CAN_DISCONNECT: Final = sys.platform == "linux"
"""Elsewhere a disconnected socket may lose its port as well; there sockets are never connected."""

_UNSPECIFIED: Final = struct.pack("=H14x", socket.AF_UNSPEC)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def disconnect(connected: socket.socket) -> None:
    """Receive from everybody again; an explicitly bound port stays. Raises OSError."""
    if _libc().connect(connected.fileno(), _UNSPECIFIED, len(_UNSPECIFIED)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "cannot disconnect a UDP socket")
