"""Approves or refuses one more destination for a player: a community server, or an address that the game was seen to use.

The relay checks every destination again with the same rules (plg.protocol.destination); here the player gets the reason.
"""

import asyncio
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from plg.contract.problem import ErrorCode
from plg.protocol.destination import AMPLIFIER_PORTS, LOWEST_OPEN_PORT, Address, Network, port_denied, special_range
from plg.protocol.ticket import MAX_TARGETS, TicketTarget
from plg_server.problems import ApiError
from plg_server.services.game_catalog import GameProfile

LOOKUP_TIMEOUT_S = 3.0
"""A player waits for this answer; a name server that needs longer is as good as none."""

LOOKUP_WORKERS = 4
"""Threads: a name that never answers holds one of them for the resolver's own time-out, never the whole server."""

MAX_ADDRESSES = 4
"""Of one name. Each takes a place among the session's targets; a community server has one or two."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PORT = re.compile(r"[0-9]{1,5}")


class Resolver(Protocol):
    """Turns a name into addresses. Raises OSError when there are none, TimeoutError when it takes too long."""

    async def addresses(self, name: str) -> list[Address]:
        """All addresses of the name, both families, each once."""


class SystemResolver:
    """The machine's own resolver, in threads of its own. Close it when done."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUP_WORKERS, thread_name_prefix="plg-lookup")

    async def addresses(self, name: str) -> list[Address]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LOOKUP_TIMEOUT_S):
            found = await loop.run_in_executor(self._threads, _look_up, name)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Let waiting look-ups go; one that is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(name: str) -> list[Address]:
    rows = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM, proto=socket.IPPROTO_UDP)
    return [ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


@dataclass(frozen=True, slots=True)
class Target:
    """One approved destination."""

    address: Address
    port: int

    @property
    def text(self) -> str:
        """ "9.9.9.9:27015", or "[2620::1]:27015"."""
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"

    def for_ticket(self) -> TicketTarget:
        """The form that a ticket carries."""
        return TicketTarget(ip_network(self.address), self.port, self.port)


def refuse_unless_boostable(profile: GameProfile) -> None:
    """Raises ApiError `game_not_supported` for a game whose play is TCP."""
    if not profile.detail.boostable:
        name = profile.detail.name
        raise ApiError(
            ErrorCode.GAME_NOT_SUPPORTED,
            f"{name} plays over TCP; PLG carries UDP only, so the game stays on its direct path",
        )


def parse_target(text: str) -> tuple[str, int]:
    """HOST:PORT or [IPV6]:PORT to (host, port); the host is an address or a lower-case name. Raises `target_refused`."""
    host, colon, port_text = text.strip().rpartition(":")
    if not colon or not _PORT.fullmatch(port_text) or not 1 <= int(port_text) <= 65535:
        raise _refused(
            f"'{text}' is not HOST:PORT; write for example 9.9.9.9:27015, [2620:fe::9]:27015 or play.example.org:27015"
        )
    port = int(port_text)
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(IPv6Address(host[1:-1].partition("%")[0] if "%" not in host else "")), port
        except ValueError:
            raise _refused(f"'{host}' is not an IPv6 address") from None
    try:
        name = host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise _refused(f"'{host}' is neither an address nor a host name (an IPv6 address goes in brackets)")
    return name, port


def check_port(profile: GameProfile, port: int) -> None:
    """Raises `target_refused` for a port that the game does not use, or that no game may use."""
    if port_denied(port, profile.access.named_ports):
        why = "answers more than it is asked" if port in AMPLIFIER_PORTS else f"is below {LOWEST_OPEN_PORT}"
        raise _refused(
            f"port {port} is not allowed: it {why}, and the profile of {profile.detail.name} does not name it"
        )
    spans = profile.target_spans
    if spans and not any(low <= port <= high for low, high in spans):
        shown = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
        raise _refused(f"port {port} is not one of {profile.detail.name}: its servers use UDP {shown}")


def check_address(address: Address, *, allow_private: bool, denied: Iterable[Network] = ()) -> None:
    """Raises `target_refused` for an address that no relay may send to."""
    special = special_range(address, allow_private=allow_private)
    if special is not None:
        raise _refused(f"{address} lies in {special}, which is not a public address")
    if any(net.version == address.version and address in net for net in denied):
        raise _refused(f"{address} belongs to PLG itself")


async def approve_target(
    text: str,
    profile: GameProfile,
    resolver: Resolver,
    *,
    allow_private: bool,
    denied: Iterable[Network] = (),
) -> list[Target]:
    """The destinations that HOST:PORT stands for, when all of them are allowed for this game.

    One forbidden address among several refuses the name: a name must not smuggle one in. Raises ApiError
    `game_not_supported` or `target_refused`.
    """
    refuse_unless_boostable(profile)
    host, port = parse_target(text)
    check_port(profile, port)
    try:
        addresses = [ip_address(host)]
    except ValueError:
        addresses = await _resolve(host, resolver)
    blocked = list(denied)
    for address in addresses:
        check_address(address, allow_private=allow_private, denied=blocked)
    return [Target(address, port) for address in addresses]


async def _resolve(host: str, resolver: Resolver) -> list[Address]:
    try:
        addresses = await resolver.addresses(host)
    except TimeoutError:
        raise _refused(f"the name '{host}' was not answered in {LOOKUP_TIMEOUT_S:g} s") from None
    except (OSError, UnicodeError, ValueError):
        addresses = []
    if not addresses:
        raise _refused(f"the name '{host}' has no address")
    if len(addresses) > MAX_ADDRESSES:
        raise _refused(
            f"the name '{host}' has {len(addresses)} addresses, at most {MAX_ADDRESSES} are taken: give one of them"
        )
    return addresses


def merge_targets(current: Iterable[Target], new: Iterable[Target]) -> list[Target]:
    """Both, each once. Raises `target_refused` when a session would hold more than its ticket can."""
    merged = list(dict.fromkeys([*current, *new]))
    if len(merged) > MAX_TARGETS:
        raise _refused(f"a session may have {MAX_TARGETS} targets; start another one for more")
    return merged


def read_target(text: str) -> Target:
    """A target in the form of `Target.text`, as we stored it."""
    host, _, port = text.rpartition(":")
    return Target(ip_address(host.strip("[]")), int(port))


def _refused(detail: str) -> ApiError:
    # The text may repeat what the caller wrote: on one line, whatever it holds.
    return ApiError(ErrorCode.TARGET_REFUSED, "".join(c if c.isprintable() else " " for c in detail)[:300])
