"""The public status page as data: relays now, ninety days of each, incidents. One copy a replica, made anew every few seconds."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from plg.contract import status_page as contract
from plg.contract.incidents import Incident
from plg_server.ids import timestamp, utc_now
from plg_server.models.nodes import Node
from plg_server.services.incidents import recent
from plg_server.services.relay_days import DaySums, history, last_days
from plg_server.services.relay_state import RelayState, RelayStates

FRESH_S = 5.0
"""A heartbeat: nothing here changes more often. So a flood of visitors costs one look in five seconds."""

KEPT_FOR = timedelta(minutes=10)
"""While database or store are away the last copy is shown for so long, with its time: that is when people look at this page."""

MAX_RELAYS = 500
"""Far more than a page can show."""


class StatusPages:
    """Makes and remembers the page. Needs an active database."""

    def __init__(
        self,
        states: RelayStates,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._states = states
        self._clock = clock
        self._monotonic = monotonic
        self._making = asyncio.Lock()
        self._copy: contract.StatusPage | None = None
        self._made_s = 0.0

    async def now(self) -> contract.StatusPage:
        """The page, at most FRESH_S old, or KEPT_FOR while it cannot be made anew.

        Raises what the database or the store raises when they are away and no copy is young enough.
        """
        async with self._making:  # many who come at once wait for one copy
            age_s = self._monotonic() - self._made_s
            if self._copy is not None and 0 <= age_s < FRESH_S:
                return self._copy
            try:
                self._copy = await self._made()
            except Exception:
                if self._copy is None or age_s >= KEPT_FOR.total_seconds():
                    raise
                return self._copy
            self._made_s = self._monotonic()
            return self._copy

    async def _made(self) -> contract.StatusPage:
        now = self._clock()
        nodes = await Node.filter(disabled_at=None, deleted_at=None).order_by("name", "id").limit(MAX_RELAYS)
        states = {node.id: await self._states.get(node.id) for node in nodes}
        sums = await history(now)
        days = last_days(now)
        relays = [_relay(node, states[node.id], sums.get(node.id, {}), days) for node in nodes]
        incidents = await recent(now)
        # A relay that was taken out of service since counts for the days on which it served.
        together = {day: [each[day] for each in sums.values() if day in each] for day in days}
        return contract.StatusPage(
            state=_condition(relays, incidents, timestamp(now)),
            made_at=timestamp(now),
            availability_percent=share(one for of_day in together.values() for one in of_day),
            days=[contract.StatusDay(day=day, availability_percent=share(together[day])) for day in days],
            relays=relays,
            incidents=incidents,
        )


def share(sums: Iterable[DaySums]) -> float | None:
    """Percent of the looked-at time in which something was heard, cut to three digits: 99.9996 is not 100. None: nobody looked."""
    looked_s = heard_s = 0
    for one in sums:
        looked_s += one.looked_s
        heard_s += one.heard_s
    return None if looked_s == 0 else 100_000 * heard_s // looked_s / 1000


def _relay(
    node: Node, state: RelayState | None, sums: Mapping[str, DaySums], days: Sequence[str]
) -> contract.StatusRelay:
    conditions: dict[str, contract.RelayCondition] = {"up": "up", "full": "full", "draining": "draining"}
    return contract.StatusRelay(
        id=node.id,
        name=node.name,
        country=node.country,
        city=node.city,
        state="silent" if state is None else conditions[state.state.value],
        on_line=state is not None,
        draining=state is not None and state.draining,
        load_percent=None if state is None else state.load_percent,
        web_ping_url=None if state is None else state.web_ping_url,
        availability_percent=share(sums.values()),
        days=[
            contract.StatusDay(day=day, availability_percent=share([sums[day]] if day in sums else [])) for day in days
        ],
    )


def _condition(
    relays: Sequence[contract.StatusRelay], incidents: Sequence[Incident], now: str
) -> contract.ServiceCondition:
    if not relays:
        return "no_relays"
    if not any(relay.on_line for relay in relays):
        return "down"
    hindered = any(
        incident.ended_at is None and incident.started_at <= now and incident.severity != "maintenance"
        for incident in incidents
    )
    return "degraded" if hindered or not all(relay.on_line for relay in relays) else "up"
