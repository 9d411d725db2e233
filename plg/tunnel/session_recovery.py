"""Another session in place of one that is lost, or that is less than it could be: when it is looked for, and when it is let be."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from plg.api.errors import ApiError, NotSignedIn, ServerRefused
from plg.contract.sessions import RelayEndpoint, RelayMeasurement, SessionGrant
from plg.protocol.client_session import SessionState
from plg.tunnel.clock import Clock
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.grants import BadGrant
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.session_figures import SessionFigures
from plg.tunnel.session_opening import RelaysUnreachable
from plg.tunnel.ticket_desk import FATAL
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

RECOVER_FIRST_S: Final = 1.0
RECOVER_MAX_S: Final = 15.0
RESUME_TRIES: Final = 3
"""Implementation. How often a relay that answers pings again is left to resume the old session before a new one is started."""
HOME_AFTER_S: Final = 120.0
"""Specification (multipath, egress switch): after a switch another exit is chosen only when flows were idle for so long."""
LOOK_HOME_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class RelayPlan:
    """The relays as they are now: our measurements, and the order of exits that they came to."""

    measurements: Sequence[RelayMeasurement]
    exit_ids: Sequence[str] = ()


Replan = Callable[[], Awaitable[RelayPlan]]
"""Lists and measures the relays anew. Raises ApiError."""


class RunningSession(Protocol):
    """What recovery sees of the keeper."""

    lost: bool
    on_standby: bool
    link: RelayLink | None
    relay: RelayEndpoint | None
    grant: SessionGrant | None
    figures: SessionFigures | None

    async def connect(self, measurements: Sequence[RelayMeasurement], exit_ids: Sequence[str] = ()) -> None:
        """Start a session and take it for the one in use. Raises as SessionOpening.open."""

    async def end_on_server(self, grant: SessionGrant, figures: SessionFigures | None, reason: str) -> None:
        """Tell the server that a session is over."""


class SessionRecovery:
    """Use: `run()` until cancelled; `wake()` when the session is lost."""

    def __init__(
        self, session: RunningSession, engine: TunnelEngine, replan: Replan, clock: Clock, notify: Notify
    ) -> None:
        self._session = session
        self._engine = engine
        self._replan = replan
        self._clock = clock
        self._notify = notify
        self._trouble = asyncio.Event()

    def wake(self) -> None:
        """The session is lost."""
        self._trouble.set()

    async def run(self) -> None:
        """Until cancelled. Raises NotSignedIn, or ServerRefused when the server ends it for good."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recover_for_ever())
            tasks.create_task(self._look_home_for_ever())

    async def _recover_for_ever(self) -> None:
        while True:
            await self._trouble.wait()
            self._trouble.clear()
            pause_s = RECOVER_FIRST_S
            patience = RESUME_TRIES
            while True:
                await asyncio.sleep(pause_s)
                if await self._try_another_way(patient=patience > 0):
                    break
                patience -= 1
                pause_s = min(pause_s * 2, RECOVER_MAX_S)

    async def _look_home_for_ever(self) -> None:
        """After a switch: a session as good as the first one, exit, transits and standby, once nobody plays."""
        while True:
            await asyncio.sleep(LOOK_HOME_EVERY_S)
            used_at_s = self._engine.routes.relayed_at_s()
            is_idle = used_at_s is None or self._clock.time() - used_at_s >= HOME_AFTER_S
            if self._session.on_standby and not self._session.lost and is_idle:
                await self._begin_anew("exit_lost")

    async def _try_another_way(self, *, patient: bool) -> bool:
        """One try; True when a relay carries again.

        The old link goes on saying HELLO meanwhile, so that a relay that comes back is found at once.
        """
        if not self._session.lost:
            return True
        old_link = self._session.link
        if old_link is not None and old_link.is_healthy:
            self._session.lost = False
            return True
        lost_node = self._session.relay.node_id if self._session.relay is not None else ""
        try:
            plan = await self._replan()
        except NotSignedIn:
            raise
        except ApiError:
            return False
        answering = [entry.node_id for entry in plan.measurements if entry.rtt_ms is not None]
        if not answering:
            return False  # nothing answers: the fault is near us, and changing relays would not mend it
        still_trying = old_link is not None and old_link.session.state is SessionState.RECONNECTING
        if patient and still_trying and lost_node in answering:
            return False  # the relay is back: the old session resumes by itself, with the same address
        return await self._begin_anew("relay_lost", plan)

    async def _begin_anew(self, why: str, plan: RelayPlan | None = None) -> bool:
        """A new session in place of the one that is. Raises when the server ends it for good; False when it did not work now."""
        old, old_figures = self._session.grant, self._session.figures
        try:
            plan = plan or await self._replan()
            await self._session.connect(plan.measurements, plan.exit_ids)
        except NotSignedIn:
            raise
        except ServerRefused as refusal:
            if refusal.code in FATAL:
                raise
            return False
        except (ApiError, BadGrant, RelaysUnreachable):
            return False
        if old is not None:
            await self._session.end_on_server(old, old_figures, why)
        if self._session.grant is not None:
            self._notify(TunnelEvent(Happening.RELAY_CHANGED, {"name": self._session.grant.relay.name}))
        return True
