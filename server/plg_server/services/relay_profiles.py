"""What a relay is told at each heartbeat: profiles, keys, who is no longer welcome, where it must never send."""

import time
from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from tortoise.expressions import Q

from plg.contract.problem import ErrorCode
from plg.contract.relay_control import HeartbeatAnswer, HeartbeatRequest, ProfileSet
from plg.protocol.destination import Address, Network, special_range
from plg_server.config import ServerConfig
from plg_server.ids import utc_now
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session, SessionRelay
from plg_server.problems import ApiError
from plg_server.services.destination_rules import Resolver
from plg_server.services.game_catalog import GameCatalog
from plg_server.services.peers import Peers
from plg_server.services.relay_keys import live_keys
from plg_server.services.relay_state import RelayStates
from plg_server.services.session_grants import SKEW, user_ref
from plg_server.services.session_relays import STANDBY

OWN_ADDRESSES_FOR_S = 60.0
"""Names of our own machines are looked up that often; a relay that moves is protected a minute later."""

MAX_REVOKED = 10_000
"""Sessions of one relay that ended in the last hours; beyond it the oldest, nearest to expiry, are left out."""


class OwnAddresses:
    """The public addresses of relays and of this server: no player's packet may be sent there.

    Private ones are left out: in a lab relay, server and game share machines, and on the Internet they are denied anyway.
    """

    def __init__(self, config: ServerConfig, resolver: Resolver) -> None:
        self._public_url = config.public_url
        self._resolver = resolver
        self._known: tuple[Network, ...] = ()
        self._fresh_until = 0.0

    async def networks(self) -> tuple[Network, ...]:
        """One /32 or /128 for each address. Names that do not resolve are left out."""
        now = time.monotonic()
        if now >= self._fresh_until:
            self._fresh_until = now + OWN_ADDRESSES_FOR_S
            hosts = {node.host for node in await Node.filter(disabled_at=None)}
            if self._public_url is not None:
                hosts.add(urlsplit(self._public_url).hostname or "")
            self._known = tuple(ip_network(address) for address in await self._addresses(hosts) if _is_public(address))
        return self._known

    async def _addresses(self, hosts: Iterable[str]) -> list[Address]:
        found: list[Address] = []
        for host in sorted(hosts):
            try:
                found.append(ip_address(host))
            except ValueError:
                try:
                    found += await self._resolver.addresses(host)
                except (OSError, ValueError):
                    continue
        return list(dict.fromkeys(found))


def _is_public(address: Address) -> bool:
    return special_range(address, allow_private=False) is None


class RelayProfiles:
    """Answers relays. Every method needs an active database."""

    def __init__(self, catalog: GameCatalog, states: RelayStates, own: OwnAddresses, peers: Peers) -> None:
        self._catalog = catalog
        self._states = states
        self._own = own
        self._peers = peers

    @property
    def profile_set(self) -> ProfileSet:
        """Every profile's access list; its etag changes with any of them."""
        return self._catalog.profile_set

    async def heartbeat(self, node: Node, beat: HeartbeatRequest) -> HeartbeatAnswer:
        """Take the relay's state, and tell it what has changed. Raises ApiError `invalid_body`, StoreUnavailable."""
        if any(not key.isprintable() or len(key) > 64 for key in beat.drops):
            raise ApiError(ErrorCode.INVALID_BODY, "drops: a reason has at most 64 printable characters")
        if node.disabled_at is None:
            await self._states.record(node.id, beat, enrolled_max=node.max_sessions)
        else:
            await self._states.forget(node.id)
        if beat.version and beat.version != node.version and beat.version.isprintable():
            await Node.filter(id=node.id).update(version=beat.version)
        now = utc_now()
        banned = (
            await Session.filter(node_id=node.id, expires_at__gt=now - SKEW, account__banned_at__not_isnull=True)
            .distinct()
            .values_list("account_id", flat=True)
        )
        return HeartbeatAnswer(
            server_time_ms=int(time.time() * 1000),
            profiles_etag=self._catalog.profile_set.etag,
            ticket_keys=await live_keys(node.id),
            revoked_cids=await _revoked_cids(node.id, now),
            revoked_users=[f"{user_ref(str(account_id)):016x}" for account_id in banned],
            denied_addresses=[str(network) for network in await self._own.networks()],
            probe_targets=await self._states.probe_targets(self._catalog),
            disabled=node.disabled_at is not None,
            peers=await self._peers.of(node.id),
        )


async def _revoked_cids(node_id: str, now: datetime) -> list[str]:
    """Ids whose tickets still open at this relay but must not: as exit, as standby, as transit."""
    open_still = now - SKEW
    ended = (
        await Session.filter(node_id=node_id, ended_at__not_isnull=True, expires_at__gt=open_still)
        .order_by("-expires_at")
        .limit(MAX_REVOKED)
        .values_list("cid", flat=True)
    )
    # A transit knows no account, so that a ban reaches it by the session's id. One that was replaced in a session that goes on
    # may be taken again, and forgets the session by itself.
    over = (
        Q(session__ended_at__not_isnull=True)
        | Q(session__account__banned_at__not_isnull=True)
        | Q(role=STANDBY, removed_at__not_isnull=True)
    )
    further = (
        await SessionRelay.filter(over, node_id=node_id, session__expires_at__gt=open_still)
        .order_by("-added_at")
        .limit(MAX_REVOKED)
        .values_list("cid", flat=True)
    )
    return list(dict.fromkeys(str(cid) for cid in (*ended, *further)))[:MAX_REVOKED]
