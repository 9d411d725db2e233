"""The catalogue of games: profiles resolved from the game files and from operators' changes, looked up by slug or alias.

A profile's number and revision are made from its content, so that every replica and every restart gives the same ones. The
revision of a game that an operator changed is the time of the change (Unix seconds), which is above every revision that is
made from content: relays take tickets of older revisions, and wait for their list when a ticket has a newer one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from ipaddress import collapse_addresses

import msgspec

from plg.contract.games import (
    DestinationRule,
    GameDetail,
    GameRegion,
    GameSummary,
    RegionPing,
    Transport,
)
from plg.contract.relay_control import ProfileAcl, ProfileRule, ProfileSet
from plg.protocol.destination import AMPLIFIER_PORTS, LOWEST_OPEN_PORT, AccessList, AccessRule, Address, Network
from plg_server.services.game_entries import GameEntry, PingEntry, RegionEntry
from plg_server.services.game_files import GameFileError, GameFiles, parse_port_range

PortSpans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RegionNetworks:
    """One region of a game, with the prefixes that are known to lie in it."""

    region: GameRegion
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class GameProfile:
    """One game, resolved: what players see, what relays enforce, and what a community server's address must hold."""

    slug: str
    summary: GameSummary
    detail: GameDetail
    acl: ProfileAcl
    access: AccessList
    udp_spans: PortSpans
    target_spans: PortSpans
    regions: tuple[RegionNetworks, ...]

    def region_of(self, address: Address) -> GameRegion | None:
        """The region that holds the address, when the profile knows."""
        for entry in self.regions:
            if any(net.version == address.version and address in net for net in entry.networks):
                return entry.region
        return None


class GameCatalog:
    """All profiles, sorted by slug. Built by `build_catalog`."""

    def __init__(self, profiles: Iterable[GameProfile]) -> None:
        self._fill(profiles)

    def adopt(self, other: "GameCatalog") -> None:
        """Become the same as another one: whoever holds this catalogue sees the other's games from now on."""
        self.__dict__.update(other.__dict__)

    def _fill(self, profiles: Iterable[GameProfile]) -> None:
        self.profiles = tuple(sorted(profiles, key=lambda profile: profile.slug))
        self.by_slug = {profile.slug: profile for profile in self.profiles}
        self.by_profile_id = {profile.acl.profile_id: profile for profile in self.profiles}
        aliases: dict[str, list[GameProfile]] = {}
        for profile in self.profiles:
            for name in {profile.detail.name.casefold(), *profile.detail.aliases}:
                aliases.setdefault(name, []).append(profile)
        self._by_alias = {name: owners[0] for name, owners in aliases.items() if len(owners) == 1}
        acls = [profile.acl for profile in self.profiles if profile.detail.boostable]
        digest = blake2s(msgspec.json.encode(acls), digest_size=16).hexdigest()
        self.profile_set = ProfileSet(etag=digest, profiles=acls)

    def find(self, name: str) -> GameProfile | None:
        """The game of this slug, or of this alias or full name when only one game has it. Case does not matter."""
        wanted = " ".join(name.casefold().split())
        return self.by_slug.get(wanted) or self._by_alias.get(wanted)

    @property
    def categories(self) -> list[str]:
        return sorted({profile.detail.category for profile in self.profiles})


SEED_REVISION_BITS = 30
"""Below any Unix time since 2004 (specification: relays compare revisions)."""


def build_catalog(
    files: GameFiles, *, base: GameCatalog | None = None, changed_s: Mapping[str, int] | None = None
) -> GameCatalog:
    """Resolve every game; those of `base` that are not in `changed_s` (slug to Unix second) are taken from there as they are.

    Raises GameFileError when two slugs share a profile number (rename one).
    """
    prefixes = _Prefixes(files.networks)
    changes = changed_s or {}
    known = {} if base is None else base.by_slug
    profiles = [
        known[game.slug]
        if game.slug in known and game.slug not in changes
        else _resolve(files, prefixes, game, changes.get(game.slug))
        for game in files.games.values()
    ]
    seen: dict[int, str] = {}
    for profile in profiles:
        other = seen.setdefault(profile.acl.profile_id, profile.slug)
        if other != profile.slug:
            raise GameFileError(
                "games", None, f"'{profile.slug}' and '{other}' get the same profile number: rename one"
            )
    return GameCatalog(profiles)


class _Prefixes:
    """Lists of prefixes as networks, merged where they touch; each list is worked out once, many games share one."""

    def __init__(self, networks: Mapping[str, Network]) -> None:
        self._networks = networks
        self._known: dict[tuple[str, ...], tuple[Network, ...]] = {}

    def merged(self, cidrs: Sequence[str]) -> tuple[Network, ...]:
        """The fewest networks that hold the same addresses, IPv4 first, in order."""
        key = tuple(cidrs)
        if key not in self._known:
            every = [self._networks[cidr] for cidr in dict.fromkeys(cidrs)]
            version_4 = collapse_addresses(net for net in every if net.version == 4)
            version_6 = collapse_addresses(net for net in every if net.version == 6)
            self._known[key] = (*version_4, *version_6)
        return self._known[key]


def _resolve(files: GameFiles, prefixes: _Prefixes, game: GameEntry, changed_s: int | None) -> GameProfile:
    regions = files.region_sets[game.region_set].region if game.region_set else []
    regions = [*regions, *game.region]
    cidrs = [*game.server_cidrs]
    for name in game.prefixes:
        cidrs += files.prefixes[name].cidrs
    for region in regions:
        cidrs += region.cidrs
    for name in game.hosting:
        if name in files.clouds:
            cidrs += files.clouds[name].cidrs
    networks = prefixes.merged(cidrs)
    carries_udp = game.transport is not Transport.TCP
    udp_spans = _merged(parse_port_range(ports) for ports in game.udp)
    target_spans = _merged(parse_port_range(ports) for ports in (game.target_ports or game.udp))
    named = _named_ports(game)
    rules = []
    if carries_udp and networks:
        rules.append(ProfileRule(cidrs=[str(net) for net in networks], ports=_texts(udp_spans)))
    observed = game.observed_targets if game.observed_targets is not None else (game.p2p or not networks)
    profile_id = int.from_bytes(blake2s(game.slug.encode(), digest_size=4, person=b"profile").digest(), "big")
    acl = ProfileAcl(
        profile_id=profile_id,
        revision=0,
        slug=game.slug,
        rules=rules,
        amplifier_ports_allowed=sorted(port for port in named if port in AMPLIFIER_PORTS),
        low_ports_allowed=sorted(port for port in named if port < LOWEST_OPEN_PORT and port not in AMPLIFIER_PORTS),
    )
    revision = int.from_bytes(blake2s(msgspec.json.encode(acl), digest_size=4, person=b"revision").digest(), "big")
    revision = revision % 2**SEED_REVISION_BITS if changed_s is None else changed_s
    acl = msgspec.structs.replace(acl, revision=revision)
    executables = _unique((*game.windows, *game.linux))
    shared_regions = [_region(region) for region in regions]
    resolved_regions = tuple(
        RegionNetworks(shown, prefixes.merged(_region_cidrs(files, game, entry)))
        for shown, entry in zip(shared_regions, regions, strict=True)
    )
    summary = GameSummary(
        slug=game.slug,
        name=game.name,
        category=game.category,
        badge=game.badge,
        transport=game.transport,
        boostable=carries_udp,
        aliases=game.aliases,
        tags=game.tags,
        steam_appid=game.steam_appid,
        executables=executables,
        icon=game.icon,
    )
    detail = GameDetail(
        slug=game.slug,
        name=game.name,
        category=game.category,
        badge=game.badge,
        transport=game.transport,
        boostable=carries_udp,
        aliases=game.aliases,
        tags=game.tags,
        steam_appid=game.steam_appid,
        publisher=game.publisher,
        p2p=game.p2p,
        executables_windows=game.windows,
        executables_linux=game.linux,
        capture=game.capture,
        udp_ports=game.udp,
        destinations=[DestinationRule(cidrs=rule.cidrs, ports=rule.ports) for rule in rules],
        observed_targets=carries_udp and observed,
        address_change=game.address_change,
        hosting=game.hosting,
        regions=shared_regions,
        linux_status=game.linux_status,
        anti_cheat_note=game.anti_cheat_note,
        notes=game.notes,
        confidence={str(group): level for group, level in game.confidence.items()},
        profile_id=profile_id,
        revision=revision,
        icon=game.icon,
    )
    access = AccessList([AccessRule(tuple(networks), udp_spans)] if rules else [], named)
    return GameProfile(
        slug=game.slug,
        summary=summary,
        detail=detail,
        acl=acl,
        access=access,
        udp_spans=udp_spans,
        target_spans=target_spans,
        regions=resolved_regions,
    )


def _named_ports(game: GameEntry) -> frozenset[int]:
    """Low and amplifier ports that the profile asks for by name: a wide range that runs over one does not name it."""
    single = {low for low, high in map(parse_port_range, (*game.udp, *game.target_ports)) if low == high}
    return frozenset({port for port in single if port < LOWEST_OPEN_PORT} - AMPLIFIER_PORTS) | set(game.amplifier_ports)


def _region_cidrs(files: GameFiles, game: GameEntry, region: RegionEntry) -> list[str]:
    """A region's own prefixes, else those of the cloud region that it is named after and that hosts the game."""
    if region.cidrs:
        return region.cidrs
    for name in game.hosting:
        if name.partition(":")[2] == region.code:
            return files.clouds[name].cidrs
    return []


def _region(region: RegionEntry) -> GameRegion:
    return GameRegion(code=region.code, name=region.name, ping=[_ping(ping) for ping in region.ping])


def _ping(ping: PingEntry) -> RegionPing:
    return RegionPing(host=ping.host, method=ping.method, port=ping.port, proxy=ping.proxy)


def _merged(spans: Iterable[tuple[int, int]]) -> PortSpans:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _texts(spans: PortSpans) -> list[str]:
    return [str(low) if low == high else f"{low}-{high}" for low, high in spans]


def _unique(names: Iterable[str]) -> list[str]:
    """Without repeats that differ only by case, order kept: process names are compared without case."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.casefold(), name)
    return list(seen.values())
