"""Just enough of rtnetlink (RFC 3549, Linux uapi headers) to ask the kernel and to undo what capture did.

Standard library only: the watchdog loads this in a bare interpreter, so that it is ready in milliseconds. Linux only.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple, Self

NETLINK_ROUTE = 0
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
CREATE, EXCLUSIVE, REPLACE = 0x400, 0x200, 0x100
NLMSG_ERROR, NLMSG_DONE = 2, 3
NESTED_OR_ORDER = 0xC000
"""Two flag bits in an attribute's type."""

RECEIVE_BYTES = 1 << 17
"""A kernel dump message is at most 32 KiB; room for several."""

ANSWER_TIMEOUT_S = 5.0
"""The kernel answers at once; this only bounds a bug."""

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


class Message(NamedTuple):
    """One answer: its type and what follows the netlink header."""

    kind: int
    body: bytes


class Netlink:
    """A request socket to the kernel's routing family. Use it as a context manager, from one thread."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        self._socket.settimeout(ANSWER_TIMEOUT_S)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def change(self, kind: int, body: bytes, flags: int = 0) -> None:
        """Ask for a change and wait for the kernel's word. Raises OSError with the kernel's errno."""
        for _ in self._ask(kind, body, REQUEST | ACK | flags):
            pass

    def get(self, kind: int, body: bytes) -> list[Message]:
        """One object. Raises OSError, ENOENT or ENODEV when there is none."""
        return list(self._ask(kind, body, REQUEST | ACK))

    def dump(self, kind: int, body: bytes) -> list[Message]:
        """Every object of a kind. Raises OSError."""
        return list(self._ask(kind, body, REQUEST | DUMP))

    def _ask(self, kind: int, body: bytes, flags: int) -> Iterator[Message]:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, flags, self._sequence, 0) + body)
        while True:
            data = self._socket.recv(RECEIVE_BYTES)
            offset = 0
            while offset + _HEADER.size <= len(data):
                length, answer_kind, _, sequence, _ = _HEADER.unpack_from(data, offset)
                if length < _HEADER.size or offset + length > len(data):
                    raise OSError(errno.EBADMSG, "malformed netlink answer")
                answer = data[offset + _HEADER.size : offset + length]
                offset += (length + 3) & ~3
                if sequence != self._sequence:
                    continue  # the rest of an answer that was given up
                if answer_kind == NLMSG_DONE:
                    return
                if answer_kind == NLMSG_ERROR:
                    code = -struct.unpack_from("=i", answer)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                yield Message(answer_kind, answer)


def attribute(kind: int, value: bytes) -> bytes:
    """One type-length-value, padded to 4 bytes."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)


def attribute_u32(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def attributes(body: bytes, offset: int = 0) -> dict[int, bytes]:
    """Type to value of the attributes from `offset`; stops at the first malformed one."""
    found: dict[int, bytes] = {}
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size or offset + length > len(body):
            break
        found[kind & ~NESTED_OR_ORDER] = body[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def number(value: bytes | None) -> int:
    """A 32-bit attribute in the machine's byte order; 0 when it is missing or short."""
    return int(struct.unpack_from("=I", value)[0]) if value is not None and len(value) >= 4 else 0
