"""Game-facing sockets of an earlier process: each waits for the one session that it belonged to."""

import logging
import socket
from typing import Final, Protocol

from plg_relay.keeper_messages import GameName
from plg_relay.udp_disconnect import CAN_DISCONNECT, disconnect

UNCLAIMED_S: Final = 60.0
"""How long a socket waits for its session: a client that was there says HELLO within seconds, one that lost its own network
for a minute has lost its game."""

MAX_STALE: Final = 100_000
"""Datagrams thrown away from one socket at once; its buffer holds fewer."""

log = logging.getLogger(__name__)


class Keeper(Protocol):
    """What is asked of KeeperClient."""

    def keep(self, name: str, opened: socket.socket) -> None: ...

    def drop(self, name: str) -> None: ...


class GameClaims:
    """Hands over new sockets to the keeper, and old ones to returning sessions."""

    def __init__(self, keeper: Keeper, inherited: dict[GameName, socket.socket]) -> None:
        self._keeper = keeper
        self._inherited = inherited
        self.stale_datagrams = 0

    def __len__(self) -> int:
        """Sockets that still wait."""
        return len(self._inherited)

    def ports(self) -> set[int]:
        """Ports that wait for their sessions."""
        return {name.port for name in self._inherited}

    def waits_for(self, cid: int, port: int) -> bool:
        """Whether this session left a socket of this port behind."""
        return any(GameName(version, port, cid) in self._inherited for version in (4, 6))

    def claim(self, name: GameName, bound_to: str) -> socket.socket | None:
        """The socket that this session had, empty and open for everybody; None when there is none. `bound_to` is the address
        that the settings want: after a change of the settings the old socket is of no use."""
        opened = self._inherited.pop(name, None)
        if opened is None:
            return None
        try:
            if CAN_DISCONNECT:
                disconnect(
                    opened
                )  # first of all: a connected socket shows the address of its route, not the one it is bound to
            if opened.getsockname()[:2] == (bound_to, name.port):
                self.stale_datagrams += _flush(opened)
                return opened
        except OSError as error:
            log.warning("port %d cannot be taken over: %s", name.port, error)
        self.drop(name, opened)
        return None

    def keep(self, name: GameName, opened: socket.socket) -> None:
        """A new socket."""
        self._keeper.keep(str(name), opened)

    def drop(self, name: GameName, opened: socket.socket) -> None:
        """Close a socket for good."""
        opened.close()
        self._keeper.drop(str(name))

    def close_unclaimed(self) -> set[int]:
        """Nobody came for these; their ports."""
        ports = self.ports()
        for name, opened in self._inherited.items():
            self.drop(name, opened)
        if ports:
            log.info("%d ports of players who did not come back are closed", len(ports))
        self._inherited.clear()
        return ports


def _flush(opened: socket.socket) -> int:
    """Throw away what came while nobody read: the game's world has moved on. How many datagrams that were."""
    count = 0
    for _ in range(MAX_STALE):
        try:
            opened.recv(1)
        except BlockingIOError:
            break
        except OSError:  # an ICMP error that waited; reading it has cleared it
            continue
        count += 1
    return count
