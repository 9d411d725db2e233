"""From the server's word to an established session: ask for a grant, shake hands with its relay, try the next one when that fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from plg.api.errors import ApiError
from plg.contract.sessions import (
    ApproveTargetRequest,
    RelayMeasurement,
    SessionGrant,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
)
from plg.protocol.client_session import ClientSession
from plg.protocol.destination import AccessList
from plg.protocol.events import ClientEvent, Established, HandshakeRefused, HandshakeTimedOut, SessionClosed
from plg.protocol.session_core import Entropy
from plg.tunnel.clock import Clock
from plg.tunnel.grants import access_list, client_grant
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.relay_path import DatagramPath
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

MAX_RELAYS_TRIED: Final = 3
"""Implementation. Each costs up to 6 s of hand-shake; a player who has waited 18 s wants to hear the reason."""
STOP_TIMEOUT_S: Final = 2.0
"""Implementation. Leaving must not hang on a server that is away; it ends the session by itself when the ticket runs out."""


class SessionServer(Protocol):
    """What a tunnel needs of the server; `plg.api.server_client.ServerClient` has it. All raise ApiError."""

    async def start_session(self, request: StartSessionRequest) -> SessionGrant: ...

    async def renew_session(self, session_id: str) -> SessionGrant: ...

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant: ...

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord: ...


class RelaysUnreachable(Exception):
    """Relays were named, but none of them (`names`) shook hands; `reasons` says why for each."""

    def __init__(self, names: Sequence[str], reasons: Sequence[str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in zip(names, reasons, strict=True)))
        self.names = tuple(names)
        self.reasons = tuple(reasons)


OpenPath = Callable[[SessionGrant], Awaitable[DatagramPath]]
"""Makes the way to a grant's relay. Raises OSError or BadGrant."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """An established session. `early` are events that came before anybody took the link over."""

    grant: SessionGrant
    link: RelayLink
    allowed: AccessList
    early: tuple[ClientEvent, ...]


@dataclass(frozen=True, slots=True)
class _Failure:
    name: str
    reason: str


class SessionOpening:
    """Opens sessions for one game and target (`request`, whose measurements are filled in at each start)."""

    def __init__(
        self,
        server: SessionServer,
        request: StartSessionRequest,
        open_path: OpenPath,
        clock: Clock,
        entropy: Entropy,
        notify: Notify,
    ) -> None:
        self._server = server
        self._request = request
        self._open_path = open_path
        self._clock = clock
        self._entropy = entropy
        self._notify = notify

    async def open(self, measurements: Sequence[RelayMeasurement]) -> OpenSession:
        """Raises ApiError, BadGrant, or RelaysUnreachable when no relay that the server names answers."""
        failed: dict[str, _Failure] = {}
        for _ in range(MAX_RELAYS_TRIED):
            grant = await self._start(measurements, failed)
            relay = grant.relay
            detail = {"node_id": relay.node_id, "name": relay.name, "because": grant.chosen_because}
            self._notify(TunnelEvent(Happening.RELAY_CHOSEN, {**detail}))
            try:
                opened = await self._shake_hands(grant)
            except BaseException:  # also when the player has changed his mind meanwhile
                await self.stop(grant, StopSessionRequest(reason="not_connected"))
                raise
            if isinstance(opened, OpenSession):
                return opened
            again = relay.node_id in failed
            failed[relay.node_id] = _Failure(relay.name, opened)
            self._notify(TunnelEvent(Happening.RELAY_FAILED, {"name": relay.name, "reason": opened}))
            await self.stop(grant, StopSessionRequest(reason="relay_unreachable"))
            if again or self._request.node_id is not None:
                break
        raise RelaysUnreachable([fault.name for fault in failed.values()], [fault.reason for fault in failed.values()])

    async def stop(self, grant: SessionGrant, request: StopSessionRequest) -> None:
        """Tell the server that a session is over; gives up after STOP_TIMEOUT_S and never raises for the network."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._server.stop_session(grant.session_id, request)
        except (ApiError, TimeoutError):
            return  # the server is away: it ends the session itself when the ticket runs out

    async def _start(self, measurements: Sequence[RelayMeasurement], failed: dict[str, _Failure]) -> SessionGrant:
        """A relay that failed is told to the server as one that does not answer: it comes last there."""
        told = [entry for entry in measurements if entry.node_id not in failed]
        told += [RelayMeasurement(node_id=node_id, rtt_ms=None, loss_percent=100.0) for node_id in failed]
        wanted = self._request
        return await self._server.start_session(
            StartSessionRequest(
                game=wanted.game,
                target=wanted.target,
                node_id=wanted.node_id,
                measurements=told,
                client_version=wanted.client_version,
            )
        )

    async def _shake_hands(self, grant: SessionGrant) -> OpenSession | str:
        """Try one relay; the reason where it does not take us. Raises BadGrant."""
        granted_at_s = self._clock.time()
        secrets, allowed = client_grant(grant), access_list(grant)
        try:
            path = await self._open_path(grant)
        except OSError as error:
            return error.strerror or str(error)
        session = ClientSession(
            secrets, entropy=self._entropy, unix_ms_offset=grant.server_time_ms - granted_at_s * 1000
        )
        outcome: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        early: list[ClientEvent] = []

        def on_event(event: ClientEvent) -> None:
            if outcome.done():
                early.append(event)
            elif isinstance(event, Established):
                outcome.set_result(None)
            elif isinstance(event, HandshakeRefused):
                outcome.set_result(event.status.name.lower())
            elif isinstance(event, HandshakeTimedOut):
                outcome.set_result("no answer")
            elif isinstance(event, SessionClosed):
                outcome.set_result("closed")

        link = RelayLink(session, path, self._clock, on_event)
        try:
            link.start()
            reason = await outcome
        except BaseException:
            link.close()
            raise
        if reason is not None:
            link.close()
            return reason
        return OpenSession(grant, link, allowed, tuple(early))
