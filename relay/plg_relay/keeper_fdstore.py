"""systemd's descriptor store: sockets that outlive the whole service (sd_notify(3), sd_listen_fds(3)).

Plain datagrams to NOTIFY_SOCKET; libsystemd is not needed. Without that variable nothing is stored.
"""

import array
import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

from plg_relay.keeper_messages import MAX_STORED

FIRST_DESCRIPTOR: Final = 3
"""SD_LISTEN_FDS_START."""

SEND_TIMEOUT_S: Final = 0.5
"""systemd reads its socket at once; when it does not, the keeper has more to do than to wait."""

log = logging.getLogger(__name__)


class DescriptorStore:
    """Copies of sockets in the service manager; gives them back at the next start of the service."""

    def __init__(self, address: str | None, limit: int) -> None:
        """`address`: NOTIFY_SOCKET, None when there is no service manager. `limit`: sockets that it holds for us."""
        self._socket: socket.socket | None = None
        self._stored: set[str] = set()
        self._limit = limit
        self._complained = False
        if not address or address[0] not in "/@":
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(SEND_TIMEOUT_S)
        try:
            self._socket.connect("\0" + address[1:] if address[0] == "@" else address)
        except OSError as error:
            log.warning("the service manager's socket does not answer: %s", error)
            self.close()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "DescriptorStore":
        """From the environment of a service. FDSTORE (systemd 254) tells FileDescriptorStoreMax=."""
        told = environ.get("FDSTORE", "")
        limit = min(int(told), MAX_STORED) if told.isdecimal() and len(told) < 10 else MAX_STORED
        return cls(environ.get("NOTIFY_SOCKET"), limit)

    def __len__(self) -> int:
        return len(self._stored)

    def adopt(self, name: str) -> None:
        """The store gave us this one and still has it."""
        self._stored.add(name)

    def keep(self, name: str, descriptor: int) -> None:
        """Store a copy. FDPOLL=0: an ICMP error that waits in a socket must not make systemd drop it."""
        if self._socket is None:
            return
        if name in self._stored:
            self.drop(name)
        if len(self._stored) >= self._limit:
            self._complain(
                f"it is full ({self._limit}); further sockets survive a crash of the relay, not of its service"
            )
            return
        self._send(f"FDSTORE=1\nFDPOLL=0\nFDNAME={name}", descriptor)
        self._stored.add(name)

    def drop(self, name: str) -> None:
        """Have it closed."""
        if name in self._stored:
            self._stored.discard(name)
            self._send(f"FDSTOREREMOVE=1\nFDNAME={name}")

    def _send(self, state: str, *descriptors: int) -> None:
        if self._socket is None:
            return
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._socket.sendmsg([state.encode("ascii")], ancillary)
        except OSError as error:
            self._complain(str(error))

    def _complain(self, why: str) -> None:
        if not self._complained:
            self._complained = True
            log.warning("the service manager's descriptor store does not take every socket: %s", why)

    def close(self) -> None:
        """Send nothing any more; what is stored stays."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def received_descriptors(environ: Mapping[str, str], pid: int) -> list[tuple[str, int]]:
    """Names and descriptors that the service manager passed to process `pid`; they are no longer inherited by its children."""
    count, names = environ.get("LISTEN_FDS", ""), environ.get("LISTEN_FDNAMES", "").split(":")
    if environ.get("LISTEN_PID") != str(pid) or not count.isdecimal() or len(count) > 6:
        return []
    found: list[tuple[str, int]] = []
    for place in range(int(count)):
        descriptor = FIRST_DESCRIPTOR + place
        try:
            os.set_inheritable(descriptor, False)
        except OSError:  # not open: the variables are not meant for us
            return found
        found.append((names[place] if place < len(names) else "", descriptor))
    return found
