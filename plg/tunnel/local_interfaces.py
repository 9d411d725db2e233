"""Which of this machine's network interfaces a path uses: found by name, and sockets bound to them without special rights."""

import errno
import os
import socket
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psutil

MAX_INTERFACES: Final = 4
"""Specification (StartSessionRequest.interfaces)."""
MAX_NAME_LENGTH: Final = 64
"""Implementation. Linux allows 15 bytes; Windows gives its interfaces whole sentences as names."""

_SO_BINDTODEVICE: Final = 25  # Linux, socket(7); without rights since 5.7
_IP_BOUND_IF: Final = 25  # macOS, <netinet/in.h>
_IPV6_BOUND_IF: Final = 125  # macOS, <netinet6/in6.h>


class InterfaceTrouble(StrEnum):
    """Why an interface cannot carry a path; stable names."""

    UNKNOWN = "interface_unknown"
    DOWN = "interface_down"
    NO_ADDRESS = "interface_without_address"


class InterfaceUnusable(Exception):
    """`name` cannot carry a path; `known` are the interfaces that could."""

    def __init__(self, name: str, trouble: InterfaceTrouble, known: tuple[str, ...]) -> None:
        super().__init__(f"{name}: {trouble.value}")
        self.name = name
        self.trouble = trouble
        self.known = known


@dataclass(frozen=True, slots=True)
class LocalInterface:
    """An interface that was there and up when it was looked for; binding a socket to it may still fail later."""

    name: str

    def bind(self, opened: socket.socket) -> None:
        """Have everything that the (unconnected) socket sends leave here. Raises OSError."""
        if sys.platform.startswith("linux"):
            try:
                opened.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, self.name.encode() + b"\0")
            except PermissionError:
                pass  # an old kernel: the source address chooses the interface where the routing table does not object
            else:
                return
        elif sys.platform == "darwin":
            index = socket.if_nametoindex(self.name)
            if opened.family == socket.AF_INET:
                opened.setsockopt(socket.IPPROTO_IP, _IP_BOUND_IF, index)
            else:
                opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_BOUND_IF, index)
            return
        opened.bind((_address(self.name, opened.family), 0))


def find_interfaces(names: tuple[str, ...]) -> tuple[LocalInterface, ...]:
    """The interfaces called so, in this order. Raises InterfaceUnusable for the first that cannot carry a path."""
    return tuple(_find(name) for name in names)


def _find(name: str) -> LocalInterface:
    states = psutil.net_if_stats()
    known = tuple(sorted(other for other, state in states.items() if state.isup))
    if name not in states:
        raise InterfaceUnusable(name, InterfaceTrouble.UNKNOWN, known)
    if not states[name].isup:
        raise InterfaceUnusable(name, InterfaceTrouble.DOWN, known)
    if not any(_usable(entry.family, entry.address) for entry in psutil.net_if_addrs().get(name, ())):
        raise InterfaceUnusable(name, InterfaceTrouble.NO_ADDRESS, known)
    return LocalInterface(name)


def _usable(family: int, address: str) -> bool:
    return family == socket.AF_INET or (family == socket.AF_INET6 and not address.startswith("fe80:"))


def _address(name: str, family: int) -> str:
    """The interface's address of that family. Raises OSError."""
    for entry in psutil.net_if_addrs().get(name, ()):
        if entry.family == family and _usable(entry.family, entry.address):
            return str(entry.address)
    raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL), name)
