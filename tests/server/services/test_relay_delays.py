"""What sessions measured through each relay."""

from datetime import timedelta

import pytest

from plg_server.database import Database
from plg_server.ids import utc_now
from plg_server.services.relay_delays import percentile, relay_delays
from support.operator_rows import account_row, node_row, session_row


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([5.0], 95, 5.0),
        ([1.0, 2.0], 50, 1.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
    ],
)
def test_percentiles_are_by_nearest_rank(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected


async def test_only_measured_sessions_of_the_last_week_count_and_the_whole_way_before_the_first_leg(
    database: Database,
) -> None:
    now = utc_now()
    with database.active():
        account, node, silent = (
            await account_row("a@example.org", now),
            await node_row("a", 1, now),
            await node_row("b", 2, now),
        )
        await session_row(account, node, now, rtt_ms_p50=10.0)
        await session_row(account, node, now, rtt_ms_p50=10.0, measured_total_ms=80.0)
        await session_row(account, node, now)
        await session_row(account, node, now - timedelta(days=8), rtt_ms_p50=500.0)
        await session_row(account, silent, now)
        found = await relay_delays(now)
    assert found.keys() == {node.id}
    assert (found[node.id].sessions, found[node.id].p50_ms, found[node.id].p95_ms) == (2, 10.0, 80.0)
