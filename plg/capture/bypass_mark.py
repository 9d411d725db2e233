"""The mark on our own sockets that keeps capture's hands off them: the tunnel must not swallow its own outer packets."""

import contextlib
import socket

BYPASS_MARK = 0x4D49FFFF
"""SO_MARK value. Specification of libebpfdivert: its programs pass such packets; our routing rules match unmarked ones only."""


def mark_socket(sock: socket.socket) -> bool:
    """Exempt what this socket sends from capture. Returns False where the system has no marks (Windows, macOS) or we have no
    right to set one (CAP_NET_ADMIN); then the relay's address must be among the spec's `excluded`.
    """
    mark_option = getattr(socket, "SO_MARK", None)
    if mark_option is None:
        return False
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, mark_option, BYPASS_MARK)
        return True
    return False
