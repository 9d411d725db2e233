"""Tickets of the session that runs: renewed before they end, and extended by one more destination. The server may be away for hours."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from plg.api.errors import ApiError, ServerRefused
from plg.capture.packet_source import FlowKey
from plg.contract.problem import ErrorCode
from plg.contract.sessions import ApproveTargetRequest, SessionGrant
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.grants import BadGrant, HostPort, access_list, ticket_for
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.session_opening import SessionServer
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

RENEW_RETRY_FIRST_S: Final = 5.0
RENEW_RETRY_MAX_S: Final = 120.0
TICKET_ACCEPTED_S: Final = 3.0
"""Implementation. The session repeats a new ticket with every ping, so that it takes three lost pings in a row to miss this."""

FATAL: Final = frozenset(
    {ErrorCode.SUBSCRIPTION_NEEDED, ErrorCode.ACCOUNT_BANNED, ErrorCode.FORBIDDEN, ErrorCode.GAME_NOT_SUPPORTED}
)
"""Refusals that no other relay and no waiting mends."""

Current = Callable[[], tuple[SessionGrant, RelayLink] | None]
"""The session that runs and its link; None while there is none that carries."""
Taken = Callable[[SessionGrant], Awaitable[None]]
"""A newer grant counts from now on."""


class TicketDesk:
    """One for a tunnel's life; `current` tells which session is meant at each moment."""

    def __init__(
        self, server: SessionServer, engine: TunnelEngine, current: Current, taken: Taken, notify: Notify
    ) -> None:
        self._server = server
        self._engine = engine
        self._current = current
        self._taken = taken
        self._notify = notify
        self._turn = asyncio.Lock()
        self._accepted = asyncio.Event()

    def accepted(self) -> None:
        """The exit says that it took the newer ticket."""
        self._accepted.set()

    async def bring(self, fresh: SessionGrant) -> None:
        """Hand a newer ticket of the running session to its exit and wait until it took it. Raises BadGrant, TimeoutError."""
        async with self._turn:
            allowed = access_list(fresh)
            current = self._current()
            if current is None or current[0].session_id != fresh.session_id:
                raise BadGrant("the server renewed another session")
            link = current[1]
            ticket = ticket_for(fresh, link.session.cid)
            self._accepted.clear()
            link.renew_ticket(ticket)
            async with asyncio.timeout(TICKET_ACCEPTED_S):
                await self._accepted.wait()
            self._engine.routes.allow(allowed)
            await self._taken(fresh)

    async def renew_for_ever(self) -> None:
        """Until cancelled, or until there is no session at all."""
        retry_s = 0.0
        while True:
            before = self._current()
            if before is None:
                await asyncio.sleep(1.0)
                continue
            grant = before[0]
            await asyncio.sleep(retry_s or max(1.0, grant.renew_after_s))
            now_there = self._current()
            if now_there is None or now_there[0].session_id != grant.session_id:
                retry_s = 0.0
                continue
            try:
                fresh = await self._server.renew_session(grant.session_id)
                await self.bring(fresh)
            except ServerRefused as refusal:
                if refusal.code in {ErrorCode.SESSION_ENDED, ErrorCode.SESSION_NOT_FOUND} | FATAL:
                    self._notify(TunnelEvent(Happening.RENEWAL_REFUSED, {"reason": str(refusal.detail)}))
                    retry_s = RENEW_RETRY_MAX_S
                    continue
                retry_s = self._failed(refusal, retry_s)
            except (ApiError, BadGrant, TimeoutError) as error:
                retry_s = self._failed(error, retry_s)
            else:
                self._notify(TunnelEvent(Happening.TICKET_RENEWED, {"expires_at": fresh.expires_at}))
                retry_s = 0.0

    def _failed(self, error: Exception, retry_s: float) -> float:
        if not retry_s:
            self._notify(TunnelEvent(Happening.RENEWAL_DELAYED, {"reason": str(error)}))
        return min(max(RENEW_RETRY_FIRST_S, retry_s * 2), RENEW_RETRY_MAX_S) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads clients

    async def approve(self, key: FlowKey) -> None:
        """Ask the server for one more destination; answered through the engine."""
        current = self._current()
        target = str(HostPort(key.remote_address, key.remote_port))
        if current is None:
            self._engine.not_approved(key, refused=False)
            return
        try:
            fresh = await self._server.approve_target(current[0].session_id, ApproveTargetRequest(target=target))
            await self.bring(fresh)
        except ServerRefused as refusal:
            self._engine.not_approved(key, refused=True)
            self._notify(TunnelEvent(Happening.TARGET_REFUSED, {"target": target, "reason": refusal.detail}))
        except (ApiError, BadGrant, TimeoutError) as error:
            self._engine.not_approved(key, refused=False)
            self._notify(TunnelEvent(Happening.TARGET_REFUSED, {"target": target, "reason": str(error)}))
        else:
            self._engine.approved(key)
            self._notify(TunnelEvent(Happening.TARGET_APPROVED, {"target": target}))
