"""Many datagrams per system call: recvmmsg(2) and sendmmsg(2) through ctypes, and plain sockets where there are none.

Measured at saturation, 100-byte payloads: receiving 1.5 -> 1.25 us with the source, 1.35 -> 0.95 us without, sending to one address
3.35 -> 2.8 us. The slabs belong to the process, not to a socket: everything here is used from one thread, between two awaits.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
from typing import Final, Protocol

from plg.protocol.relay_handshake import Source

BATCH: Final = 64
"""Datagrams taken from one socket before the others get their turn: spreads the wake-up, bounds the latency of the rest."""

LONGEST_DATAGRAM: Final = 2688
"""Bytes kept of a datagram: more than any payload that we carry (2650), so that a longer one shows as too long."""

KNOWN_SOURCES: Final = 4096
"""Decoded source addresses kept; a flood of new ones empties the table instead of growing it."""

_NAME_BYTES: Final = 28  # struct sockaddr_in6
_NAME_BYTES_IPV4: Final = 16  # struct sockaddr_in
_HEADER: Final = struct.Struct("@PI4xPNPNi4xI4x")  # struct mmsghdr on 64-bit: name, iov, control, flags, length
_IOVEC: Final = struct.Struct("@PN")
_IOVEC_LENGTH: Final = struct.Struct("@N").pack_into
_LENGTHS: Final = struct.Struct("@" + "56xI4x" * BATCH)
_PORT: Final = struct.Struct("!2xH")
_MSG_DONTWAIT: Final = 0x40
HAS_BATCHES: Final = sys.platform == "linux" and struct.calcsize("@P") == 8


class DatagramIo(Protocol):
    """How the data plane reads and writes its sockets, none of which block."""

    def receive(self, opened: socket.socket) -> list[bytes]:
        """What waits in a connected socket, at most BATCH. Raises OSError for an error that ICMP reported."""

    def receive_from(self, opened: socket.socket) -> list[tuple[bytes, Source]]:
        """The same with each source."""

    def send_all(self, opened: socket.socket, datagrams: list[bytes], address: Source) -> int:
        """Send to one address, at most BATCH; how many went. Raises OSError when the first does not."""


def datagram_io() -> DatagramIo:
    """The fastest way of this system."""
    return BatchedIo() if HAS_BATCHES else PlainIo()


class PlainIo:
    """One system call per datagram."""

    def receive(self, opened: socket.socket) -> list[bytes]:
        found: list[bytes] = []
        try:
            while len(found) < BATCH:
                found.append(opened.recv(LONGEST_DATAGRAM))
        except BlockingIOError:
            pass
        except OSError:
            if not found:
                raise
        return found

    def receive_from(self, opened: socket.socket) -> list[tuple[bytes, Source]]:
        found: list[tuple[bytes, Source]] = []
        try:
            while len(found) < BATCH:
                datagram, source = opened.recvfrom(LONGEST_DATAGRAM)
                found.append((datagram, source[:2]))
        except BlockingIOError:
            pass
        except OSError:
            if not found:
                raise
        return found

    def send_all(self, opened: socket.socket, datagrams: list[bytes], address: Source) -> int:
        for sent, datagram in enumerate(datagrams):
            try:
                opened.sendto(datagram, address)
            except OSError:
                if not sent:
                    raise
                return sent
        return len(datagrams)


class BatchedIo:
    """Up to BATCH datagrams per system call (Linux, 64 bit)."""

    def __init__(self) -> None:
        libc = ctypes.PyDLL(None, use_errno=True)  # PyDLL: the calls never block, so giving up the lock only costs
        self._recvmmsg = libc.recvmmsg
        self._sendmmsg = libc.sendmmsg
        # The kernel shortens a message's name length to what it wrote, so each family has messages of its own.
        self._named = {
            socket.AF_INET: _Slab(own_names=True, name_length=_NAME_BYTES_IPV4),
            socket.AF_INET6: _Slab(own_names=True, name_length=_NAME_BYTES),
        }
        self._nameless = _Slab(own_names=False, name_length=0)
        self._out = _Slab(own_names=False, name_length=_NAME_BYTES_IPV4)
        self._sources: dict[bytes, Source] = {}
        self._encoded: dict[Source, bytes] = {}

    def receive(self, opened: socket.socket) -> list[bytes]:
        slab = self._nameless
        count = self._receive(opened, slab)
        view, at = slab.view, slab.offsets
        lengths = _LENGTHS.unpack(slab.headers)
        return [view[at[i] : at[i] + lengths[i]].tobytes() for i in range(count)]

    def receive_from(self, opened: socket.socket) -> list[tuple[bytes, Source]]:
        family = opened.family
        slab = self._named[family]
        count = self._receive(opened, slab)
        view, at = slab.view, slab.offsets
        lengths = _LENGTHS.unpack(slab.headers)
        names = bytes(slab.names)
        width = _NAME_BYTES_IPV4 if family == socket.AF_INET else _NAME_BYTES
        known = self._sources
        found: list[tuple[bytes, Source]] = []
        for i in range(count):
            name = names[i * _NAME_BYTES : i * _NAME_BYTES + width]
            source = known.get(name)
            if source is None:
                source = self._decode(name)
            found.append((view[at[i] : at[i] + lengths[i]].tobytes(), source))
        return found

    def _receive(self, opened: socket.socket, slab: "_Slab") -> int:
        count: int = self._recvmmsg(opened.fileno(), slab.pointer, BATCH, _MSG_DONTWAIT, None)
        if count >= 0:
            return count
        error = ctypes.get_errno()
        if error in (errno.EAGAIN, errno.EINTR):
            return 0
        raise OSError(error, os.strerror(error))

    def _decode(self, name: bytes) -> Source:
        (port,) = _PORT.unpack_from(name)
        if len(name) == _NAME_BYTES_IPV4:
            source = (socket.inet_ntop(socket.AF_INET, name[4:8]), port)
        else:
            source = (socket.inet_ntop(socket.AF_INET6, name[8:24]), port)
        if len(self._sources) >= KNOWN_SOURCES:
            self._sources.clear()
        self._sources[name] = source
        return source

    def send_all(self, opened: socket.socket, datagrams: list[bytes], address: Source) -> int:
        if len(datagrams) == 1:
            opened.sendto(datagrams[0], address)
            return 1
        name = self._encoded.get(address)
        if name is None:
            name = self._encode(address)
        out = self._out
        out.names[: len(name)] = name
        out.set_name_length(len(name))
        slab, at, iovecs = out.slab, out.offsets, out.iovecs
        for i, datagram in enumerate(datagrams):
            length = len(datagram)
            start = at[i]
            slab[start : start + length] = datagram
            _IOVEC_LENGTH(iovecs, i * 16 + 8, length)
        sent: int = self._sendmmsg(opened.fileno(), out.pointer, len(datagrams), _MSG_DONTWAIT)
        if sent >= 0:
            return sent
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))  # Python picks BlockingIOError and the like by the number

    def _encode(self, address: Source) -> bytes:
        host, port = address
        if ":" in host:
            packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
            name = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI16sI", port, 0, packed, 0)
        else:
            name = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host))
        if len(self._encoded) >= KNOWN_SOURCES:
            self._encoded.clear()
        self._encoded[address] = name
        return name


class _Slab:
    """Memory for BATCH datagrams and the kernel's description of it. With `own_names` each message has a name of its own, else
    all share one (length 0: none)."""

    def __init__(self, *, own_names: bool, name_length: int) -> None:
        self.slab = bytearray(BATCH * LONGEST_DATAGRAM)
        self.names = bytearray(BATCH * _NAME_BYTES)
        self.iovecs = bytearray(BATCH * _IOVEC.size)
        self.headers = bytearray(BATCH * _HEADER.size)
        self.offsets = [i * LONGEST_DATAGRAM for i in range(BATCH)]
        self._name_length = name_length
        self._pins = [
            (ctypes.c_char * len(one)).from_buffer(one) for one in (self.slab, self.names, self.iovecs, self.headers)
        ]
        slab, names, iovecs, headers = (ctypes.addressof(pin) for pin in self._pins)
        for i in range(BATCH):
            name = 0 if not name_length else names + (i * _NAME_BYTES if own_names else 0)
            _IOVEC.pack_into(self.iovecs, i * _IOVEC.size, slab + i * LONGEST_DATAGRAM, LONGEST_DATAGRAM)
            iovec = iovecs + i * _IOVEC.size
            _HEADER.pack_into(self.headers, i * _HEADER.size, name, name_length, iovec, 1, 0, 0, 0, 0)
        self.pointer = ctypes.c_void_p(headers)
        self.view = memoryview(self.slab)

    def set_name_length(self, length: int) -> None:
        """Of every message: IPv4 and IPv6 names differ."""
        if length != self._name_length:
            self._name_length = length
            for i in range(BATCH):
                struct.pack_into("@I", self.headers, i * _HEADER.size + 8, length)
