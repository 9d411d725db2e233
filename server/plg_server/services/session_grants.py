"""What a player gets for a session: tickets, keys, destinations, for the exit and for every further relay."""

import base64
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2s

import msgspec

from plg.contract import sessions as contract
from plg.contract.nodes import NodeGameLeg
from plg.protocol.constants import CLOCK_SKEW_S, NONCE_LENGTH, SUITE_AES_256_GCM
from plg.protocol.destination import Address, pack_address
from plg.protocol.ticket import ExitTicket, TicketCaps, TransitTicket, seal_ticket, seal_transit_ticket
from plg_server.ids import timestamp
from plg_server.models.sessions import Session, SessionRelay
from plg_server.services.destination_rules import Target, read_target
from plg_server.services.game_catalog import GameProfile
from plg_server.services.nodes import LiveNode

RENEW_AFTER_S = 1800
"""Seconds after which a client asks for a new ticket; eight tries fit into the life of the old one."""

SKEW = timedelta(seconds=CLOCK_SKEW_S)
"""A relay takes a ticket that long after its end: clocks differ."""

CAPS = TicketCaps()
"""The protocol's own defaults: several times what the greediest known game sends."""

MODES: dict[str, contract.Mode] = {"off": "off", "redundant": "redundant", "adaptive": "adaptive"}


@dataclass(frozen=True, slots=True)
class Transit:
    """A transit of a session: its row, the living relay, its own address and the exit's by which it reaches it."""

    row: SessionRelay
    live: LiveNode
    address: Address
    exit_address: Address


@dataclass(frozen=True, slots=True)
class Standby:
    """The standby exit of a session."""

    row: SessionRelay
    live: LiveNode


def user_ref(account_id: str) -> int:
    """The account as relays know it: 64 bits that tell nothing about it."""
    return int.from_bytes(blake2s(account_id.encode(), digest_size=8, person=b"user ref").digest(), "big")


def make_grant(
    session: Session,
    profile: GameProfile,
    live: LiveNode,
    now: datetime,
    *,
    transits: Sequence[Transit] = (),
    standby: Standby | None = None,
) -> contract.SessionGrant:
    """Everything for the client, sealed afresh; `session` says how long it holds."""
    targets = approved_targets(session)
    hops = tuple((entry.row.path, pack_address(entry.address)) for entry in transits)
    ticket = _exit_ticket(session, profile, live, now, session.cid, session.secret, session.max_paths, hops)
    return contract.SessionGrant(
        session_id=session.id,
        game=session.game,
        cid=session.cid,
        relay=_endpoint(live),
        ticket=ticket,
        key=session.secret,
        suite=SUITE_AES_256_GCM,
        server_time_ms=int(time.time() * 1000),
        expires_at=timestamp(session.expires_at),
        renew_after_s=RENEW_AFTER_S,
        caps=contract.SessionCaps(
            packets_per_second=CAPS.packets_per_second,
            kbit_per_second_up=CAPS.kbit_per_second_up,
            kbit_per_second_down=CAPS.kbit_per_second_down,
            flows=CAPS.flows,
            local_ports=CAPS.local_ports,
        ),
        destinations=profile.detail.destinations,
        targets=[target.text for target in targets],
        address_change=profile.detail.address_change,
        predicted_total_ms=session.predicted_total_ms,
        chosen_because=session.chosen_because,
        mode=MODES.get(session.mode, "off"),
        max_paths=session.max_paths,
        transits=[_transit_grant(session, entry, live, now) for entry in transits],
        standby=None if standby is None else _standby_grant(session, profile, standby, now),
        degraded_because=session.degraded_because,
        game_leg=None if session.game_leg is None else msgspec.json.decode(session.game_leg, type=NodeGameLeg),
    )


def approved_targets(session: Session) -> list[Target]:
    """The session's own destinations beside the profile's."""
    return [read_target(text) for text in session.approved.split()]


def _endpoint(live: LiveNode) -> contract.RelayEndpoint:
    return contract.RelayEndpoint(
        node_id=live.node.id,
        name=live.node.name,
        country=live.node.country,
        host=live.node.host,
        port=live.node.port,
        relay_id=live.node.relay_id,
        mask_key=live.mask_key,
    )


def _exit_ticket(
    session: Session,
    profile: GameProfile,
    live: LiveNode,
    now: datetime,
    cid: str,
    secret: str,
    max_paths: int,
    hops: tuple[tuple[int, bytes], ...],
) -> str:
    ticket = ExitTicket(
        cid=int(cid, 16),
        user_ref=user_ref(session.account_id),
        issued_at_s=int(now.timestamp()),
        expires_at_s=int(session.expires_at.timestamp()),
        secret=base64.b64decode(secret),
        profile_id=profile.acl.profile_id,
        profile_revision=profile.acl.revision,
        suite=SUITE_AES_256_GCM,
        max_paths=max_paths,
        caps=CAPS,
        transits=hops,
        targets=tuple(target.for_ticket() for target in approved_targets(session)),
    )
    nonce = secrets.token_bytes(NONCE_LENGTH)
    return _text(seal_ticket(ticket, live.key.key, live.key.key_id, live.node.relay_id, nonce))


def _transit_grant(session: Session, entry: Transit, exit_live: LiveNode, now: datetime) -> contract.TransitGrant:
    ticket = TransitTicket(
        cid=int(session.cid, 16),
        issued_at_s=int(now.timestamp()),
        expires_at_s=int(session.expires_at.timestamp()),
        secret=base64.b64decode(entry.row.secret),
        next_hop=pack_address(entry.exit_address),
        next_hop_port=exit_live.node.port,
        packets_per_second=CAPS.packets_per_second,
        kbit_per_second_up=CAPS.kbit_per_second_up,
        kbit_per_second_down=CAPS.kbit_per_second_down,
    )
    key, relay_id = entry.live.key, entry.live.node.relay_id
    nonce = secrets.token_bytes(NONCE_LENGTH)
    return contract.TransitGrant(
        path=entry.row.path,
        relay=_endpoint(entry.live),
        ticket=_text(seal_transit_ticket(ticket, key.key, key.key_id, relay_id, nonce)),
        key=entry.row.secret,
        predicted_total_ms=entry.row.predicted_total_ms,
        chosen_because=entry.row.chosen_because,
    )


def _standby_grant(session: Session, profile: GameProfile, standby: Standby, now: datetime) -> contract.StandbyGrant:
    """A ticket of its own. It has room for the client's interfaces, but no transits: it carries the game only for a while."""
    row = standby.row
    return contract.StandbyGrant(
        cid=row.cid,
        relay=_endpoint(standby.live),
        ticket=_exit_ticket(session, profile, standby.live, now, row.cid, row.secret, session.max_paths, ()),
        key=row.secret,
        predicted_total_ms=row.predicted_total_ms,
        chosen_because=row.chosen_because,
    )


def _text(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()
