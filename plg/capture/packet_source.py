"""The seam itself: what every way of capturing offers to the tunnel.

Life of a source: `open()` -> `observe()` (sees flows, changes nothing) -> `divert(handler)` -> packets -> `close()`.
All calls come from one asyncio loop and none blocks it. `close()` may be called at any time, also twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, Protocol


class FlowKey(NamedTuple):
    """One UDP conversation of the game: the game's own port, and where its packets go. Addresses are text, normalised."""

    local_port: int
    remote_address: str
    remote_port: int


class Verdict(Enum):
    """What the handler wants done with a payload that it was shown."""

    TAKEN = "taken"  # the tunnel carries it; the source forgets it
    DIRECT = "direct"  # put it back on the way it was going, unchanged


PacketHandler = Callable[[FlowKey, bytes], Verdict]


@dataclass(frozen=True, slots=True)
class PortSpan:
    """Remote ports from `first` to `last`, inclusive."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CaptureRule:
    """Destinations: any of the prefixes, on any of the port spans. Empty prefixes: any address; empty spans: any port."""

    prefixes: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: tuple[PortSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureSpec:
    """What to capture. A packet matches when a rule matches and, if `executables` is not empty, one of these programs sent it.

    `excluded` addresses (relay, server, name servers) are never captured, whatever the rules say.
    """

    rules: tuple[CaptureRule, ...]
    executables: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(slots=True)
class CaptureStats:
    """Running counts since `open()`. `leaked` is what went past us although it matched: it must stay at zero."""

    captured: int = 0
    passed_direct: int = 0
    delivered: int = 0
    leaked: int = 0
    fragments_direct: int = 0
    other_process: int = 0
    errors: dict[str, int] = field(default_factory=dict)


class CaptureUnavailable(Exception):
    """This way of capturing cannot work here; `next_step` says which right or part is missing and how to get it."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step


class PacketSource(Protocol):
    """One way to capture: divert, tun or proxy."""

    @property
    def name(self) -> str: ...

    @property
    def stats(self) -> CaptureStats: ...

    async def open(self, spec: CaptureSpec) -> None:
        """Get ready without touching any packet. Raises CaptureUnavailable."""

    async def observe(self, seconds: float) -> frozenset[FlowKey]:
        """Watch for `seconds` and return the matching flows that carried packets; nothing is diverted or delayed."""

    async def divert(self, handler: PacketHandler) -> None:
        """From now on show every matching outbound payload to `handler` (called on the loop, must not block).

        Called again it only puts another handler in place.
        """

    def deliver(self, flow: FlowKey, payload: bytes) -> None:
        """Give the game a reply that came through the tunnel, as if `flow`'s remote had sent it. Never raises for the network."""

    def send_direct(self, flow: FlowKey, payload: bytes) -> None:
        """Send a payload that was TAKEN earlier (held while a decision was pending) on its original way after all."""

    async def close(self) -> None:
        """Let go of everything: no filter, route, rule or process stays behind."""
