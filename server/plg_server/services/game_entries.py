"""The tables of a game file, as types: what each key may hold. Units, meanings: server/README.md, "Game profiles"."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plg.contract.games import AddressChange, Confidence, Transport
from plg.contract.schema import Cidr, Host, Port, PortRange, Slug

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Alias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7fA-ZА-ЯЁ]+$", description="lower case")
]
Executable = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
Icon = Annotated[
    str,
    Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9][a-z0-9-]*$", description="a name: a-z, 0-9 and hyphens"),
]
ListName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9:-]*$")]
Category = Literal[
    "battle-royale",
    "card",
    "coop",
    "fighting",
    "fps",
    "horror",
    "mmo",
    "moba",
    "party",
    "racing",
    "rpg",
    "sandbox",
    "sports",
    "strategy",
    "survival",
    "vehicle",
]
ConfidenceGroup = Literal[
    "executables", "hosting", "linux_executables", "ports", "regions", "server_cidrs", "steam_appid", "transport"
]
SourceGroup = Literal[
    "executables",
    "hosting",
    "linux_executables",
    "linux_status",
    "ports",
    "regions",
    "server_cidrs",
    "steam_appid",
    "transport",
]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table: a key that we do not know is a typing error."""


class PingEntry(Table, frozen=True, kw_only=True):
    """A public host that answers near a region; `proxy` when it only stands for it."""

    host: Host
    method: Literal["icmp", "tcp"]
    port: Port | None = None
    proxy: bool = False


class RegionEntry(Table, frozen=True, kw_only=True):
    code: Annotated[str, Meta(min_length=1, max_length=32)]
    name: Name
    ping: list[PingEntry] = []
    cidrs: list[Cidr] = []


class PrefixesEntry(Table, frozen=True, kw_only=True):
    name: ListName
    cidrs: list[Cidr]


class CloudEntry(Table, frozen=True, kw_only=True):
    id: Annotated[str, Meta(pattern=r"^[a-z0-9-]+:[a-z0-9-]+$", max_length=64)]
    cidrs: list[Cidr]
    ping: PingEntry | None = None


class RegionSetEntry(Table, frozen=True, kw_only=True):
    name: ListName
    region: list[RegionEntry]


class SourceEntry(Table, frozen=True, kw_only=True):
    id: ListName
    title: str
    date: str
    used_for: str


class GameEntry(Table, frozen=True, kw_only=True):
    """One [[game]] table; server/README.md explains the fields."""

    slug: Slug
    name: Name
    category: Category
    aliases: Annotated[list[Alias], Meta(max_length=32)] = []
    badge: Literal["popular", "new", "classic"] | None = None
    icon: Icon | None = None
    tags: Annotated[list[ListName], Meta(max_length=16)] = []
    publisher: Name | None = None
    steam_appid: Annotated[int, Meta(ge=1, le=2**32)] | None = None
    windows: list[Executable] = []
    linux: list[Executable] = []
    android: list[Executable] = []
    unverified: list[Executable] = []
    linux_status: Literal["supported", "running", "planned", "broken", "denied"] | None = None
    anti_cheat_note: Annotated[str, Meta(max_length=400)] | None = None
    transport: Transport = Transport.UNKNOWN
    p2p: bool = False
    capture: Literal["process", "process+cidr", "cidr", "ports"] = "process"
    udp: list[PortRange] = []
    tcp: list[PortRange] = []
    target_ports: list[PortRange] = []
    amplifier_ports: list[Port] = []
    observed_targets: bool | None = None
    address_change: AddressChange = AddressChange.UNKNOWN
    prefixes: list[ListName] = []
    server_cidrs: list[Cidr] = []
    hosting: list[ListName] = []
    region_set: ListName | None = None
    region: list[RegionEntry] = []
    notes: Annotated[str, Meta(max_length=2000)] | None = None
    confidence: dict[ConfidenceGroup, Confidence] = {}
    sources: dict[SourceGroup, list[ListName]] = {}
