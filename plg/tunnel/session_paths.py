"""The further ways of a session: opened when it begins, renewed with its ticket, and other transits asked for when one dies."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from plg.api.errors import ApiError
from plg.contract.sessions import RelayEndpoint, RelayMeasurement, ReplaceTransitsRequest, SessionGrant, TransitGrant
from plg.protocol.client_session import PathState
from plg.protocol.events import ClientEvent, Established, PathDown, PathUp, RelaySilent, TransitRefused
from plg.tunnel.clock import Clock
from plg.tunnel.grants import BadGrant, interface_numbers, transit_pass
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.relay_path import DatagramPath
from plg.tunnel.session_opening import OpenPath, SessionServer
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

GRACE_S: Final = 1.5
"""Implementation. A path that went down binds again by itself within a second when only a socket or an address had died."""
OPENING_S: Final = 1.5
"""Implementation. A hand-shake with the transit and a proof by the exit take two round trips; one of four may be lost."""
RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 60.0
AFTER_SILENCE_S: Final = 3.0
"""Implementation. When the exit itself was silent every path went down with it; a transit that is still down so long after the exit was
heard again has a fault of its own."""
ASK_AGAIN_S: Final = 30.0
"""Implementation. How often a server that had no other transit is asked once more: relays come back."""
EXCLUDED_FOR_S: Final = 60.0
"""Implementation. How long a transit that died is not asked for again."""

DIRECT: Final = "direct"
TRANSIT: Final = "transit"
INTERFACE: Final = "interface"

BringTicket = Callable[[SessionGrant], Awaitable[None]]
"""Hand a newer ticket of the session to its exit, and wait until it was taken. Raises BadGrant, TimeoutError."""
Measurements = Callable[[], Sequence[RelayMeasurement]]

_USABLE: Final = frozenset({PathState.ACTIVE, PathState.STANDBY, PathState.SUSPECT})


@dataclass(slots=True)
class _Way:
    """One further path that should be there. `transit` None: from `interface`."""

    transit: TransitGrant | None
    interface: LocalInterface | None
    opened_at_s: float
    down_since_s: float | None = None


class SessionPaths:
    """Further paths of the session in use. Use: `begin()` for each new session, `run()` until cancelled, `end()`.

    `interfaces` are this machine's, the first of which path 0 has; none means the system's own choice alone.
    """

    def __init__(
        self,
        server: SessionServer,
        open_path: OpenPath,
        interfaces: tuple[LocalInterface, ...],
        measurements: Measurements,
        bring_ticket: BringTicket,
        clock: Clock,
        notify: Notify,
    ) -> None:
        self._server = server
        self._open_path = open_path
        self._interfaces = interfaces
        self._measurements = measurements
        self._bring_ticket = bring_ticket
        self._clock = clock
        self._notify = notify
        self._link: RelayLink | None = None
        self._grant: SessionGrant | None = None
        self._ways: dict[int, _Way] = {}
        self._excluded_until_s: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._told: str | None = None
        self._ask_again_at_s: float | None = None
        """When the server is asked once more for a transit that it did not have."""
        self._missing: set[int] = set()
        """Numbers of transits that died and have no successor yet."""
        self._exit_is_silent = False
        self._exit_back_at_s = float("-inf")
        self._standby_failed = False

    def describe(self, number: int) -> tuple[str, str | None]:
        """Kind of a path, and the relay or interface that it goes through."""
        way = self._ways.get(number)
        if way is not None and way.transit is not None:
            return TRANSIT, way.transit.relay.name
        if way is not None and way.interface is not None:
            return INTERFACE, way.interface.name
        return DIRECT, self._interfaces[0].name if self._interfaces else None

    def usable(self) -> int:
        """How many further ways carry now, or would at once."""
        states = self._link.session.paths if self._link is not None else {}
        return sum(states.get(number) in _USABLE for number in self._ways)

    def degraded_because(self) -> str | None:
        """One line when there are fewer ways than were asked for."""
        if self._link is None or self._grant is None:
            return None
        if self._grant.mode != "off" and self._ways and not self.usable():
            latest_s = max(way.opened_at_s for way in self._ways.values())
            if self._clock.time() - latest_s > OPENING_S:
                names = [self.describe(number)[1] or "?" for number in self._ways]
                return f"no answer by way of {', '.join(names)}"
        return self._grant.degraded_because

    # --- what the keeper tells ---------------------------------------------------------------------------------------

    async def begin(self, link: RelayLink, grant: SessionGrant) -> None:
        """A session was opened: open its further paths. A way that cannot be opened is left out and said."""
        self._link, self._grant, self._ways, self._told = link, grant, {}, None
        self._ask_again_at_s = None
        self._exit_is_silent = self._standby_failed = False
        self._missing = set()
        for number, interface in zip(
            interface_numbers(grant.max_paths, len(self._interfaces[1:])), self._interfaces[1:], strict=False
        ):
            await self._open(number, _Way(None, interface, self._clock.time()))
        for transit in grant.transits:
            await self._open(transit.path, _Way(transit, None, self._clock.time()))
        self._tell_degraded()

    def end(self) -> None:
        """No session, or one without further paths."""
        self._link, self._grant, self._ways, self._ask_again_at_s = None, None, {}, None

    async def take(self, grant: SessionGrant) -> None:
        """A newer grant, whose ticket the exit has: newer passes for transits that stay, other transits where they changed."""
        link = self._link
        if link is None:
            return
        self._grant = grant
        fresh = {transit.path: transit for transit in grant.transits}
        for number, way in list(self._ways.items()):
            if way.transit is not None and number not in fresh:
                del self._ways[number]
                link.remove_path(number)
        for number, transit in fresh.items():
            known = self._ways.get(number)
            if known is not None and known.transit is not None and known.transit.key == transit.key:
                known.transit = transit
                with suppress(BadGrant):
                    link.renew_path(number, transit_pass(transit))
            else:
                await self._open(number, _Way(transit, None, self._clock.time()))

    def handle_event(self, event: ClientEvent) -> None:
        """What the session says about its paths."""
        if isinstance(event, RelaySilent):
            self._exit_is_silent = True
        elif isinstance(event, PathUp | Established):
            if self._exit_is_silent:
                self._exit_is_silent, self._exit_back_at_s = False, self._clock.time()
                self._changed.set()
            way = self._ways.get(event.path) if isinstance(event, PathUp) else None
            if way is not None:
                way.down_since_s = None
                self._told = None
        elif isinstance(event, PathDown):
            self._mark_down(event.path, self._clock.time())
        elif isinstance(event, TransitRefused):
            self._mark_down(event.path, self._clock.time() - GRACE_S)

    def ask_for_standby(self) -> None:
        """The standby exit does not work: the server may know another one."""
        self._standby_failed = True
        self._ask_again_at_s = self._clock.time()
        self._changed.set()

    def _mark_down(self, number: int, since_s: float) -> None:
        way = self._ways.get(number)
        if way is not None and way.transit is not None:
            way.down_since_s = since_s
            self._changed.set()

    # --- opening -----------------------------------------------------------------------------------------------------

    async def _open(self, number: int, way: _Way) -> None:
        link, grant = self._link, self._grant
        if link is None or grant is None:
            return
        self._ways[number] = way
        try:
            if way.transit is not None:
                path = await self._open_to_transit(way.transit.relay)
                pass_ = transit_pass(way.transit)
            else:
                path = await self._open_path(grant.relay, way.interface)
                pass_ = None
        except (OSError, BadGrant) as error:
            via = self.describe(number)[1]
            self._notify(TunnelEvent(Happening.PATH_DOWN, {"path": number, "via": via, "reason": str(error)}))
            self._mark_down(number, self._clock.time())
            return
        if link is not self._link or link.is_over:
            path.close()
            return
        link.add_path(number, path, pass_)

    async def _open_to_transit(self, relay: RelayEndpoint) -> DatagramPath:
        """By the last interface that has a way there: path 0 has the first one, and the two copies should share no line."""
        for interface in reversed(self._interfaces[1:]):
            with suppress(OSError):
                return await self._open_path(relay, interface)
        return await self._open_path(relay, self._interfaces[0] if self._interfaces else None)

    # --- other transits ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ask for other transits when one has died, until cancelled."""
        pause_s = RETRY_FIRST_S
        while True:
            self._changed.clear()
            wait_s = self._due_in_s()
            if wait_s is None or wait_s > 0:
                pause_s = RETRY_FIRST_S if wait_s is None else pause_s
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._changed.wait()
                continue
            if not await self._replace():
                self._tell_degraded()
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)

    def _due_in_s(self) -> float | None:
        """When other transits are to be asked for; None when there is no need."""
        if self._exit_is_silent:
            return None  # every path is down with it; its first sign of life wakes us
        back_s = self._exit_back_at_s + AFTER_SILENCE_S
        since = [way.down_since_s for way in self._ways.values() if way.down_since_s is not None]
        moments = [max(down_s + GRACE_S, back_s) for down_s in since]
        if self._ask_again_at_s is not None:
            moments.append(self._ask_again_at_s)
        return min(moments) - self._clock.time() if moments else None

    async def _replace(self) -> bool:
        """One try. False when the server could not be asked, or the fault is not the transit's."""
        link, grant, now = self._link, self._grant, self._clock.time()
        if link is None or grant is None:
            self._ask_again_at_s = None
            return True
        if not link.is_healthy:
            return False  # the exit, or our own network, is away
        before = dict(self._ways)
        dead = {number: way for number, way in before.items() if way.down_since_s is not None}
        self._excluded_until_s = {node: until for node, until in self._excluded_until_s.items() if until > now}
        for way in dead.values():
            if way.transit is not None:
                self._excluded_until_s[way.transit.relay.node_id] = now + EXCLUDED_FOR_S
        request = ReplaceTransitsRequest(
            exclude=list(self._excluded_until_s),
            measurements=list(self._measurements()),
            standby_failed=self._standby_failed,
        )
        try:
            fresh = await self._server.replace_transits(grant.session_id, request)
            await self._bring_ticket(fresh)
        except (ApiError, BadGrant, TimeoutError):
            return False
        self._standby_failed = False
        for way in dead.values():
            way.down_since_s = None
        transits = {number: way.transit for number, way in self._ways.items() if way.transit is not None}
        self._missing |= dead.keys()
        self._missing -= {number for number in transits if self._ways[number] is not dead.get(number)}
        is_missing = bool(self._missing) or (not transits and grant.mode != "off")
        self._ask_again_at_s = self._clock.time() + ASK_AGAIN_S if is_missing else None
        for number, transit in transits.items():
            if self._ways[number] is not before.get(number):
                detail: dict[str, str | int | float | None] = {"path": number, "name": transit.relay.name}
                self._notify(TunnelEvent(Happening.TRANSIT_REPLACED, detail))
        self._tell_degraded()
        return True

    def _tell_degraded(self) -> None:
        """Say once why there is one way only."""
        because = self.degraded_because()
        if because is not None and because != self._told:
            self._notify(TunnelEvent(Happening.DEGRADED, {"because": because, "ways": 1 + self.usable()}))
        self._told = because
