"""The sockets that a keeper holds, by name: copies, which nobody here reads or writes."""

import logging
import os
import resource
import socket
from collections.abc import Callable, Iterable
from typing import Final

from plg_relay.keeper_fdstore import DescriptorStore
from plg_relay.keeper_messages import game_name, is_name

MAX_KEPT: Final = 65536
"""More than the ports there are: a relay that asks for more has lost count."""

RESERVED_DESCRIPTORS: Final = 64
"""For channels, signals and the start of a process: a keeper that kept so many sockets that it cannot start a relay is of no use."""

log = logging.getLogger(__name__)


class KeptSockets:
    """Holds what processes of the relay hand over until one of them drops it."""

    def __init__(self, store: DescriptorStore, limit: int) -> None:
        self._by_name: dict[str, int] = {}
        self._store = store
        self._limit = limit
        self.refused = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def names(self, wanted: Callable[[str], bool]) -> list[tuple[str, int]]:
        """Names that are `wanted`, with their descriptors, which stay ours."""
        return [(name, descriptor) for name, descriptor in self._by_name.items() if wanted(name)]

    def keep(self, name: str, descriptor: int) -> None:
        """Hold `descriptor`, in the place of an older socket of that name. A bad name or one too many is closed and counted."""
        if not is_name(name) or (name not in self._by_name and len(self._by_name) >= self._limit):
            if not self.refused:
                log.warning("%.40r is not kept: %d sockets are, %d may be", name, len(self), self._limit)
            self.refused += 1
            os.close(descriptor)
            return
        older = self._by_name.get(name)
        self._by_name[name] = descriptor
        self._store.keep(name, descriptor)
        if older is not None:
            os.close(older)

    def drop(self, name: str) -> None:
        """Close it, here and in the service manager's store."""
        descriptor = self._by_name.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)
            self._store.drop(name)

    def restore(self, received: Iterable[tuple[str, int]]) -> None:
        """Take back what the service manager has held. Whatever is not what its name says is closed, there too."""
        for name, descriptor in received:
            self._store.adopt(name)
            if (
                is_name(name)
                and name not in self._by_name
                and len(self._by_name) < self._limit
                and _fits(name, descriptor)
            ):
                self._by_name[name] = descriptor
            else:
                log.warning("the service manager held a socket that is none of ours: %.40r", name)
                os.close(descriptor)
                if is_name(name) and name not in self._by_name:
                    self._store.drop(name)
        if self._by_name:
            log.info("%d sockets are back from the service manager", len(self._by_name))

    def close(self) -> None:
        """Close every copy of ours; what the service manager stores stays there."""
        for descriptor in self._by_name.values():
            os.close(descriptor)
        self._by_name.clear()


def most_sockets() -> int:
    """How many sockets this process may hold by its limit of descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_KEPT if soft == resource.RLIM_INFINITY else max(0, min(MAX_KEPT, soft - RESERVED_DESCRIPTORS))


def _fits(name: str, descriptor: int) -> bool:
    """Whether this is an internet socket, and for a game's the one that its name tells."""
    try:
        looked_at = socket.socket(fileno=descriptor)
    except OSError:
        return False
    try:
        if looked_at.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        bound: tuple[str, int] = looked_at.getsockname()[:2]
    except OSError:
        return False
    else:
        version, port = 4 if looked_at.family == socket.AF_INET else 6, bound[1]
        game = game_name(name)
        return game is None or (looked_at.type == socket.SOCK_DGRAM and (game.ip_version, game.port) == (version, port))
    finally:
        looked_at.detach()
