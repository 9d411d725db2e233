"""The life of a tunnel from the player's wish to the last byte: what happens in which order, and how everything is put back.

The order is for safety: the game's packets are touched only when a relay has shaken hands, and when the end comes, for whatever
reason, the capture lets go first.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, Protocol

import plg
from plg.capture.packet_source import CaptureSpec, FlowKey, PacketSource
from plg.contract.cli_output import DisconnectDocument, StatusDocument
from plg.contract.games import GameDetail
from plg.contract.sessions import StartSessionRequest
from plg.protocol.destination import AccessList, Address
from plg.tunnel.capture_plan import approvals, plan_capture
from plg.tunnel.clock import LoopClock, Timer
from plg.tunnel.connect_request import ConnectRequest, find_targets
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.control_socket import ControlSocket
from plg.tunnel.counterfactual import Comparison, Counterfactual
from plg.tunnel.direct_pinger import DirectPinger
from plg.tunnel.ended_flows import LOOK_EVERY_S, EndedFlows, system_sockets
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.flow_routes import FlowRoutes, Why
from plg.tunnel.grants import HostPort
from plg.tunnel.live_facts import with_session
from plg.tunnel.live_judge import LiveJudge
from plg.tunnel.live_recording import LiveRecording
from plg.tunnel.path_recorder import Take
from plg.tunnel.planning import Planner, PlanServer
from plg.tunnel.relay_survey import RelaySurvey
from plg.tunnel.run_lock import RunLock
from plg.tunnel.runtime_place import RuntimePlace, make_private
from plg.tunnel.session_keeper import SessionKeeper
from plg.tunnel.session_opening import SessionOpening, SessionServer
from plg.tunnel.snapshot import TunnelFacts, session_drops, status_document
from plg.tunnel.states import CONNECTED, CONNECTING, OBSERVING, OFF, RECONNECTING, STARTING, STOPPING
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent
from plg.tunnel.wiring import first_cause, make_counterfactual, open_path, prepare_socket, quieten_garbage_collection

FIRST_LOOK_S: Final = 1.0
"""Implementation. A match sends dozens of packets in it, and measuring the relays takes as long anyway."""
LOOK_AGAIN_S: Final = 0.25
MATCH_CHECK_S: Final = 0.5
"""Implementation. How often a tunnel that waits for the end of a match looks whether it is over."""


class TunnelServer(SessionServer, PlanServer, Protocol):
    """What a tunnel needs of the server; `plg.api.server_client.ServerClient` has it. All raise ApiError."""

    async def game(self, slug: str, /) -> GameDetail: ...


OpenSource = Callable[[CaptureSpec], Awaitable[PacketSource]]
"""Makes and opens the capture. Raises CaptureUnavailable."""


class AlreadyRunning(Exception):
    """Another tunnel of the same person runs on this machine."""


class Tunnel:
    """One run. `run()` returns when the tunnel was stopped and everything is put back, and raises what kept it from starting or
    going on: ApiError, CaptureUnavailable, RelaysUnreachable, GameNotCarried, DirectIsBetter, BadGrant, TargetUnknown,
    AlreadyRunning, RuntimeDirectoryUnsafe or OSError."""

    def __init__(
        self,
        request: ConnectRequest,
        server: TunnelServer,
        place: RuntimePlace,
        open_source: OpenSource,
        notify: Notify,
        memory: ExitMemory | None = None,
    ) -> None:
        self._memory = memory or ExitMemory(None, time.time)
        self._request = request
        self._server = server
        self._place = place
        self._open_source = open_source
        self._notify = notify
        self._clock = LoopClock()
        self._began_s = self._clock.time()
        self._state = STARTING
        self._message: str | None = None
        self._game_slug = request.game
        self._source: PacketSource | None = None
        self._engine: TunnelEngine | None = None
        self._keeper: SessionKeeper | None = None
        self._planner: Planner | None = None
        self._counterfactual: Counterfactual | None = None
        self._pinger = DirectPinger(self._clock, prepare_socket)
        self._body: asyncio.Task[object] | None = None
        self._leaving = False
        self._waiting_since_s: float | None = None
        self._match_check: Timer | None = None
        self._was_live = False
        self._stop_reason = "user"
        self._recording: LiveRecording | None = None
        self._stopped = asyncio.Event()

    # --- what others ask ---------------------------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the game's packets are being carried, or will be as soon as the relay is back."""
        return self._state == CONNECTED and not self._leaving

    @property
    def source(self) -> PacketSource | None:
        """The capture, once it is open."""
        return self._source

    def status(self) -> StatusDocument:
        """The numbers of this moment."""
        keeper, engine, source = self._keeper, self._engine, self._source
        now_s = self._clock.time()
        link = keeper.link if keeper is not None else None
        state = RECONNECTING if self._state == CONNECTED and link is not None and not link.is_healthy else self._state
        facts = TunnelFacts(
            state=state,
            now_s=now_s,
            began_s=self._began_s,
            pid=os.getpid(),
            game=self._game_slug,
            capture=source.name if source is not None else None,
            message=self._message,
            drops=session_drops(link.session) if link is not None else None,
            counters=engine.counters if engine is not None else None,
            capture_stats=source.stats if source is not None else None,
            flows=tuple(engine.routes.flows()) if engine is not None else (),
        )
        if keeper is not None and engine is not None and link is not None:
            survey = self._planner.survey if self._planner is not None else RelaySurvey(())
            facts = with_session(facts, keeper, engine, link, survey, self._compare())
        return status_document(facts, datetime.now(UTC))

    def _compare(self) -> Comparison | None:
        """Now against direct, at this moment."""
        link = self._keeper.link if self._keeper is not None else None
        if self._counterfactual is None or link is None:
            return None
        now_s = self._clock.time()
        rtt_ms = link.session.numbers(now_s).rtt_ms if link.is_healthy else None
        return self._counterfactual.compare(now_s, rtt_ms)

    def live_flow_count(self) -> int:
        """How many relayed flows somebody seems to play on."""
        return len(self._engine.routes.live(self._clock.time())) if self._engine is not None else 0

    def request_stop(self, mode: StopMode, reason: str = "user") -> None:
        """Begin to leave; `wait` as soon as no match is live, else at once. Repeating it is harmless, `now` overrides `wait`."""
        live = self.live_flow_count()
        self._was_live = self._was_live or live > 0
        if self._leaving:
            return
        if mode is StopMode.WAIT and live:
            if self._waiting_since_s is None:
                self._waiting_since_s = self._clock.time()
                self._notify(TunnelEvent(Happening.WAITING_FOR_MATCH, {"live_flows": live}))
                self._message = "leaves when the match is over"
                self._check_match()
            return
        self._leaving = True
        self._stop_reason = reason
        if self._match_check is not None:
            self._match_check.cancel()
        if self._body is not None:
            self._body.cancel()

    async def wait_stopped(self) -> DisconnectDocument:
        """Returns when everything is put back."""
        await self._stopped.wait()
        return self._farewell()

    def record(self, take: Take) -> LiveRecording | None:
        """Begin to take down what the paths do, as blocks of a file; None while that is being done already."""
        if self._recording is not None and not self._recording.is_over:
            return None
        self._recording = LiveRecording(
            take,
            lambda: self._keeper.link if self._keeper is not None else None,
            self._clock,
            game=self._game_slug or "",
            program=f"plg {plg.__version__}",
            max_overhead=self._request.max_overhead,
        )
        return self._recording

    def _check_match(self) -> None:
        if self.live_flow_count():
            self._match_check = self._clock.call_at(self._clock.time() + MATCH_CHECK_S, self._check_match)
        else:
            self.request_stop(StopMode.NOW, self._stop_reason)

    def _farewell(self) -> DisconnectDocument:
        waited_s = self._clock.time() - self._waiting_since_s if self._waiting_since_s is not None else 0.0
        return DisconnectDocument(disconnected=True, was_live=self._was_live, waited_s=round(waited_s, 1))

    # --- the run -----------------------------------------------------------------------------------------------------

    async def run(self) -> DisconnectDocument:
        make_private(self._place)
        lock = RunLock(self._place.lock_file)
        if not lock.try_acquire():
            raise AlreadyRunning
        self._body = asyncio.current_task()
        door = ControlSocket(self._place, self)
        try:
            await door.open()
            await self._connect_and_keep()
        except asyncio.CancelledError:
            if not self._leaving:
                raise
            if self._body is not None:
                self._body.uncancel()
        except BaseExceptionGroup as group:
            raise first_cause(group) from group
        finally:
            self._leaving = True
            self._state = OFF
            self._stopped.set()
            await door.close()
            lock.release()
        return self._farewell()

    async def _connect_and_keep(self) -> None:
        game = await self._server.game(self._request.game)
        self._game_slug = game.slug
        targets = await find_targets(self._request.target)
        nodes = (await self._server.nodes(game=game.slug, target=self._target_text())).nodes
        relays = [node.host for node in nodes]
        spec = plan_capture(game, targets, by_proxy=self._request.capture == "proxy", relays=relays)
        source = await self._open_source(spec)
        self._source = source
        try:
            self._state = OBSERVING
            alive: set[FlowKey] = set()
            settled = asyncio.Event()
            planner = self._make_planner(game, targets)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_flows(source, alive, settled))
                plan = await planner.first_plan(nodes)
                keeper, engine = self._make_session(game, targets, source, planner)
                self._state = CONNECTING
                await keeper.connect(plan.relays.measurements, plan.relays.exit_ids)
                settled.set()
            self._leave_alone(engine, alive)
            counterfactual = make_counterfactual(self._clock, self._pinger.measure, planner, keeper, plan)
            self._counterfactual = counterfactual
            if keeper.relay is not None:
                self._memory.remember(self._game_slug, keeper.relay.node_id)
            await source.divert(engine.handle_packet)
            self._state = CONNECTED
            self._tell_connected(source, keeper)
            quieten_garbage_collection()
            judge = LiveJudge(
                counterfactual,
                self._compare,
                self._distrust,
                engine,
                self._clock,
                self._notify,
                forced=self._request.force,
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(counterfactual.run())
                tasks.create_task(judge.run())
                tasks.create_task(keeper.keep())
        finally:
            await self._put_back(source)

    async def _put_back(self, source: PacketSource) -> None:
        """The capture lets go first: from then on the game is on its own way, whatever takes longer."""
        self._state = STOPPING
        self._notify(TunnelEvent(Happening.STOPPING))
        if self._engine is not None:
            self._engine.release(Why.NOT_CONNECTED)
        await source.close()
        if self._keeper is not None:
            self._note_direct(self._keeper)
            await self._keeper.finish(self._stop_reason)

    # --- its parts ---------------------------------------------------------------------------------------------------

    def _target_text(self) -> str | None:
        return str(self._request.target) if self._request.target is not None else None

    def _make_planner(self, game: GameDetail, targets: list[tuple[Address, int]]) -> Planner:
        wish = self._request
        self._planner = Planner(
            self._server,
            game,
            targets,
            self._target_text(),
            self._memory,
            self._pinger.measure,
            prepare_socket,
            node=wish.node,
            force=wish.force,
        )
        return self._planner

    def _make_session(
        self, game: GameDetail, targets: list[tuple[Address, int]], source: PacketSource, planner: Planner
    ) -> tuple[SessionKeeper, TunnelEngine]:
        wish = self._request
        routes = FlowRoutes(AccessList(()), approvals(game, targets))
        engine = TunnelEngine(source, routes, self._clock, self._ask_approval)
        wanted = StartSessionRequest(
            game=game.slug,
            target=self._target_text(),
            node_id=planner.node_id(),
            client_version=wish.client_version,
            mode=wish.mode,
            interfaces=max(1, len(wish.interfaces)),
            standby=wish.standby,
        )
        opening = SessionOpening(
            self._server,
            wanted,
            open_path,
            self._clock,
            os.urandom,
            self._notify,
            max_overhead=wish.max_overhead,
            interfaces=wish.interfaces,
        )
        keeper = SessionKeeper(self._server, opening, engine, planner.replan, self._clock, self._session_says)
        self._engine, self._keeper = engine, keeper
        return keeper, engine

    def _session_says(self, event: TunnelEvent) -> None:
        if event.what in {Happening.EXIT_SWITCHED, Happening.RELAY_CHANGED} and self._counterfactual is not None:
            self._counterfactual.forget_leg()
        self._notify(event)

    def _distrust(self) -> str | None:
        """Pass the exit in use over for a day; its name, None when that is known already."""
        relay = self._keeper.relay if self._keeper is not None else None
        if relay is None or relay.node_id in self._memory.distrusted():
            return None
        self._memory.distrust(relay.node_id)
        return relay.name

    def _note_direct(self, keeper: SessionKeeper) -> None:
        """What the session's record says about the direct way."""
        found = self._compare()
        if found is not None and keeper.figures is not None:
            keeper.figures.evidence.direct_ms = found.direct_ms

    def _ask_approval(self, key: FlowKey) -> None:
        if self._keeper is not None:
            self._keeper.ask_approval(key)

    async def _watch_flows(self, source: PacketSource, alive: set[FlowKey], settled: asyncio.Event) -> None:
        """Collect the flows that carry packets until the session is there: they were alive before anything was diverted."""
        look_s = FIRST_LOOK_S
        while not settled.is_set():
            until_s = self._clock.time() + look_s
            alive |= await source.observe(look_s)
            await asyncio.sleep(
                max(0.0, until_s - self._clock.time())
            )  # a source may know at once that there is nothing
            look_s = LOOK_AGAIN_S

    def _leave_alone(self, engine: TunnelEngine, alive: set[FlowKey]) -> None:
        if self._request.take_over or not alive:
            return
        engine.routes.leave_direct(alive, self._clock.time())
        self._watch_ends(engine, EndedFlows({key.local_port for key in alive}, system_sockets()))
        self._notify(TunnelEvent(Happening.FLOWS_LEFT_DIRECT, {"flows": len(alive)}))

    def _watch_ends(self, engine: TunnelEngine, ended: EndedFlows) -> None:
        """Look now and then whether the game has closed a socket of these, until none is left."""
        for port in ended.closed():
            engine.routes.forget_alive(port)
        if len(ended) and not self._leaving:
            self._clock.call_at(self._clock.time() + LOOK_EVERY_S, lambda: self._watch_ends(engine, ended))

    def _tell_connected(self, source: PacketSource, keeper: SessionKeeper) -> None:
        relay = keeper.grant.relay.name if keeper.grant is not None else ""
        self._notify(TunnelEvent(Happening.CONNECTED, {"relay": relay, "capture": source.name}))
        if source.name == "proxy":
            from plg.capture.proxy_source import ProxySource

            if isinstance(source, ProxySource):
                address = str(HostPort(*source.listen_address))
                self._message = f"point the game at {address}"
                self._notify(
                    TunnelEvent(Happening.POINT_GAME_HERE, {"address": address, "target": self._target_text()})
                )
