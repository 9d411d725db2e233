"""What a player gets for a session (ticket, key, destinations), and how a session is shown afterwards."""

import base64
import secrets
import time
from datetime import datetime, timedelta
from hashlib import blake2s

from plg.contract import sessions as contract
from plg.protocol.constants import CLOCK_SKEW_S, NONCE_LENGTH, SUITE_AES_256_GCM
from plg.protocol.ticket import ExitTicket, TicketCaps, seal_ticket
from plg_server.ids import timestamp
from plg_server.models.sessions import Session
from plg_server.services.destination_rules import Target, read_target
from plg_server.services.game_catalog import GameProfile
from plg_server.services.nodes import LiveNode

RENEW_AFTER_S = 1800
"""Seconds after which a client asks for a new ticket; eight tries fit into the life of the old one."""

SKEW = timedelta(seconds=CLOCK_SKEW_S)
"""A relay takes a ticket that long after its end: clocks differ."""

CAPS = TicketCaps()
"""The protocol's own defaults: several times what the greediest known game sends."""


def user_ref(account_id: str) -> int:
    """The account as relays know it: 64 bits that tell nothing about it."""
    return int.from_bytes(blake2s(account_id.encode(), digest_size=8, person=b"user ref").digest(), "big")


def make_grant(session: Session, profile: GameProfile, live: LiveNode, now: datetime) -> contract.SessionGrant:
    targets = approved_targets(session)
    ticket = ExitTicket(
        cid=int(session.cid, 16),
        user_ref=user_ref(session.account_id),
        issued_at_s=int(now.timestamp()),
        expires_at_s=int(session.expires_at.timestamp()),
        secret=base64.b64decode(session.secret),
        profile_id=profile.acl.profile_id,
        profile_revision=profile.acl.revision,
        suite=SUITE_AES_256_GCM,
        caps=CAPS,
        targets=tuple(target.for_ticket() for target in targets),
    )
    nonce = secrets.token_bytes(NONCE_LENGTH)
    sealed = seal_ticket(ticket, live.key.key, live.key.key_id, live.node.relay_id, nonce)
    return contract.SessionGrant(
        session_id=session.id,
        game=session.game,
        cid=session.cid,
        relay=contract.RelayEndpoint(
            node_id=live.node.id,
            name=live.node.name,
            country=live.node.country,
            host=live.node.host,
            port=live.node.port,
            relay_id=live.node.relay_id,
            mask_key=live.mask_key,
        ),
        ticket=base64.b64encode(sealed).decode(),
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
    )


def approved_targets(session: Session) -> list[Target]:
    """The session's own destinations beside the profile's."""
    return [read_target(text) for text in session.approved.split()]


def record_of(session: Session, now: datetime) -> contract.SessionRecord:
    ended_at = session.ended_at
    if ended_at is None and session.expires_at <= now:
        ended_at = session.expires_at
    state = "active" if ended_at is None else "ended"
    seconds = (
        session.seconds if session.measured_at is not None else ((ended_at or now) - session.started_at).total_seconds()
    )
    return contract.SessionRecord(
        session_id=session.id,
        game=session.game,
        node_id=session.node_id,
        node_name=session.node.name,
        target=session.target,
        state=state,
        started_at=timestamp(session.started_at),
        ended_at=None if ended_at is None else timestamp(ended_at),
        seconds=round(seconds, 1),
        packets_up=session.packets_up,
        packets_down=session.packets_down,
        bytes_up=session.bytes_up,
        bytes_down=session.bytes_down,
        rtt_ms_p50=session.rtt_ms_p50,
        loss_up_percent=session.loss_up_percent,
        loss_down_percent=session.loss_down_percent,
    )
