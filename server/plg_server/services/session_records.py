"""How a session is shown afterwards, what its client measured, and what the server learns from that."""

from datetime import datetime

import msgspec

from plg.contract import sessions as contract
from plg_server.ids import new_id, timestamp
from plg_server.models.sessions import LegFinding, Session
from plg_server.services.destination_rules import read_target
from plg_server.services.game_catalog import GameProfile
from plg_server.services.relay_state import host_target
from plg_server.services.session_grants import CAPS, approved_targets

MAX_BYTES_PER_PACKET = 2700
"""The largest game payload that the tunnel carries; a client that claims more is wrong."""

GRACE_S = 60.0
"""A client's clock and ours may differ; its session cannot have lasted longer than ours by more."""

MAX_LEG_MS = 2000.0
"""A longer way from relay to game was not measured but imagined."""

NEGATIVE_LEG_MS = 5.0
"""The player's leg and the whole way are measured at different times: so much below nothing is still nothing."""


async def take_metrics(session: Session, request: contract.StopSessionRequest, now: datetime) -> bool:
    """Store what the client measured, cut to what caps and time allow; True for the one call that was first."""
    seconds = min(request.seconds, (now - session.started_at).total_seconds() + GRACE_S)
    most_packets = int((seconds + GRACE_S) * 2 * CAPS.packets_per_second)
    up, down = min(request.packets_up, most_packets), min(request.packets_down, most_packets)
    first = request.paths[0] if request.paths else None
    won = await Session.filter(id=session.id, measured_at=None).update(
        measured_at=now,
        seconds=seconds,
        packets_up=up,
        packets_down=down,
        bytes_up=min(request.bytes_up, up * MAX_BYTES_PER_PACKET),
        bytes_down=min(request.bytes_down, down * MAX_BYTES_PER_PACKET),
        leaked=min(request.leaked, most_packets),
        rtt_ms_p50=first.rtt_ms_p50 if first is not None else None,
        loss_up_percent=first.loss_up_percent if first is not None else None,
        loss_down_percent=first.loss_down_percent if first is not None else None,
        paths=msgspec.json.encode(request.paths).decode(),
        mode=request.mode or session.mode,
        measured_total_ms=request.measured_total_ms,
        direct_ms=request.direct_ms,
        saved_up=min(request.saved_up, most_packets),
        saved_down=min(request.saved_down, most_packets),
        exit_switches=request.exit_switches,
    )
    return bool(won)


async def learn(
    session: Session, request: contract.StopSessionRequest, profile: GameProfile | None, now: datetime
) -> bool:
    """Keep what this session tells about its exit's way to the game; True when it tells something.

    Only an end-to-end figure of a session that stayed on its exit, to the place whose leg was predicted.
    """
    if profile is None or session.leg_ms is None or request.measured_total_ms is None or request.exit_switches:
        return False
    player_ms = next((entry.rtt_ms_p50 for entry in request.paths if entry.path == 0), None)
    if player_ms is None or _place(session, request, profile) != session.leg_place:
        return False
    leg_ms = request.measured_total_ms - player_ms
    if not -NEGATIVE_LEG_MS <= leg_ms <= MAX_LEG_MS:
        return False
    await LegFinding.create(
        id=new_id(),
        node_id=session.node_id,
        account_id=session.account_id,
        place=session.leg_place,
        measured_leg_ms=max(0.0, leg_ms),
        counted_leg_ms=session.leg_ms,
        found_at=now,
    )
    return True


def _place(session: Session, request: contract.StopSessionRequest, profile: GameProfile) -> str | None:
    """Where the measured way ended, in the words of `Destination.place_of`; None when that is not known."""
    regions = profile.detail.regions
    if request.measured_target is None:
        # A named server, or a game with one region: there is only one place it can have been.
        return session.leg_place if session.target is not None or len(regions) == 1 else None
    try:
        target = read_target(request.measured_target)
    except ValueError:
        return None
    region = profile.region_of(target.address)
    if region is not None:
        return f"{profile.slug} {region.code}"
    if target in approved_targets(session):
        return f"{profile.slug} {host_target(target.address).target_id}"
    return f"{profile.slug} {regions[0].code}" if len(regions) == 1 else None


def record_of(session: Session, now: datetime) -> contract.SessionRecord:
    """One row of the player's history."""
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
        mode=session.mode,
        predicted_total_ms=session.predicted_total_ms,
        measured_total_ms=session.measured_total_ms,
        direct_ms=session.direct_ms,
        saved_up=session.saved_up,
        saved_down=session.saved_down,
        exit_switches=session.exit_switches,
    )
