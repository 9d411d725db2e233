"""What changes every few seconds: relays' heartbeats, and what the players' questions make worth measuring. Kept in the store,
so that replicas share it; lost when the store is lost, and told again within one heartbeat.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2s
from ipaddress import ip_address

import msgspec

from plg.contract.games import RegionPing
from plg.contract.nodes import NodeState
from plg.contract.relay_control import PEER_TARGET_PREFIX, HeartbeatRequest, ProbeTarget
from plg.protocol.destination import Address
from plg_server.services.game_catalog import GameCatalog, GameProfile
from plg_server.services.path_score import Figure
from plg_server.store import Store

SILENT_AFTER_S = 15.0
"""Three heartbeats: a relay that missed them is gone for players."""

REMEMBERED_S = 600.0
"""A silent relay stays among the others' peers so long: sessions that run through it must not lose their way with its heartbeat."""

STALE_AFTER_S = 900.0
"""A measurement older than this says nothing about now."""

INTEREST_S = 24 * 3600.0
"""A game that somebody asked for is measured for a day."""

MAX_GAMES = 16
MAX_HOSTS = 32
MAX_PROBE_TARGETS = 128
"""Relays probe strangers' machines on our word: few, and only for games that are played here."""

SLOW_LOOP_MS = 50.0
"""A relay whose event loop is that late is loaded, however few sessions it has."""

LOADED_PERCENT = 90.0
_INTEREST_KEY = "interest"


class RelayState(msgspec.Struct, frozen=True):
    """The last heartbeat of one relay. `at_s` is the server's clock; `measured` is rtt (ms or null) and loss (%) by target.

    `spread` is the 95th percentile (ms or null) and the age (s) by target, apart from `measured` so that a server of the version
    before can read it. `mask`: the relay wants headers masked. `web_ping_url`: where browsers measure it.
    """

    at_s: float
    boot_id: str
    draining: bool
    sessions: int
    max_sessions: int
    loop_lag_ms: float
    measured: dict[str, tuple[float | None, float]]
    mask: bool = False
    spread: dict[str, tuple[float | None, float]] = {}
    web_ping_url: str | None = None

    def figure(self, target_id: str) -> Figure | None:
        """What the relay measured to a target; None when it did not, or too long ago."""
        if target_id not in self.measured:
            return None
        rtt_ms, loss_percent = self.measured[target_id]
        p95_ms, age_s = self.spread.get(target_id, (None, 0.0))
        return None if age_s > STALE_AFTER_S else Figure(rtt_ms, loss_percent, p95_ms, age_s)

    def peer_figures(self) -> dict[str, Figure]:
        """What it measured to other relays, by their node id."""
        found = {}
        for target_id in self.measured:
            figure = self.figure(target_id) if target_id.startswith(PEER_TARGET_PREFIX) else None
            if figure is not None:
                found[target_id.removeprefix(PEER_TARGET_PREFIX)] = figure
        return found

    @property
    def load_percent(self) -> float:
        """0 to 100, by sessions, or by a late event loop."""
        by_sessions = 100.0 * self.sessions / self.max_sessions if self.max_sessions else 100.0
        late = LOADED_PERCENT if self.loop_lag_ms > SLOW_LOOP_MS else 0.0
        return round(min(100.0, max(by_sessions, late)), 1)

    @property
    def state(self) -> NodeState:
        """Whether it takes new sessions."""
        if self.draining:
            return NodeState.DRAINING
        return NodeState.FULL if self.sessions >= self.max_sessions else NodeState.UP


class Interest(msgspec.Struct):
    """Games and single hosts that players asked for, each with the second at which that is forgotten."""

    games: dict[str, float] = {}
    hosts: dict[str, float] = {}


class RelayStates:
    """Reads and writes the live state. Every method may raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, node_id: str, beat: HeartbeatRequest, *, enrolled_max: int) -> RelayState:
        """Keep a heartbeat; it counts for SILENT_AFTER_S. A relay may lower its cap below the enrolled one, not raise it."""
        state = RelayState(
            at_s=time.time(),
            boot_id=beat.boot_id,
            draining=beat.draining,
            sessions=beat.sessions,
            max_sessions=min(beat.max_sessions or enrolled_max, enrolled_max),
            loop_lag_ms=beat.loop_lag_ms,
            measured={entry.target_id: (entry.rtt_ms, entry.loss_percent) for entry in beat.measurements},
            mask=beat.mask,
            web_ping_url=beat.web_ping_url,
            spread={entry.target_id: (entry.rtt_p95_ms, entry.age_s) for entry in beat.measurements},
        )
        await self._store.set(f"relay:{node_id}", msgspec.json.encode(state).decode(), REMEMBERED_S)
        return state

    async def get(self, node_id: str) -> RelayState | None:
        """The state of a relay that is not silent."""
        state = await self.last(node_id)
        return state if state is not None and time.time() - state.at_s < SILENT_AFTER_S else None

    async def last(self, node_id: str) -> RelayState | None:
        """The last state of a relay that was heard within REMEMBERED_S."""
        text = await self._store.get(f"relay:{node_id}")
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=RelayState)
        except msgspec.DecodeError:
            # Written by another version of the server: the next heartbeat is ours.
            return None

    async def forget(self, node_id: str) -> None:
        """The relay leaves the list at once."""
        await self._store.delete(f"relay:{node_id}")

    async def add_interest(self, game: str, hosts: Iterable[Address] = ()) -> None:
        """Have relays measure their way to this game and these hosts."""
        interest, now = await self._interest(), time.time()
        known = interest.games.get(game, 0.0) > now + INTEREST_S / 2
        wanted = {str(host): now + INTEREST_S for host in hosts}
        if known and all(interest.hosts.get(host, 0.0) > now + INTEREST_S / 2 for host in wanted):
            return
        fresh = Interest(
            games=_latest({**interest.games, game: now + INTEREST_S}, MAX_GAMES, now),
            hosts=_latest({**interest.hosts, **wanted}, MAX_HOSTS, now),
        )
        # Two replicas may overwrite each other here: the loser's game is asked for again soon enough.
        await self._store.set(_INTEREST_KEY, msgspec.json.encode(fresh).decode(), INTEREST_S)

    async def probe_targets(self, catalog: GameCatalog) -> list[ProbeTarget]:
        """What every relay should measure now, at most MAX_PROBE_TARGETS."""
        interest = await self._interest()
        targets = {host_target(ip_address(host)).target_id: host_target(ip_address(host)) for host in interest.hosts}
        for slug in sorted(interest.games, key=lambda slug: -interest.games[slug]):
            profile = catalog.by_slug.get(slug)
            for region in profile.detail.regions if profile is not None else ():
                for ping in region.ping:
                    target = ping_target(ping)
                    targets.setdefault(target.target_id, target)
        return list(targets.values())[:MAX_PROBE_TARGETS]

    async def _interest(self) -> Interest:
        text = await self._store.get(_INTEREST_KEY)
        try:
            return Interest() if text is None else msgspec.json.decode(text, type=Interest)
        except msgspec.DecodeError:
            return Interest()


def _latest(entries: dict[str, float], limit: int, now: float) -> dict[str, float]:
    live = sorted((item for item in entries.items() if item[1] > now), key=lambda item: -item[1])
    return dict(live[:limit])


def ping_target(ping: RegionPing) -> ProbeTarget:
    """A profile's ping host as a relay is asked to measure it."""
    digest = blake2s(f"{ping.method} {ping.host} {ping.port}".encode(), digest_size=8).hexdigest()
    return ProbeTarget(target_id=digest, host=ping.host, method=ping.method, port=ping.port)


def host_target(address: Address) -> ProbeTarget:
    """A game server itself, by ICMP echo: its UDP port answers only to its game."""
    return ProbeTarget(target_id=f"host:{address}", host=str(address), method="icmp", port=None)


@dataclass(frozen=True, slots=True)
class LegTarget:
    """A host that stands for the end of the way to a game. `place` names that end for what players measure there."""

    target_id: str
    region: str | None
    place: str
    estimated: bool


def leg_targets(profile: GameProfile, addresses: Iterable[Address] = ()) -> tuple[list[LegTarget], list[LegTarget]]:
    """What tells a relay's way to the game: first the addresses themselves, then the hosts that stand for their regions.

    Without addresses every region's hosts; `estimated` when the host only stands for the place.
    """
    wanted = list(addresses)
    regions = list(profile.detail.regions)
    hosts = []
    if wanted:
        hit = set()
        for address in wanted:
            region = profile.region_of(address)
            code = None if region is None else region.code
            target_id = host_target(address).target_id
            hosts.append(LegTarget(target_id, code, code or target_id, estimated=False))
            hit.add(code)
        regions = [region for region in regions if region.code in hit]
    near = [
        LegTarget(ping_target(ping).target_id, region.code, region.code, estimated=ping.proxy or bool(wanted))
        for region in regions
        for ping in region.ping
    ]
    return hosts, near
