"""Game profiles: what a game is called, how its packets are recognised, and where they may go."""

from enum import StrEnum

from plg.contract.schema import Answer, Cidr, Count, PortRange


class Transport(StrEnum):
    """What carries play. PLG carries UDP; a TCP-only game is said to be one."""

    UDP = "udp"
    TCP = "tcp"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class AddressChange(StrEnum):
    """What the game server does when a player's source address changes. Unknown counts as bound."""

    AGILE = "agile"
    PORT_ONLY = "port_only"
    BOUND = "bound"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class DestinationRule(Answer, frozen=True, kw_only=True):
    """Datagrams may go to these prefixes on these ports. An empty port list means every allowed port (1024 and up)."""

    cidrs: list[Cidr]
    ports: list[PortRange]


class RegionPing(Answer, frozen=True, kw_only=True):
    """A public host that answers near the region's game servers; `proxy` when it only stands for the region."""

    host: str
    method: str
    port: int | None
    proxy: bool


class GameRegion(Answer, frozen=True, kw_only=True):
    code: str
    name: str
    ping: list[RegionPing] = []


class GameSummary(Answer, frozen=True, kw_only=True):
    """One row of GET /v1/games. `icon` is the name of a picture that clients may have."""

    slug: str
    name: str
    category: str
    badge: str | None
    transport: Transport
    boostable: bool
    aliases: list[str]
    tags: list[str]
    steam_appid: int | None
    executables: list[str]
    icon: str | None = None


class GamePage(Answer, frozen=True, kw_only=True):
    games: list[GameSummary]
    total: Count
    limit: int
    offset: int


class GameDetail(Answer, frozen=True, kw_only=True):
    """GET /v1/games/{slug}. `observed_targets` is true when the client may ask the server to approve, one by one, the
    addresses that the game's own process talks to, because the profile knows none."""

    slug: str
    name: str
    category: str
    badge: str | None
    transport: Transport
    boostable: bool
    aliases: list[str]
    tags: list[str]
    steam_appid: int | None
    publisher: str | None
    p2p: bool
    executables_windows: list[str]
    executables_linux: list[str]
    capture: str
    udp_ports: list[PortRange]
    destinations: list[DestinationRule]
    observed_targets: bool
    address_change: AddressChange
    hosting: list[str]
    regions: list[GameRegion]
    linux_status: str | None
    anti_cheat_note: str | None
    notes: str | None
    confidence: dict[str, Confidence]
    profile_id: int
    revision: int
    icon: str | None = None
