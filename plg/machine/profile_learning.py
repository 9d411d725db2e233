"""From what a program was seen to send to the draft of a game's profile. Pure: sightings in, a draft and its doubts out.

A draft is a guess from one evening; each reason to doubt it is named, and a person checks it before anybody relies on it.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MATCH_PACKETS_PER_S: Final = 5.0
"""Implementation. A client in a match sends 20 packets a second and more; lists, voice signalling and name servers far fewer."""
MATCH_SECONDS: Final = 3.0
"""Implementation. Shorter bursts are server lists and look-ups."""
LONG_ENOUGH_S: Final = 30.0
GROUP_BITS: Final = {4: 24, 6: 48}
"""Implementation. The usual size of what one hoster announces: several servers in one make it a prefix."""
NEAR_PORTS: Final = 1000
"""Implementation. Ports that lie nearer together than this are one range when there are several."""
MANY_PORTS: Final = 4
LOWEST_GAME_PORT: Final = 1024
"""Below are name servers, time servers and the like; a relay sends nothing there."""
WEB_PORT: Final = 443
MAX_PREFIXES: Final = 64
MAX_SLUG_CHARS: Final = 64


class Doubt(StrEnum):
    """Why a draft may be wrong; stable names."""

    NO_FLOWS = "no_flows"
    NO_MATCH = "no_match"
    NO_DESTINATIONS = "no_destinations"
    SHORT = "short"
    ONE_SERVER = "one_server"
    PRIVATE_ONLY = "private_only"
    MANY_PREFIXES = "many_prefixes"


@dataclass(frozen=True, slots=True)
class FlowSeen:
    """What went from one local port to one place. `packets` is none where they could not be counted."""

    local_port: int
    address: Address
    port: int
    packets: int | None
    seconds: float

    @property
    def packets_per_s(self) -> float | None:
        return None if self.packets is None else self.packets / max(1.0, self.seconds)

    @property
    def is_match(self) -> bool:
        """Whether it looks like play. What could not be counted may be."""
        if self.port < LOWEST_GAME_PORT and self.port != WEB_PORT:
            return False
        rate = self.packets_per_s
        return rate is None or (rate >= MATCH_PACKETS_PER_S and self.seconds >= MATCH_SECONDS)


@dataclass(frozen=True, slots=True)
class ProfileDraft:
    """What a profile may hold. `packets_per_s` is of the busiest match; `confidence` is low, medium or high for the ports."""

    slug: str
    name: str
    programs: tuple[str, ...]
    on_windows: bool
    ports: tuple[str, ...]
    prefixes: tuple[str, ...]
    packets_per_s: float | None
    confidence: str
    doubts: tuple[Doubt, ...]


def draft_profile(program: str, programs: Sequence[str], flows: Sequence[FlowSeen], seconds: float) -> ProfileDraft:
    """The draft for a program that was watched so long. `programs` are the names that it is known by."""
    matches = [flow for flow in flows if flow.is_match]
    public = [flow for flow in matches if flow.address.is_global and not flow.address.is_multicast]
    prefixes = group_addresses(flow.address for flow in public)
    rates = [rate for flow in matches if (rate := flow.packets_per_s) is not None]
    doubts = []
    if not flows:
        doubts.append(Doubt.NO_FLOWS)
    elif not matches:
        doubts.append(Doubt.NO_MATCH)
    elif not public:
        doubts.append(Doubt.PRIVATE_ONLY)
    if flows and matches and not rates:
        doubts.append(Doubt.NO_DESTINATIONS)
    if seconds < LONG_ENOUGH_S:
        doubts.append(Doubt.SHORT)
    if len({flow.address for flow in public}) == 1:
        doubts.append(Doubt.ONE_SERVER)
    if len(prefixes) > MAX_PREFIXES:
        doubts.append(Doubt.MANY_PREFIXES)
    confidence = "low"
    if rates and seconds >= LONG_ENOUGH_S:
        confidence = "high" if len({flow.address for flow in public}) >= 3 else "medium"
    names = tuple(dict.fromkeys(clean for name in programs if (clean := _program_name(name))))
    return ProfileDraft(
        slug=slug_of(program),
        name=_printable(re.sub(r"\.exe$", "", program, flags=re.IGNORECASE)) or "game",
        programs=names,
        on_windows=any(name.casefold().endswith(".exe") for name in names),
        ports=group_ports(flow.port for flow in matches),
        prefixes=tuple(prefixes[:MAX_PREFIXES]),
        packets_per_s=round(max(rates), 1) if rates else None,
        confidence=confidence,
        doubts=tuple(doubts),
    )


def group_addresses(addresses: Iterable[Address]) -> list[str]:
    """Single addresses as they are; where several lie in one usual prefix, the prefix."""
    groups: dict[Network, set[Address]] = {}
    for address in addresses:
        groups.setdefault(ip_network(f"{address}/{GROUP_BITS[address.version]}", strict=False), set()).add(address)
    found = []
    for network in sorted(groups, key=lambda group: (group.version, int(group.network_address))):
        members = groups[network]
        found.append(str(network) if len(members) > 1 else str(ip_network(next(iter(members)))))
    return found


def group_ports(ports: Iterable[int]) -> tuple[str, ...]:
    """Ports as a profile writes them: alone when few, as ranges when many lie together."""
    ordered = sorted(set(ports))
    if len(ordered) <= MANY_PORTS:
        return tuple(map(str, ordered))
    ranges: list[list[int]] = []
    for port in ordered:
        if ranges and port - ranges[-1][1] <= NEAR_PORTS:
            ranges[-1][1] = port
        else:
            ranges.append([port, port])
    return tuple(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def slug_of(program: str) -> str:
    """An identifier from a program's name: small letters, digits, inner hyphens; never empty."""
    plain = unicodedata.normalize("NFKD", re.sub(r"\.exe$", "", program.strip(), flags=re.IGNORECASE)).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG_CHARS].strip("-") or "my-game"


def profile_toml(draft: ProfileDraft, comments: Sequence[str] = ()) -> str:
    """The draft as a file in the server's own form of game profiles; `comments` are lines of text above it."""
    lines = [f"# {_printable(line)}".rstrip() for line in comments]
    lines += [
        "[[game]]",
        f"slug = {_quoted(draft.slug)}",
        f"name = {_quoted(draft.name)}",
        'category = "fps"',
        'tags = ["learned"]',
        f"{'windows' if draft.on_windows else 'linux'} = {_listed(draft.programs)}",
        'transport = "udp"',
        'capture = "process"',
        f"udp = {_listed(draft.ports)}",
    ]
    if draft.prefixes:
        lines.append(f"server_cidrs = {_listed(draft.prefixes)}")
    lines += [
        "observed_targets = true",
        f'confidence = {{ executables = "high", ports = "{draft.confidence}", server_cidrs = "low" }}',
    ]
    return "\n".join(lines) + "\n"


def _listed(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, values)) + "]"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON writes one the same way once DEL is gone."""
    return json.dumps(_printable(text), ensure_ascii=False)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:100]


def _program_name(name: str) -> str:
    return _printable(re.split(r"[/\\]", name)[-1])
