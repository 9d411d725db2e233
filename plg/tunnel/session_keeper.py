"""Keeps a session alive for as long as the player plays: its exit, the exit in reserve, and another relay when both are lost.

The server is needed only at the start and then now and again: while it is away nothing changes for the game until the ticket ends
(hours). Whenever no relay carries, the engine has been told to send everything straight to the game.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from plg.capture.packet_source import FlowKey
from plg.contract.sessions import RelayEndpoint, RelayMeasurement, SessionGrant, StopSessionRequest
from plg.protocol.errors import CloseReason, WelcomeStatus
from plg.protocol.events import (
    ClientEvent,
    Established,
    HandshakeRefused,
    PathDown,
    PathUp,
    PrimaryChanged,
    RelayDraining,
    RelayLost,
    RelaySilent,
    SessionClosed,
    TicketRenewed,
    TransitRefused,
)
from plg.tunnel.clock import Clock, Timer
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.exit_watch import ExitWatch
from plg.tunnel.first_replies import FirstReplies
from plg.tunnel.flow_routes import Why
from plg.tunnel.grants import BadGrant
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.session_figures import PERIOD_S, SessionFigures
from plg.tunnel.session_opening import OpenSession, SessionOpening, SessionServer
from plg.tunnel.session_paths import SessionPaths
from plg.tunnel.session_recovery import Replan, SessionRecovery
from plg.tunnel.standby_exit import StandbyExit
from plg.tunnel.ticket_desk import TicketDesk
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

CLOSE_TIMEOUT_S: Final = 0.5
OUTAGE_HOLD_S: Final = 20.0
"""Implementation. With a standby that is silent too, the player's own network is away: flows keep their exit for so long beyond
LOST_AFTER_S, because game servers wait up to 30 s for a silent player and the direct way would be as dead."""
LEFT_EXIT_LOOK_S: Final = 1.0

_EXIT_GONE: Final = frozenset({CloseReason.DRAINED, CloseReason.IDLE})
_EXIT_SHUT: Final = frozenset({WelcomeStatus.DRAINING, WelcomeStatus.FULL})
"""The exit says itself that this session has no place there any more: nothing is to be waited for."""


class SessionKeeper:
    """One tunnel's session over its life; exits and grants may change, the game's profile and target do not.

    Use: `connect()` once, then `keep()` until cancelled, then `finish()`.
    """

    def __init__(
        self,
        server: SessionServer,
        opening: SessionOpening,
        engine: TunnelEngine,
        replan: Replan,
        clock: Clock,
        notify: Notify,
    ) -> None:
        self._opening = opening
        self._engine = engine
        self._clock = clock
        self._notify = notify
        self._tasks: asyncio.TaskGroup | None = None
        self._measured: Sequence[RelayMeasurement] = ()
        self._unix_ms_offset = 0.0
        self._watch: ExitWatch | None = None
        self._hold: Timer | None = None
        self._leaving: RelayLink | None = None
        self.lost = False
        """The exit in use carries no more, or is not heard: another way is being looked for."""
        self.on_standby = False
        """The exit was left for its standby."""
        self._recovery = SessionRecovery(self, engine, replan, clock, notify)
        self.desk = TicketDesk(server, engine, self._current, self._take_grant, notify)
        self.paths = SessionPaths(
            server, opening.open_path, opening.interfaces, lambda: self._measured, self.desk.bring, clock, notify
        )
        self.standby = StandbyExit(opening.open_path, clock, opening.entropy, notify, interface=opening.interface)
        self.standby.on_failing = self.paths.ask_for_standby
        self.figures: SessionFigures | None = None
        self.grant: SessionGrant | None = None
        self.link: RelayLink | None = None
        self.relay: RelayEndpoint | None = None
        """The exit in use: the grant's, or after a switch its standby."""
        self.predicted_total_ms: float | None = None
        self.exit_switches = 0

    async def connect(self, measurements: Sequence[RelayMeasurement], exit_ids: Sequence[str] = ()) -> None:
        """Start a session and shake hands. Raises as SessionOpening.open; on success payloads may be sent."""
        self._measured = measurements
        await self._adopt(await self._opening.open(measurements, exit_ids))

    async def _adopt(self, opened: OpenSession) -> None:
        """From now on this is the session in use."""
        self._stop_watch()
        for old in (self.link, self._leaving):
            if old is not None:
                old.close(CloseReason.REPLACED)
        link = opened.link
        self._leaving, self.on_standby, self.lost = None, False, False
        self.link, self.grant, self.relay = link, opened.grant, opened.grant.relay
        self.predicted_total_ms = opened.grant.predicted_total_ms
        self._unix_ms_offset = opened.unix_ms_offset
        self.figures = SessionFigures(self._engine.counters, self._engine.leaked, self._clock.time())
        self.figures.evidence.mode = opened.grant.mode
        self._engine.first_replies = FirstReplies()
        self._engine.routes.allow(opened.allowed)
        self._engine.use(link)
        self._listen_to(link)
        for event in opened.early:
            self._handle_event(link, event)
        self._offer_standby(opened.grant)
        await self.paths.begin(link, opened.grant)

    def degraded_because(self) -> str | None:
        """One line when there are fewer ways than asked for, else None."""
        if self.on_standby:
            wants_more = self.grant is not None and self.grant.mode != "off"
            return "the exit was lost; its standby has one way" if wants_more else None
        return self.paths.degraded_because()

    def _current(self) -> tuple[SessionGrant, RelayLink] | None:
        if self.lost or self.grant is None or self.link is None:
            return None
        return self.grant, self.link

    async def _take_grant(self, fresh: SessionGrant) -> None:
        self.grant = fresh
        if not self.on_standby:
            self._offer_standby(fresh)
            await self.paths.take(fresh)

    # --- the exit in reserve -----------------------------------------------------------------------------------------

    def _offer_standby(self, grant: SessionGrant) -> None:
        if grant.standby is None:
            self._stop_watch()
            self.standby.forget()
            return
        try:
            self.standby.offer(grant, self._unix_ms_offset, self.exit_switches + 1)
        except BadGrant:
            self.standby.forget()
            return
        if self._watch is None and self.link is not None:
            self._watch = ExitWatch(
                self.link,
                self.standby,
                grant.address_change,
                self._engine.routes.relayed_at_s,
                self._exit_is_dead,
                self._clock,
                self._notify,
            )
            self._watch.start()

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None

    def _exit_is_dead(self, silent_s: float) -> None:
        self._switch(f"silent for {silent_s:.1f} s", CloseReason.REPLACED)

    def _switch(self, reason: str, goodbye: CloseReason) -> bool:
        """Leave the exit for its standby, with every flow. False when there is no standby that is ready."""
        old, lost_relay = self.link, self.relay
        taken = self.standby.take()
        if taken is None:
            return False
        standby, link = taken
        self._stop_watch()
        live = len(self._engine.routes.live(self._clock.time()))
        self._use_standby(standby.relay, standby.predicted_total_ms, link)
        self._engine.use(link)
        for left in (old, self._leaving):
            if left is not None:
                left.close(goodbye)
        self._leaving = None
        self._count_switch(lost_relay, standby.relay, reason, live)
        return True

    def _use_standby(self, relay: RelayEndpoint, predicted_total_ms: float | None, link: RelayLink) -> None:
        if self.grant is not None:
            link.session.replace_redundancy(self._opening.redundancy_of(self.grant))
        self._listen_to(link)
        self.link, self.relay, self.predicted_total_ms = link, relay, predicted_total_ms
        self.on_standby, self.lost = True, False
        self._engine.first_replies = FirstReplies()
        self.paths.end()

    def _count_switch(self, old: RelayEndpoint | None, new: RelayEndpoint, reason: str, live: int) -> None:
        self.exit_switches += 1
        if self.figures is not None:
            self.figures.evidence.exit_switches += 1
        detail: dict[str, str | int | float | None] = {
            "from": old.name if old is not None else None,
            "to": new.name,
            "reason": reason,
            "live_flows": live,
            "epoch": self.exit_switches,
        }
        self._notify(TunnelEvent(Happening.EXIT_SWITCHED, detail))

    def _drain(self, seconds: int) -> None:
        """The exit closes down as planned: new flows begin at the standby, those that live stay while it is there."""
        self._notify(TunnelEvent(Happening.RELAY_DRAINING, {"seconds": seconds}))
        if self._leaving is not None or self.link is None:
            return
        taken = self.standby.take()
        if taken is None:
            return
        standby, link = taken
        self._stop_watch()
        self._leaving = self.link
        self._use_standby(standby.relay, standby.predicted_total_ms, link)
        self._engine.use_for_new_flows(link)
        self._notify(TunnelEvent(Happening.RELAY_CHANGED, {"name": standby.relay.name}))
        self._look_at_left_exit(self._leaving)

    def _look_at_left_exit(self, left: RelayLink) -> None:
        """Say goodbye to a draining exit as soon as no flow needs it."""
        if left is not self._leaving:
            return
        if not self._engine.flows_on(left):
            self._leaving = None
            self._engine.drop(left, Why.RELAY_LOST)
            left.close(CloseReason.REPLACED)
            return
        self._clock.call_at(self._clock.time() + LEFT_EXIT_LOOK_S, lambda: self._look_at_left_exit(left))

    def _left_exit_gone(self, left: RelayLink, reason: str) -> None:
        """A draining exit has gone with flows on it: they go on at the standby, under another address."""
        self._leaving = None
        live = len(self._engine.routes.live(self._clock.time()))
        if self.link is not None and self._engine.flows_on(left):
            self._engine.use(self.link)
            if self.relay is not None and self.grant is not None:
                self._count_switch(self.grant.relay, self.relay, reason, live)
        left.close(CloseReason.REPLACED)

    # --- events of the links -----------------------------------------------------------------------------------------

    def _listen_to(self, link: RelayLink) -> None:
        link.on_event = partial(self._handle_event, link)
        link.on_payload = partial(self._engine.deliver, link)

    def _handle_event(self, link: RelayLink, event: ClientEvent) -> None:
        if link is not self.link and link is not self._leaving:
            return
        self._engine.handle_event(link, event)
        if link is self._leaving:
            if isinstance(event, SessionClosed | RelayLost | HandshakeRefused):
                self._left_exit_gone(link, "it closed down")
            return
        self.paths.handle_event(event)
        match event:
            case RelaySilent():
                self._notify(TunnelEvent(Happening.RELAY_SILENT))
            case RelayLost():
                self._relay_lost()
            case Established():
                self.lost = False
                self._notify(TunnelEvent(Happening.RELAY_BACK, {"resumed": int(event.resumed)}))
            case HandshakeRefused(status):
                if status not in _EXIT_SHUT or not self._switch(status.name.lower(), CloseReason.REPLACED):
                    self._lose(status.name.lower())
            case SessionClosed(reason):
                name = _close_name(reason)
                if reason not in _EXIT_GONE or not self._switch(f"closed: {name}", CloseReason.REPLACED):
                    self._lose(f"closed: {name}")
            case RelayDraining(seconds):
                self._drain(seconds)
            case TicketRenewed():
                self.desk.accepted()
            case _:
                self._tell_path(event)

    def _tell_path(self, event: ClientEvent) -> None:
        if not isinstance(event, PathUp | PathDown | PrimaryChanged | TransitRefused):
            return
        kind, via = self.paths.describe(event.path)
        detail: dict[str, str | int | float | None] = {"path": event.path, "kind": kind, "via": via}
        match event:
            case PathUp():
                self._notify(TunnelEvent(Happening.PATH_UP, detail))
            case PathDown():
                self._notify(TunnelEvent(Happening.PATH_DOWN, detail | {"reason": "silent"}))
            case PrimaryChanged():
                self._notify(TunnelEvent(Happening.PRIMARY_CHANGED, detail))
            case TransitRefused(_, status):
                self._notify(TunnelEvent(Happening.TRANSIT_REFUSED, detail | {"reason": status.name.lower()}))

    def _relay_lost(self) -> None:
        """Silent for long. With a standby that is silent too this is no matter of relays: flows keep their exit a while."""
        if self.standby.grant is None or self.link is None:
            self._lose("silent")
            return
        link = self.link
        self.lost = True
        self._recovery.wake()
        self._hold = self._clock.call_at(self._clock.time() + OUTAGE_HOLD_S, lambda: self._outage_is_too_long(link))

    def _outage_is_too_long(self, link: RelayLink) -> None:
        if link is self.link and not link.is_healthy:
            self._lose("silent")

    def _lose(self, reason: str) -> None:
        """The relay carries no more: the game's packets go direct, and another way is looked for."""
        self.lost = True
        moved = len(self._engine.routes.live(self._clock.time()))
        self._engine.routes.send_all_direct(Why.RELAY_LOST)
        name = self.relay.name if self.relay is not None else ""
        self._notify(TunnelEvent(Happening.RELAY_LOST, {"name": name, "reason": reason, "live_flows": moved}))
        self._recovery.wake()

    # --- as long as it runs ------------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Renew, approve and recover until cancelled. Raises ApiError when the server ends it for good."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self.desk.renew_for_ever())
            tasks.create_task(self._recovery.run())
            tasks.create_task(self._measure_for_ever())
            tasks.create_task(self.paths.run())
            tasks.create_task(self.standby.run())

    async def _measure_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            self.note_figures()

    def note_figures(self) -> None:
        """Take the numbers of this moment into the session's figures."""
        link, figures, now = self.link, self.figures, self._clock.time()
        if link is None or figures is None:
            return
        for path in link.session.paths:
            figures.add(path, link.session.numbers(now, path))
        bought = link.session.redundancy_figures
        figures.evidence.saved_up, figures.evidence.saved_down = bought.saved_up, bought.saved_down
        replies = self._engine.first_replies
        if replies.best_ms is not None:
            figures.evidence.measured_total_ms = replies.best_ms
            figures.evidence.measured_target = replies.best_target

    def ask_approval(self, key: FlowKey) -> None:
        """The engine's request for a destination; answered through the engine."""
        if self._tasks is None:
            self._engine.not_approved(key, refused=False)
        else:
            self._tasks.create_task(self.desk.approve(key))

    # --- the end -----------------------------------------------------------------------------------------------------

    async def finish(self, reason: str) -> None:
        """CLOSE to the relays, metrics to the server; never raises, and takes at most STOP_TIMEOUT_S."""
        self._tasks = None
        self._stop_watch()
        self.paths.end()
        self.note_figures()
        left, self._leaving = self._leaving, None
        self.standby.forget()
        if left is not None:
            left.close()
        link, grant = self.link, self.grant
        if link is not None:
            closed = asyncio.Event()
            link.close(on_closed=closed.set)
            with suppress(TimeoutError):  # then the process closes the socket and the relay notices the silence
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await closed.wait()
        if grant is not None:
            await self.end_on_server(grant, self.figures, reason)

    async def end_on_server(self, grant: SessionGrant, figures: SessionFigures | None, reason: str) -> None:
        if figures is None:
            await self._opening.stop(grant, StopSessionRequest(reason=reason))
        else:
            await self._opening.stop(grant, figures.summary(reason, self._engine.leaked, self._clock.time()))


def _close_name(reason: int) -> str:
    return CloseReason(reason).name.lower() if reason in set(CloseReason) else str(reason)
