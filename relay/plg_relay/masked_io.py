"""The clients' socket of a masking relay: every header is hidden both ways (protocol SPEC section 9)."""

import socket
from collections.abc import Callable
from typing import Protocol

from plg.protocol.mask import HeaderMask
from plg.protocol.relay_handshake import Source


class ClientIo(Protocol):
    """How the data plane reads and writes the clients' socket; see DatagramIo."""

    def receive_from(self, opened: socket.socket) -> list[tuple[bytes, Source]]: ...

    def send_all(self, opened: socket.socket, datagrams: list[bytes], address: Source) -> int: ...


class MaskedIo:
    """Takes the mask off what comes and puts it on what goes.

    `on_unmaskable` hears how many datagrams were too short to be masked and dropped; what was not masked at all comes out as
    noise, which the packet path refuses.
    """

    def __init__(self, io: ClientIo, mask: HeaderMask, on_unmaskable: Callable[[int], None]) -> None:
        self._io = io
        self._mask = mask.apply
        self._on_unmaskable = on_unmaskable

    def receive_from(self, opened: socket.socket) -> list[tuple[bytes, Source]]:
        mask = self._mask
        arrivals = self._io.receive_from(opened)
        plain = [(bare, source) for datagram, source in arrivals if (bare := mask(datagram)) is not None]
        if len(plain) < len(arrivals):
            self._on_unmaskable(len(arrivals) - len(plain))
        return plain

    def send_all(self, opened: socket.socket, datagrams: list[bytes], address: Source) -> int:
        """NO_SESSION, the one type too short for the mask, counts as sent but stays here: bare, it would show what we are."""
        mask = self._mask
        hidden = [masked for datagram in datagrams if (masked := mask(datagram)) is not None]
        if not hidden:
            return len(datagrams)
        return self._io.send_all(opened, hidden, address)
