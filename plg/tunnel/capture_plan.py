"""From a game's profile to what the capture is told: which packets are the game's. Pure."""

import sys
from collections.abc import Collection, Sequence
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from plg.capture.packet_source import CaptureRule, CaptureSpec, PortSpan
from plg.contract.games import GameDetail, Transport
from plg.protocol.destination import LOWEST_OPEN_PORT, Address
from plg.tunnel.flow_routes import Approvals
from plg.tunnel.grants import parse_address, port_spans

_ANY_GAME_PORT: Final = PortSpan(LOWEST_OPEN_PORT, 65535)
"""Games do not live below; name servers and the like do."""


class NotCarried(StrEnum):
    """Why a game cannot be carried as asked; stable names."""

    TCP_ONLY = "tcp_only"
    TARGET_NEEDED = "target_needed"
    PROXY_NEEDS_TARGET = "proxy_needs_target"
    BAD_PROFILE = "bad_profile"


class GameNotCarried(Exception):
    """This game, or this way of asking for it, has nothing that the tunnel could carry."""

    def __init__(self, game: str, why: NotCarried, detail: str = "") -> None:
        super().__init__(f"{game}: {why.value}" + (f" ({detail})" if detail else ""))
        self.game = game
        self.why = why
        self.detail = detail


def plan_capture(
    game: GameDetail,
    targets: Sequence[tuple[Address, int]],
    *,
    by_proxy: bool,
    relays: Sequence[str] = (),
    platform: str = sys.platform,
) -> CaptureSpec:
    """What to capture. Named targets stand alone: exactly they, whichever program talks to them.

    `relays` are hosts of relays: what goes there is the tunnel's own. Raises GameNotCarried.
    """
    if game.transport is Transport.TCP or not game.boostable:
        raise GameNotCarried(game.name, NotCarried.TCP_ONLY)
    if targets:
        wanted = targets[:1] if by_proxy else targets  # a proxy's port stands for one address
        rules = tuple(CaptureRule((ip_network(address),), (PortSpan(port, port),)) for address, port in wanted)
        return CaptureSpec(rules, excluded=_addresses(relays, {address for address, _ in targets}))
    if by_proxy:
        raise GameNotCarried(game.name, NotCarried.PROXY_NEEDS_TARGET)
    excluded = _addresses(relays, frozenset())
    executables = tuple(_executables(game, platform)) if "process" in game.capture else ()
    if game.observed_targets and executables:
        return CaptureSpec((CaptureRule((), (_ANY_GAME_PORT,)),), executables, excluded)
    if not game.destinations:
        raise GameNotCarried(game.name, NotCarried.TARGET_NEEDED)
    try:
        rules = tuple(
            CaptureRule(
                tuple(map(ip_network, rule.cidrs)),
                tuple(PortSpan(first, last) for first, last in port_spans(rule.ports)),
            )
            for rule in game.destinations
        )
    except ValueError as error:
        raise GameNotCarried(game.name, NotCarried.BAD_PROFILE, str(error)) from error
    return CaptureSpec(rules, executables, excluded)


def approvals(game: GameDetail, targets: Sequence[tuple[Address, int]]) -> Approvals:
    """Which destinations the server may be asked for while the game runs."""
    if targets:
        return Approvals(addresses=frozenset(str(address) for address, _ in targets))
    return Approvals(anywhere=game.observed_targets)


def _addresses(hosts: Sequence[str], wanted: Collection[Address]) -> tuple[str, ...]:
    """The numeric ones, but for those that the player wants to reach himself."""
    found = dict.fromkeys(address for host in hosts if (address := parse_address(host)) is not None)
    return tuple(str(address) for address in found if address not in wanted)


def _executables(game: GameDetail, platform: str) -> list[str]:
    """On Linux a game may be its own build or the Windows one under Wine, which keeps the Windows name."""
    if platform == "win32":
        return game.executables_windows
    return list(dict.fromkeys([*game.executables_linux, *game.executables_windows]))
