"""Approves targets under this server's settings: its resolver, its own addresses, whether it serves a lab."""

from collections.abc import Awaitable, Callable

from plg.protocol.destination import Network
from plg_server.services.destination_rules import Resolver, Target, approve_target
from plg_server.services.game_catalog import GameProfile


class TargetRules:
    """`own_networks` gives the addresses of relays and of this server, which no player may reach through a relay."""

    def __init__(
        self, resolver: Resolver, own_networks: Callable[[], Awaitable[tuple[Network, ...]]], *, allow_private: bool
    ) -> None:
        self._resolver = resolver
        self._own_networks = own_networks
        self._allow_private = allow_private

    async def approve(self, text: str, profile: GameProfile) -> list[Target]:
        """The destinations of HOST:PORT for this game. Raises ApiError `game_not_supported` or `target_refused`."""
        return await approve_target(
            text, profile, self._resolver, allow_private=self._allow_private, denied=await self._own_networks()
        )
