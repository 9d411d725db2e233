"""A session's grant and record with plausible values."""

from msgspec.structs import replace

from plg.contract.games import AddressChange
from plg.contract.nodes import NodeGameLeg
from plg.contract.sessions import (
    RelayEndpoint,
    SessionCaps,
    SessionGrant,
    SessionRecord,
    StandbyGrant,
    TransitGrant,
)


def transit_grant(path: int = 1) -> TransitGrant:
    return TransitGrant(
        path=path,
        relay=RelayEndpoint(node_id="ams1", name="Amsterdam 1", country="NL", host="192.0.2.20", port=443, relay_id=2),
        ticket="dHJhbnNpdA==",
        key="dHJhbnNpdGtleQ==",
        predicted_total_ms=33.0,
        chosen_because="33.0 ms through Amsterdam 1, 3.0 ms more than straight",
    )


def standby_grant() -> StandbyGrant:
    return StandbyGrant(
        cid="ff00112233445566",
        relay=RelayEndpoint(node_id="par1", name="Paris 1", country="FR", host="192.0.2.30", port=443, relay_id=3),
        ticket="c3RhbmRieQ==",
        key="c3RhbmRieWtleQ==",
        predicted_total_ms=36.0,
        chosen_because="the best other exit on another host: 36.0 ms",
    )


def multipath_grant() -> SessionGrant:
    """As `session_grant`, with one transit and a standby exit."""
    return replace(
        session_grant(),
        predicted_total_ms=30.0,
        mode="redundant",
        max_paths=2,
        transits=[transit_grant()],
        standby=standby_grant(),
        game_leg=NodeGameLeg(region="eu", rtt_ms=12.0, loss_percent=0.0, estimated=False),
    )


def session_grant() -> SessionGrant:
    return SessionGrant(
        session_id="s1",
        game="openarena",
        cid="00112233445566ff",
        relay=RelayEndpoint(node_id="fra1", name="Frankfurt 1", country="DE", host="192.0.2.10", port=443, relay_id=1),
        ticket="dGlja2V0",
        key="a2V5",
        suite=1,
        server_time_ms=1_795_000_000_000,
        expires_at="2026-11-22T12:00:00Z",
        renew_after_s=600,
        caps=SessionCaps(
            packets_per_second=1000, kbit_per_second_up=2000, kbit_per_second_down=4000, flows=16, local_ports=8
        ),
        destinations=[],
        targets=["192.0.2.1:27960"],
        address_change=AddressChange.BOUND,
        predicted_total_ms=None,
        chosen_because="the only relay",
    )


def session_record() -> SessionRecord:
    return SessionRecord(
        session_id="s1",
        game="openarena",
        node_id="fra1",
        node_name="Frankfurt 1",
        target=None,
        state="ended",
        started_at="2026-11-22T11:00:00Z",
        ended_at="2026-11-22T12:00:00Z",
        seconds=3600.0,
        packets_up=1,
        packets_down=2,
        bytes_up=3,
        bytes_down=4,
        rtt_ms_p50=None,
        loss_up_percent=None,
        loss_down_percent=None,
    )
