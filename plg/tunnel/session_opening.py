"""From the server's word to an established session: ask for a grant, shake hands with its relay, try the next one when that fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from plg.api.errors import ApiError
from plg.contract.sessions import (
    ApproveTargetRequest,
    RelayEndpoint,
    RelayMeasurement,
    ReplaceTransitsRequest,
    SessionGrant,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
)
from plg.protocol.client_session import ClientSession
from plg.protocol.destination import AccessList
from plg.protocol.events import ClientEvent, Established, HandshakeRefused, HandshakeTimedOut, SessionClosed
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.protocol.session_core import Entropy
from plg.tunnel.clock import Clock
from plg.tunnel.grants import access_list, client_grant
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.relay_path import DatagramPath
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

MAX_RELAYS_TRIED: Final = 3
"""Implementation. Each costs up to 6 s of hand-shake; a player who has waited 18 s wants to hear the reason."""
STOP_TIMEOUT_S: Final = 2.0
"""Implementation. Leaving must not hang on a server that is away; it ends the session by itself when the ticket runs out."""


DEFAULT_OVERHEAD: Final = 2.5
"""Implementation. Bytes sent per byte of one copy: two copies and their headers fit, a third does not."""
MAX_OVERHEAD: Final = 4.0
"""Implementation. No level of redundancy sends more than that."""


class SessionServer(Protocol):
    """What a tunnel needs of the server; `plg.api.server_client.ServerClient` has it. All raise ApiError."""

    async def start_session(self, request: StartSessionRequest) -> SessionGrant: ...

    async def renew_session(self, session_id: str) -> SessionGrant: ...

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant: ...

    async def replace_transits(self, session_id: str, request: ReplaceTransitsRequest) -> SessionGrant: ...

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord: ...


class RelaysUnreachable(Exception):
    """Relays were named, but none of them (`names`) shook hands; `reasons` says why for each."""

    def __init__(self, names: Sequence[str], reasons: Sequence[str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in zip(names, reasons, strict=True)))
        self.names = tuple(names)
        self.reasons = tuple(reasons)


OpenPath = Callable[[RelayEndpoint, LocalInterface | None], Awaitable[DatagramPath]]
"""Makes the way to a relay, from one of this machine's interfaces or (None) wherever the system's routes lead. Raises OSError or
BadGrant."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """An established session. `early` are events that came before anybody took the link over; `unix_ms_offset` + clock seconds
    * 1000 is the server's clock."""

    grant: SessionGrant
    unix_ms_offset: float
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
        *,
        max_overhead: float = DEFAULT_OVERHEAD,
        interfaces: tuple[LocalInterface, ...] = (),
    ) -> None:
        """`interfaces`: path 0 uses the first; none leaves it to the system's routes."""
        self._max_overhead = max_overhead
        self.interfaces = interfaces
        self.interface = interfaces[0] if interfaces else None
        self.entropy = entropy
        self.open_path = open_path
        self._server = server
        self._request = request
        self._clock = clock
        self._notify = notify

    async def open(self, measurements: Sequence[RelayMeasurement], exit_ids: Sequence[str] = ()) -> OpenSession:
        """`exit_ids` is the order of exits that our own check came to. Raises ApiError, BadGrant, or RelaysUnreachable when no relay
        that the server names answers."""
        failed: dict[str, _Failure] = {}
        for _ in range(MAX_RELAYS_TRIED):
            grant = await self._start(measurements, exit_ids, failed)
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

    def redundancy_of(self, grant: SessionGrant) -> Redundancy:
        """How a granted session uses its paths: the server has the last word on the mode, the player on the bytes."""
        return Redundancy(RedundancyMode(grant.mode), self._max_overhead)

    async def stop(self, grant: SessionGrant, request: StopSessionRequest) -> None:
        """Tell the server that a session is over; gives up after STOP_TIMEOUT_S and never raises for the network."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._server.stop_session(grant.session_id, request)
        except (ApiError, TimeoutError):
            return  # the server is away: it ends the session itself when the ticket runs out

    async def _start(
        self, measurements: Sequence[RelayMeasurement], exit_ids: Sequence[str], failed: dict[str, _Failure]
    ) -> SessionGrant:
        """A relay that failed is told to the server as one that does not answer: it comes last there."""
        told = [entry for entry in measurements if entry.node_id not in failed]
        told += [RelayMeasurement(node_id=node_id, rtt_ms=None, loss_percent=100.0) for node_id in failed]
        wanted = [node_id for node_id in exit_ids if node_id not in failed]
        return await self._server.start_session(
            msgspec.structs.replace(self._request, measurements=told, exit_ids=wanted)
        )

    async def _shake_hands(self, grant: SessionGrant) -> OpenSession | str:
        """Try one relay; the reason where it does not take us. Raises BadGrant."""
        granted_at_s = self._clock.time()
        secrets, allowed = client_grant(grant), access_list(grant)
        try:
            path = await self.open_path(grant.relay, self.interface)
        except OSError as error:
            return error.strerror or str(error)
        unix_ms_offset = grant.server_time_ms - granted_at_s * 1000
        session = ClientSession(
            secrets, entropy=self.entropy, unix_ms_offset=unix_ms_offset, redundancy=self.redundancy_of(grant)
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
        return OpenSession(grant, unix_ms_offset, link, allowed, tuple(early))
