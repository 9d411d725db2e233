"""What players measured through each relay, from the sessions in the database: for operators who have no metrics system."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from plg_server.models.sessions import Session

LOOKED_AT = timedelta(days=7)
"""Long enough for a small service to have players on each day, short enough to speak of the network as it is."""

MAX_SESSIONS = 5000
"""Newest first: one bounded query, whatever the size of the table."""


@dataclass(frozen=True)
class RelayDelay:
    """Round trips of sessions to the game and back through a relay, in ms. `sessions` is how many of them were measured."""

    sessions: int
    p50_ms: float
    p95_ms: float


async def relay_delays(now: datetime) -> dict[str, RelayDelay]:
    """By node id; relays whose sessions measured nothing in the last seven days are left out."""
    rows = (
        await Session.filter(started_at__gt=now - LOOKED_AT, rtt_ms_p50__not_isnull=True)
        .order_by("-started_at")
        .limit(MAX_SESSIONS)
        .values_list("node_id", "rtt_ms_p50", "measured_total_ms")
    )
    by_node: dict[str, list[float]] = {}
    for node_id, rtt_ms, total_ms in rows:
        # The whole way as it was measured end to end counts, where the game could be measured.
        by_node.setdefault(str(node_id), []).append(float(rtt_ms if total_ms is None else total_ms))
    return {
        node_id: RelayDelay(sessions=len(values), p50_ms=percentile(values, 50), p95_ms=percentile(values, 95))
        for node_id, values in by_node.items()
    }


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
