"""Sockets that the relay listens on, taken over from the process before: what players and operators sent meanwhile waits in them."""

import socket
from collections.abc import Sequence
from typing import Final

from plg_relay.keeper_client import KeeperClient

CONTROL: Final = "control"
METRICS: Final = "metrics"
WEB_PING: Final = "web-ping"


class KeptListeners:
    """The keeper's listening sockets by name. Without a keeper there are none, and none are handed over."""

    def __init__(self, keeper: KeeperClient | None = None) -> None:
        """`keeper` gave us the turn; the sockets wait in `held`."""
        self.keeper = keeper
        self._held: dict[str, socket.socket] = {}

    def wait_for_turn(self) -> None:
        """Wait until no other process serves. Raises ConnectionError."""
        if self.keeper is not None:
            self._held = self.keeper.take_turn()

    def take(self, name: str, host: str, port: int) -> socket.socket | None:
        """The socket of that name when it is bound as the settings want (port 0: to any port)."""
        found = self.take_together([name], host, port)
        return found[0] if found else None

    def take_together(self, names: Sequence[str], host: str, port: int) -> list[socket.socket]:
        """All of these, or none; then they are closed, and so is everything else of their kind: its port is free."""
        found = [self._held.pop(name) for name in names if name in self._held]
        if found and len(found) == len(names) and all(_is_bound(one, host, port) for one in found):
            return found
        kind = _kind(names[0])
        useless = [name for name in self._held if _kind(name) == kind]
        for opened in [*found, *(self._held.pop(name) for name in useless)]:
            opened.close()
        if self.keeper is not None and (found or useless):
            self.keeper.release([*names, *useless])
        return []

    def keep(self, name: str, opened: socket.socket) -> None:
        """Hand over a new one."""
        if self.keeper is not None:
            self.keeper.keep(name, opened)


def _kind(name: str) -> str:
    """What stands before the first digit: fronts of two workers and of three are of one kind."""
    return name.rstrip("-0123456789")


def _is_bound(opened: socket.socket, host: str, port: int) -> bool:
    bound_host, bound_port = opened.getsockname()[:2]
    return bound_host == host and port in (0, bound_port)
