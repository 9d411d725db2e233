"""Relays that fall silent are marked, and sessions whose relay is dead are closed.

A relay that the server does not hear may still carry its players: the fault may lie between server and relay, or with the server.
So nothing is closed before an hour has passed, nor while no relay at all is heard, nor right after nobody looked for a while.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from tortoise.transactions import in_transaction

from plg_server.ids import new_id, utc_now
from plg_server.models.leases import NodeSilence
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session, SessionRelay
from plg_server.services.leases import Leases
from plg_server.services.relay_days import Look, RelayDays
from plg_server.services.relay_state import RelayStates
from plg_server.services.session_ends import Revocations, end_live
from plg_server.services.session_relays import STANDBY

NAME = "check_nodes"

EVERY = timedelta(seconds=30)
"""Two lives of a heartbeat: a relay that restarts is back before anybody looks."""

DEAD_AFTER = timedelta(hours=1)
"""Longer than a match. A client whose relay is really gone has started another session long before."""

ABSENCE = timedelta(minutes=5)
"""When nobody looked for so long the silence is counted anew: relays may have come back and gone in between."""

BATCH = 200
"""Sessions that are closed in one transaction."""


class NodeChecks:
    """`tick` is the work of one round; it needs an active database. Raises StoreUnavailable: then nobody's silence is known."""

    def __init__(
        self,
        states: RelayStates,
        revocations: Revocations,
        leases: Leases,
        clock: Callable[[], datetime] = utc_now,
        days: RelayDays | None = None,
    ) -> None:
        """`days`: where the status page's history is written."""
        self._states = states
        self._revocations = revocations
        self._leases = leases
        self._clock = clock
        self._days = days or RelayDays()

    async def tick(self) -> Mapping[str, int]:
        """How many relays are heard and silent, and how many sessions were closed."""
        now = self._clock()
        nodes = await Node.filter(disabled_at=None).order_by("id")
        states = {node.id: state for node in nodes if (state := await self._states.get(node.id)) is not None}
        heard = set(states)
        silent = [node for node in nodes if node.id not in heard]
        await self._mark(nodes, heard, now)
        looks = [Look(node.id, node.id in heard, states[node.id].sessions if node.id in heard else 0) for node in nodes]
        await self._days.note(looks, now)
        closed = 0
        if heard:  # when nobody is heard the fault is ours
            dead = NodeSilence.filter(node_id__in=[node.id for node in silent], since__lte=now - DEAD_AFTER)
            for silence in await dead.filter(closed_at=None):
                closed += await self._close(silence.node_id, heard, now)
                await NodeSilence.filter(id=silence.id).update(closed_at=now)
        return {"heard": len(heard), "silent": len(silent), "sessions_closed": closed}

    async def _mark(self, nodes: list[Node], heard: set[str], now: datetime) -> None:
        last = await self._leases.last(NAME)
        if last is None or last.succeeded_at is None or now - last.succeeded_at > ABSENCE:
            await NodeSilence.filter(closed_at=None).update(since=now)
        marked = {row.node_id: row for row in await NodeSilence.all()}
        log = structlog.get_logger()
        for node in nodes:
            silence = marked.get(node.id)
            if node.id in heard and silence is not None:
                await NodeSilence.filter(id=silence.id).delete()
                log.info("relay_heard_again", node=node.id, name=node.name, silent_since=silence.since.isoformat())
            elif node.id not in heard and silence is None:
                await NodeSilence.bulk_create(
                    [NodeSilence(id=new_id(), node_id=node.id, since=now)], ignore_conflicts=True
                )
                log.warning("relay_silent", node=node.id, name=node.name)
        # Relays that an operator took out of service are not missed.
        known = {node.id for node in nodes}
        await NodeSilence.filter(id__in=[row.id for row in marked.values() if row.node_id not in known]).delete()

    async def _close(self, node_id: str, heard: set[str], now: datetime) -> int:
        """Close its live sessions, except those whose standby exit lives: that may be carrying the match."""
        closed = 0
        last_id = ""
        while True:
            page = Session.filter(node_id=node_id, ended_at=None, expires_at__gt=now, id__gt=last_id)
            ids = [str(one) for one in await page.order_by("id").limit(BATCH).values_list("id", flat=True)]
            if not ids:
                return closed
            last_id = ids[-1]
            standbys = SessionRelay.filter(session_id__in=ids, role=STANDBY, removed_at=None, node_id__in=heard)
            carried = {row.session_id for row in await standbys}
            async with in_transaction():
                ended = await end_live("relay_silent", now, ids=[one for one in ids if one not in carried])
            await self._revocations.push(ended)
            closed += len(ended)
