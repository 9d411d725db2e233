"""Keeps a session alive for as long as the player plays: starts it, renews its ticket, finds another relay when one is lost.

The server is needed only at the start and then now and again: while it is away nothing changes for the game until the ticket ends
(hours). Whenever no relay carries, the engine has been told to send everything straight to the game.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from plg.api.errors import ApiError, NotSignedIn, ServerRefused
from plg.capture.packet_source import FlowKey
from plg.contract.problem import ErrorCode
from plg.contract.sessions import ApproveTargetRequest, RelayMeasurement, SessionGrant, StopSessionRequest
from plg.protocol.client_session import SessionState
from plg.protocol.errors import CloseReason
from plg.protocol.events import (
    ClientEvent,
    Established,
    HandshakeRefused,
    RelayDraining,
    RelayLost,
    RelaySilent,
    SessionClosed,
    TicketRenewed,
)
from plg.tunnel.clock import Clock
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.flow_routes import Why
from plg.tunnel.grants import BadGrant, HostPort, access_list, client_grant
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.relay_survey import RelaySurvey
from plg.tunnel.session_figures import PERIOD_S, SessionFigures
from plg.tunnel.session_opening import OpenSession, RelaysUnreachable, SessionOpening, SessionServer
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

RENEW_RETRY_FIRST_S: Final = 5.0
RENEW_RETRY_MAX_S: Final = 120.0
RECOVER_FIRST_S: Final = 1.0
RECOVER_MAX_S: Final = 15.0
RESUME_TRIES: Final = 3
"""Implementation. How often a relay that answers pings again is left to resume the old session before a new one is started."""
TICKET_ACCEPTED_S: Final = 3.0
"""Implementation. The session repeats a new ticket with every ping, so that it takes three lost pings in a row to miss this."""
CLOSE_TIMEOUT_S: Final = 0.5

_FATAL: Final = frozenset(
    {ErrorCode.SUBSCRIPTION_NEEDED, ErrorCode.ACCOUNT_BANNED, ErrorCode.FORBIDDEN, ErrorCode.GAME_NOT_SUPPORTED}
)
"""Refusals that no other relay and no waiting mends."""


Survey = Callable[[], Awaitable[RelaySurvey]]
"""Lists and measures the relays anew. Raises ApiError."""


class SessionKeeper:
    """One tunnel's session over its life; relays and grants may change, the game's profile and target do not.

    Use: `connect()` once, then `keep()` until cancelled, then `finish()`.
    """

    def __init__(
        self,
        server: SessionServer,
        opening: SessionOpening,
        engine: TunnelEngine,
        survey: Survey,
        clock: Clock,
        notify: Notify,
    ) -> None:
        self._server = server
        self._opening = opening
        self._engine = engine
        self._survey = survey
        self._clock = clock
        self._notify = notify
        self._tasks: asyncio.TaskGroup | None = None
        self._trouble = asyncio.Event()
        self._ticket_turn = asyncio.Lock()
        self._ticket_accepted = asyncio.Event()
        self._lost = False
        self._figures: SessionFigures | None = None
        self.grant: SessionGrant | None = None
        self.link: RelayLink | None = None

    async def connect(self, measurements: Sequence[RelayMeasurement]) -> None:
        """Start a session and shake hands. Raises as SessionOpening.open; on success payloads may be sent."""
        self._adopt(await self._opening.open(measurements))

    def _adopt(self, opened: OpenSession) -> None:
        """From now on this is the session in use."""
        if self.link is not None:
            self.link.close(CloseReason.REPLACED)
        link = opened.link
        self.link, self.grant, self._lost = link, opened.grant, False
        self._figures = SessionFigures(self._engine.counters, self._engine.leaked, self._clock.time())
        self._engine.routes.allow(opened.allowed)
        self._engine.use(link)
        link.on_event = lambda event: self._handle_event(link, event)
        for event in opened.early:
            self._handle_event(link, event)

    # --- events of the link ------------------------------------------------------------------------------------------

    def _handle_event(self, link: RelayLink, event: ClientEvent) -> None:
        if link is not self.link:
            return
        self._engine.handle_event(link, event)
        match event:
            case RelaySilent():
                self._notify(TunnelEvent(Happening.RELAY_SILENT))
            case RelayLost():
                self._lose("silent")
            case Established():
                self._lost = False
                self._notify(TunnelEvent(Happening.RELAY_BACK, {"resumed": int(event.resumed)}))
            case HandshakeRefused(status):
                self._lose(status.name.lower())
            case SessionClosed(reason):
                self._lose(f"closed: {_close_name(reason)}")
            case RelayDraining(seconds):
                self._notify(TunnelEvent(Happening.RELAY_DRAINING, {"seconds": seconds}))
            case TicketRenewed():
                self._ticket_accepted.set()

    def _lose(self, reason: str) -> None:
        """The relay carries no more: the game's packets go direct, and another way is looked for."""
        self._lost = True
        moved = len(self._engine.routes.live(self._clock.time()))
        self._engine.routes.send_all_direct(Why.RELAY_LOST)
        name = self.grant.relay.name if self.grant is not None else ""
        self._notify(TunnelEvent(Happening.RELAY_LOST, {"name": name, "reason": reason, "live_flows": moved}))
        self._trouble.set()

    # --- as long as it runs ------------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Renew, approve and recover until cancelled. Raises ApiError when the server ends it for good."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._renew_for_ever())
            tasks.create_task(self._recover_for_ever())
            tasks.create_task(self._measure_for_ever())

    async def _measure_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            if self.link is not None and self._figures is not None:
                self._figures.add(self.link.session.numbers(self._clock.time()))

    async def _renew_for_ever(self) -> None:
        retry_s = 0.0
        while True:
            grant = self.grant
            if grant is None:
                return
            await asyncio.sleep(retry_s or max(1.0, grant.renew_after_s))
            if self._lost or self.grant is None or self.grant.session_id != grant.session_id:
                retry_s = 0.0
                continue
            try:
                fresh = await self._server.renew_session(grant.session_id)
                await self._bring_ticket(fresh)
            except ServerRefused as refusal:
                if refusal.code in {ErrorCode.SESSION_ENDED, ErrorCode.SESSION_NOT_FOUND} | _FATAL:
                    self._notify(TunnelEvent(Happening.RENEWAL_REFUSED, {"reason": str(refusal.detail)}))
                    retry_s = RENEW_RETRY_MAX_S
                    continue
                retry_s = self._renewal_failed(refusal, retry_s)
            except (ApiError, BadGrant, TimeoutError) as error:
                retry_s = self._renewal_failed(error, retry_s)
            else:
                self._notify(TunnelEvent(Happening.TICKET_RENEWED, {"expires_at": fresh.expires_at}))
                retry_s = 0.0

    def _renewal_failed(self, error: Exception, retry_s: float) -> float:
        if not retry_s:
            self._notify(TunnelEvent(Happening.RENEWAL_DELAYED, {"reason": str(error)}))
        return min(max(RENEW_RETRY_FIRST_S, retry_s * 2), RENEW_RETRY_MAX_S) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads clients

    async def _bring_ticket(self, fresh: SessionGrant) -> None:
        """Hand a newer ticket of the same session to the relay and wait until it took it. Raises BadGrant, TimeoutError."""
        async with self._ticket_turn:
            secrets, allowed = client_grant(fresh), access_list(fresh)
            link = self.link
            if link is None or secrets.cid != link.session.cid:
                raise BadGrant("the server renewed another session")
            self._ticket_accepted.clear()
            link.renew_ticket(secrets.ticket)
            async with asyncio.timeout(TICKET_ACCEPTED_S):
                await self._ticket_accepted.wait()
            self.grant = fresh
            self._engine.routes.allow(allowed)

    # --- one more destination ----------------------------------------------------------------------------------------

    def ask_approval(self, key: FlowKey) -> None:
        """The engine's request for a destination; answered through the engine."""
        if self._tasks is None:
            self._engine.not_approved(key, refused=False)
        else:
            self._tasks.create_task(self._approve(key))

    async def _approve(self, key: FlowKey) -> None:
        grant = self.grant
        target = str(HostPort(key.remote_address, key.remote_port))
        if grant is None or self._lost:
            self._engine.not_approved(key, refused=False)
            return
        try:
            fresh = await self._server.approve_target(grant.session_id, ApproveTargetRequest(target=target))
            await self._bring_ticket(fresh)
        except ServerRefused as refusal:
            self._engine.not_approved(key, refused=True)
            self._notify(TunnelEvent(Happening.TARGET_REFUSED, {"target": target, "reason": refusal.detail}))
        except (ApiError, BadGrant, TimeoutError) as error:
            self._engine.not_approved(key, refused=False)
            self._notify(TunnelEvent(Happening.TARGET_REFUSED, {"target": target, "reason": str(error)}))
        else:
            self._engine.approved(key)
            self._notify(TunnelEvent(Happening.TARGET_APPROVED, {"target": target}))

    # --- another relay -----------------------------------------------------------------------------------------------

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

    async def _try_another_way(self, *, patient: bool) -> bool:
        """One try; True when a relay carries again.

        The old link goes on saying HELLO meanwhile, so that a relay that comes back is found at once.
        """
        if not self._lost:
            return True
        old, old_figures, old_link = self.grant, self._figures, self.link
        lost_node = old.relay.node_id if old is not None else ""
        try:
            measurements = (await self._survey()).measurements()
            answering = [entry.node_id for entry in measurements if entry.rtt_ms is not None]
            if not answering:
                return False  # nothing answers: the fault is near us, and changing relays would not mend it
            still_trying = old_link is not None and old_link.session.state is SessionState.RECONNECTING
            if patient and still_trying and lost_node in answering:
                return False  # the relay is back: the old session resumes by itself, with the same address
            await self.connect(measurements)
        except NotSignedIn:
            raise
        except ServerRefused as refusal:
            if refusal.code in _FATAL:
                raise
            return False
        except (ApiError, BadGrant, RelaysUnreachable):
            return False
        if old is not None:
            await self._end_on_server(old, old_figures, "relay_lost")
        if self.grant is not None:
            self._notify(TunnelEvent(Happening.RELAY_CHANGED, {"name": self.grant.relay.name}))
        return True

    # --- the end -----------------------------------------------------------------------------------------------------

    async def finish(self, reason: str) -> None:
        """CLOSE to the relay, metrics to the server; never raises, and takes at most STOP_TIMEOUT_S."""
        self._tasks = None
        link, grant = self.link, self.grant
        if link is not None:
            if self._figures is not None:
                self._figures.add(link.session.numbers(self._clock.time()))
            closed = asyncio.Event()
            link.close(on_closed=closed.set)
            with suppress(TimeoutError):  # then the process closes the socket and the relay notices the silence
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await closed.wait()
        if grant is not None:
            await self._end_on_server(grant, self._figures, reason)

    async def _end_on_server(self, grant: SessionGrant, figures: SessionFigures | None, reason: str) -> None:
        if figures is None:
            await self._opening.stop(grant, StopSessionRequest(reason=reason))
        else:
            await self._opening.stop(grant, figures.summary(reason, self._engine.leaked, self._clock.time()))


def _close_name(reason: int) -> str:
    try:
        return CloseReason(reason).name.lower()
    except ValueError:
        return str(reason)
