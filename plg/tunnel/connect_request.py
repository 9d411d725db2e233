"""What the player asked for, and which addresses that is."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import ip_address

from plg.contract.sessions import Mode
from plg.protocol.destination import Address
from plg.tunnel.grants import HostPort
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.session_opening import DEFAULT_OVERHEAD


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """What the player asked for. `take_over` also moves flows that were alive before; `force` boosts where direct is better.

    `interfaces` are this machine's, in the order of the wish; none leaves the choice to the system, as None of `mode` does to the
    server.
    """

    game: str
    target: HostPort | None = None
    capture: str = "auto"
    listen_port: int = 0
    node: str | None = None
    take_over: bool = False
    client_version: str = ""
    mode: Mode | None = None
    max_overhead: float = DEFAULT_OVERHEAD
    interfaces: tuple[LocalInterface, ...] = ()
    force: bool = False
    standby: bool = True


class TargetUnknown(Exception):
    """The host name of the target has no address."""

    def __init__(self, target: HostPort) -> None:
        super().__init__(str(target))
        self.target = target


async def find_targets(target: HostPort | None) -> list[tuple[Address, int]]:
    """The addresses of --target, none without it. Raises TargetUnknown."""
    if target is None:
        return []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise TargetUnknown(target) from error
    addresses = dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return [(address, target.port) for address in addresses]
