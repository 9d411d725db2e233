"""A session's grant and record with plausible values."""

from plg.contract.games import AddressChange
from plg.contract.sessions import RelayEndpoint, SessionCaps, SessionGrant, SessionRecord


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
