"""One session over its paths: moves bytes between the sans-IO session and its sockets, and keeps its one timer."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from plg.protocol.client_session import ClientSession, PathState, SessionState, TransitPass
from plg.protocol.errors import CloseReason
from plg.protocol.events import ClientEvent, Established, FlowAddress, PathDown, PayloadReceived, RelayLost, RelaySilent
from plg.tunnel.clock import Clock, Timer
from plg.tunnel.path_recorder import PongSample
from plg.tunnel.relay_path import DatagramPath

NETWORK_CHECK_S = 2.0
"""Implementation. How often the way to the relay is looked at; costs one socket a path that sends nothing (about 20 us)."""

EventHandler = Callable[[ClientEvent], None]
PayloadHandler = Callable[[PayloadReceived], None]


class LinkRecorder(Protocol):
    """What `plg record` takes down (`plg.tunnel.path_recorder`). Never raises, never waits."""

    def sent(self, at_s: float, path: int, datagram: bytes) -> None: ...

    def arrived(self, at_s: float, path: int, datagram: bytes) -> None: ...

    def observe(self, path: int, sample: PongSample, lost_up: int | None) -> None: ...

    def new_keys(self, at_s: float) -> None: ...


class RelayLink:
    """Drives a ClientSession. Events arrive at `on_event` in order, on the loop; nothing here blocks or raises for the network.

    Path 0 is there from the start. Datagrams of a path that has no socket (yet) are dropped, as a network would.
    """

    def __init__(self, session: ClientSession, path: DatagramPath, clock: Clock, on_event: EventHandler) -> None:
        self.session = session
        self.paths: dict[int, DatagramPath] = {0: path}
        self._clock = clock
        self.on_event = on_event
        """Whoever takes the link over sets its own."""
        self.on_payload: PayloadHandler | None = None
        """Where payloads go instead of to `on_event`, each at once: they are a thousand times as many as all else."""
        self.recorder: LinkRecorder | None = None
        self.bytes_up: dict[int, int] = {0: 0}
        self.bytes_down: dict[int, int] = {0: 0}
        """Datagram bytes by path since it was opened."""
        self._timer: Timer | None = None
        self._timer_at_s: float | None = None
        self._check: Timer | None = None
        self._lost = False
        self._closed = False
        self._on_closed: Callable[[], None] | None = None

    @property
    def carries(self) -> bool:
        """Whether payloads have a way: a session that says HELLO again still carries them, until it counts as lost."""
        state = self.session.state
        if state is SessionState.ESTABLISHED:
            self._lost = False
            return True
        return state is SessionState.RECONNECTING and not self._lost

    @property
    def is_healthy(self) -> bool:
        """Whether the relay was heard lately."""
        return self.session.state is SessionState.ESTABLISHED

    @property
    def is_over(self) -> bool:
        """Whether nothing can come of it any more."""
        return self._closed or self.session.state in {SessionState.CLOSED, SessionState.REFUSED}

    def heard_at_s(self) -> float:
        """When anything authentic came last, over any path; clock seconds."""
        now = self._clock.time()
        return now - self.session.silent_for_s(now)

    def start(self) -> None:
        """Begin the hand-shake."""
        self.paths[0].start(partial(self._receive, 0))
        self.session.connect(self._clock.time())
        self._check = self._clock.call_at(self._clock.time() + NETWORK_CHECK_S, self._check_network)
        self._settle()

    def add_path(self, number: int, path: DatagramPath, transit: TransitPass | None) -> None:
        """A further way (1 to 7): through a transit relay with its pass, or (None) straight from another interface."""
        if self._closed:
            path.close()
            return
        self._close_path(number)
        self.paths[number] = path
        self.bytes_up[number] = self.bytes_down[number] = 0
        path.start(partial(self._receive, number))
        self.session.add_path(number, transit, self._clock.time())
        self._settle()

    def renew_path(self, number: int, transit: TransitPass) -> None:
        """A newer pass for a path that is there."""
        self.session.add_path(number, transit, self._clock.time())
        self._settle()

    def remove_path(self, number: int) -> None:
        """Use a further way no more."""
        self.session.remove_path(number, self._clock.time())
        self._close_path(number)
        self._settle()

    def _close_path(self, number: int) -> None:
        path = self.paths.pop(number, None)
        if path is not None:
            path.close()

    def probe(self) -> None:
        """Ask the relay for a sign of life, over every path, now."""
        self.session.probe(self._clock.time())
        self._settle()

    def send_payload(self, flow: FlowAddress, payload: bytes) -> bool:
        """Carry one payload; False when the session does not take it and it must go direct."""
        session = self.session
        if not session.send_payload(flow, payload, self._clock.time()):
            return False
        self._flush()
        due_s = session.sooner_s
        if due_s is not None and (self._timer_at_s is None or due_s < self._timer_at_s):
            self._arm()
        return True

    def renew_ticket(self, ticket: bytes) -> None:
        """Bring a newer ticket to the relay."""
        self.session.renew_ticket(ticket, self._clock.time())
        self._settle()

    def close(self, reason: CloseReason = CloseReason.USER, *, on_closed: Callable[[], None] | None = None) -> None:
        """Say goodbye (three times within 40 ms, over every path), then let go of the sockets and call `on_closed`."""
        if self._closed:
            return
        self._closed = True
        self._on_closed = on_closed
        if self._check is not None:
            self._check.cancel()
        self.session.close(self._clock.time(), reason)
        self._settle()

    def _receive(self, number: int, datagram: bytes) -> None:
        now = self._clock.time()
        session, recorder, on_payload = self.session, self.recorder, self.on_payload
        if recorder is not None:
            recorder.arrived(now, number, datagram)
        session.receive_datagram(datagram, number, now)
        events = session.events
        if on_payload is not None:
            while events and isinstance(payload := events[0], PayloadReceived):
                events.popleft()
                on_payload(payload)
        self.bytes_down[number] += len(datagram)
        # A datagram after which the session neither says nor reports anything has brought no moment nearer: the timer that stands
        # is early enough. Setting it anew for each payload cost more than the payload.
        if events or session.out or recorder is not None or self._timer is None:
            self._settle()

    def _tick(self) -> None:
        self._timer_at_s = None
        self.session.handle_timeout(self._clock.time())
        self._settle()

    def _check_network(self) -> None:
        for path in list(self.paths.values()):
            path.follow_network()
        self._check = self._clock.call_at(self._clock.time() + NETWORK_CHECK_S, self._check_network)

    def _settle(self) -> None:
        """Send what is due, tell what happened, set the timer. Handlers may call back into this link.

        Sockets first: what the session says about a path that has died must leave from the fresh one.
        """
        session = self.session
        while session.events and not self._closed:
            happened: list[ClientEvent] = []
            while (event := session.next_event()) is not None:
                self._look_at(event)
                happened.append(event)
            self._flush()
            for event in happened:
                if not self._closed:
                    self.on_event(event)
        self._flush()
        if self.recorder is not None:
            self._record_samples(self.recorder)
        self._arm()

    def _look_at(self, event: ClientEvent) -> None:
        """What an event means for sockets: a fresh port also gets past a dead address translation."""
        if isinstance(event, PathDown):
            path = self.paths.get(event.path)
            if path is not None:
                path.follow_network(force=True)
        elif isinstance(event, RelaySilent):
            dead = {number for number, state in self.session.paths.items() if state is PathState.DEAD}
            for number, path in list(self.paths.items()):
                if number not in dead:  # a dead one has its fresh socket already
                    path.follow_network(force=True)
        elif isinstance(event, RelayLost):
            self._lost = True
        elif isinstance(event, Established) and self.recorder is not None:
            self.recorder.new_keys(self._clock.time())

    def _record_samples(self, recorder: LinkRecorder) -> None:
        figures = self.session.redundancy_figures
        for number in self.paths:
            way = self.session.way(number)
            if way is not None and way.meter.last_sample is not None:
                recorder.observe(number, way.meter.last_sample, figures.lost_up)

    def _flush(self) -> None:
        if not self.session.out:
            return
        recorder = self.recorder
        for number, datagram in self.session.datagrams_to_send():
            path = self.paths.get(number)
            if path is None:
                continue
            path.send(datagram)
            self.bytes_up[number] += len(datagram)
            if recorder is not None:
                recorder.sent(self._clock.time(), number, datagram)

    def _arm(self) -> None:
        due_s = self.session.next_timeout()
        if due_s is not None and self._timer_at_s is not None and self._timer_at_s <= due_s:
            return  # the session bears being asked too early, and silence limits move with every datagram
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at_s = due_s
        if due_s is not None:
            self._timer = self._clock.call_at(due_s, self._tick)
        elif self._closed:
            for path in self.paths.values():
                path.close()
            if self._on_closed is not None:
                told, self._on_closed = self._on_closed, None
                told()
