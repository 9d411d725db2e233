"""What the keeper and the relay's processes say to each other, and the names of the sockets that are kept.

A message is one packet of a Unix SEQPACKET socket: a verb and words in ASCII, descriptors beside it (unix(7), SCM_RIGHTS).
The keeper imports this, so nothing heavy may be imported here (dataclasses cost 6 ms).
"""

import array
import os
import socket
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

ENVIRONMENT_NAME: Final = "PLG_KEEPER_FD"
"""Tells a relay process which descriptor leads to its keeper."""

MAX_MESSAGE_BYTES: Final = 8192
SOCKETS_A_MESSAGE: Final = 100
"""The kernel passes at most 253 descriptors at once; 100 names fit into a message."""

MAX_NAME_LENGTH: Final = 31
"""16 hexadecimal digits of a session, 5 of a port, and what is around them. systemd passes all names in one environment
variable of at most 128 KiB, so that their length bounds how many sockets it can store."""

MAX_STORED: Final = 128 * 1024 // (MAX_NAME_LENGTH + 1) - 1


class Verb(StrEnum):
    """First word of a message. To the keeper, unless it says otherwise."""

    TURN = "turn"
    """I am ready to take over: answered by HELD... END once no other process serves. Sockets that belong to no session."""
    MINE = "mine"
    """INDEX COUNT: the game-facing sockets of my share of the sessions. Answered at once by HELD... END."""
    KEEP = "keep"
    """NAME and its socket: hold it from now on."""
    DROP = "drop"
    """NAME...: close it."""
    SYNC = "sync"
    """Answered by END when all before it is done: a port is free again."""
    CHANNEL = "channel"
    """With a socket: another process of ours speaks over it."""
    SERVING = "serving"
    """Players are served."""
    HELD = "held"
    """From the keeper: NAME... and their sockets."""
    END = "end"
    """From the keeper: the answer is complete. CRASHES RELOADS, and 1 when a process has served before, else 0."""
    STOP = "stop"
    """From the keeper: drain and end; at once when it comes twice."""
    LEAVE = "leave"
    """From the keeper: end now and tell nobody, your successor is ready."""


class Message(NamedTuple):
    """One message; `descriptors` belong to whoever received it."""

    verb: Verb
    words: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()


class GameName(NamedTuple):
    """A game-facing socket: whose it is and what it is bound to."""

    ip_version: int
    port: int
    cid: int

    def __str__(self) -> str:
        return f"game{self.ip_version}-{self.port}-{self.cid:016x}"

    def is_of(self, index: int, count: int) -> bool:
        """Whether it belongs to worker `index` of `count`: the kernel's own choice (plg_relay.port_sharing)."""
        return (self.cid & 0xFF) % count == index


def game_name(name: str) -> GameName | None:
    """The parts of a game-facing socket's name; None for any other name."""
    kind, *parts = name.split("-")
    if kind not in ("game4", "game6") or len(parts) != 2 or not name.isascii():
        return None
    port, cid = parts
    if not (port.isdecimal() and len(port) <= 5 and int(port) <= 0xFFFF and len(cid) == 16):
        return None
    try:
        return GameName(int(kind[4]), int(port), int(cid, 16))
    except ValueError:
        return None


def front_name(index: int, count: int) -> str:
    """The clients' socket of one worker of `count`."""
    return f"front{index}-{count}"


def is_name(name: str) -> bool:
    """Whether a socket of this name may be kept. The characters are those that systemd allows in FDNAME."""
    return 0 < len(name) <= MAX_NAME_LENGTH and name.isascii() and name.replace("-", "").isalnum()


def send(channel: socket.socket, verb: Verb, words: Sequence[str] = (), descriptors: Sequence[int] = ()) -> None:
    """One message. Raises OSError: BlockingIOError when the other side does not read, ConnectionError when it is gone."""
    body = " ".join((verb, *words)).encode("ascii")
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    channel.sendmsg([body], ancillary)


def receive(channel: socket.socket) -> Message | None:
    """The next message, None when the other side is gone. Raises OSError, and ValueError for what is no message."""
    integer = array.array("i")
    space = socket.CMSG_SPACE(SOCKETS_A_MESSAGE * integer.itemsize)
    body, ancillary, flags, _ = channel.recvmsg(MAX_MESSAGE_BYTES, space, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            integer.frombytes(content[: len(content) - len(content) % integer.itemsize])
    descriptors = tuple(integer)
    if not body:
        return None
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        close_all(descriptors)
        raise ValueError("a message is cut off, or no descriptor is free for what it brings")
    first, *words = body.decode("ascii", "replace").split(" ")
    try:
        return Message(Verb(first), tuple(words), descriptors)
    except ValueError:
        close_all(descriptors)
        raise


def close_all(descriptors: Sequence[int]) -> None:
    """Close descriptors that nobody wants."""
    for descriptor in descriptors:
        os.close(descriptor)
