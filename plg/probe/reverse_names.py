"""Names of addresses, all looked up at once and none waited for long."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Final

TIMEOUT_S: Final = 3.0
"""Implementation. For all together: resolvers without an answer take five seconds each."""


async def look_up_names(addresses: Iterable[str], *, timeout_s: float = TIMEOUT_S) -> dict[str, str]:
    """The names that were found in time; an address without one is left out. Never raises for the network."""
    loop = asyncio.get_running_loop()
    found: dict[str, str] = {}

    async def look_up(address: str) -> None:
        try:
            name, _ = await loop.getnameinfo((address, 0), socket.NI_NAMEREQD)
        except OSError:
            return
        found[address] = name

    try:
        async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
            for address in set(addresses):
                group.create_task(look_up(address))
    except TimeoutError:
        pass  # what came in time is there
    return found
