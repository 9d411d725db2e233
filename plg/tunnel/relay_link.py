"""One session on one path: moves bytes between the sans-IO session and its socket, and keeps its one timer."""

from collections.abc import Callable

from plg.protocol.client_session import ClientSession, SessionState
from plg.protocol.errors import CloseReason
from plg.protocol.events import ClientEvent, FlowAddress, RelayLost, RelaySilent
from plg.tunnel.clock import Clock, Timer
from plg.tunnel.relay_path import DatagramPath

NETWORK_CHECK_S = 2.0
"""Implementation. How often the way to the relay is looked at; costs one socket that sends nothing (about 20 us)."""

EventHandler = Callable[[ClientEvent], None]


class RelayLink:
    """Drives a ClientSession. Events arrive at `on_event` in order, on the loop; nothing here blocks or raises for the network."""

    def __init__(self, session: ClientSession, path: DatagramPath, clock: Clock, on_event: EventHandler) -> None:
        self.session = session
        self._path = path
        self._clock = clock
        self.on_event = on_event
        """Whoever takes the link over sets its own."""
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

    def start(self) -> None:
        """Begin the hand-shake."""
        self._path.start(self._receive)
        self.session.connect(self._clock.time())
        self._check = self._clock.call_at(self._clock.time() + NETWORK_CHECK_S, self._check_network)
        self._settle()

    def send_payload(self, flow: FlowAddress, payload: bytes) -> bool:
        """Carry one payload; False when the session does not take it and it must go direct."""
        if not self.session.send_payload(flow, payload, self._clock.time()):
            return False
        for _, datagram in self.session.datagrams_to_send():
            self._path.send(datagram)
        return True

    def renew_ticket(self, ticket: bytes) -> None:
        """Bring a newer ticket to the relay."""
        self.session.renew_ticket(ticket, self._clock.time())
        self._settle()

    def close(self, reason: CloseReason = CloseReason.USER, *, on_closed: Callable[[], None] | None = None) -> None:
        """Say goodbye (three times within 40 ms), then let go of the socket and call `on_closed`."""
        if self._closed:
            return
        self._closed = True
        self._on_closed = on_closed
        if self._check is not None:
            self._check.cancel()
        self.session.close(self._clock.time(), reason)
        self._settle()

    def _receive(self, datagrams: list[bytes]) -> None:
        now = self._clock.time()
        for datagram in datagrams:
            self.session.receive_datagram(datagram, 0, now)
        self._settle()

    def _tick(self) -> None:
        self._timer_at_s = None
        self.session.handle_timeout(self._clock.time())
        self._settle()

    def _check_network(self) -> None:
        self._path.follow_network()
        self._check = self._clock.call_at(self._clock.time() + NETWORK_CHECK_S, self._check_network)

    def _settle(self) -> None:
        """Send what is due, tell what happened, set the timer. Handlers may call back into this link."""
        self._flush()
        while not self._closed and (event := self.session.next_event()) is not None:
            if isinstance(event, RelaySilent):
                self._path.follow_network(force=True)  # a fresh port also gets past a dead address translation
                self._flush()
            elif isinstance(event, RelayLost):
                self._lost = True
            self.on_event(event)
        self._flush()
        self._arm()

    def _flush(self) -> None:
        for _, datagram in self.session.datagrams_to_send():
            self._path.send(datagram)

    def _arm(self) -> None:
        due_s = self.session.next_timeout()
        if due_s == self._timer_at_s and due_s is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at_s = due_s
        if due_s is not None:
            self._timer = self._clock.call_at(due_s, self._tick)
        elif self._closed:
            self._path.close()
            if self._on_closed is not None:
                told, self._on_closed = self._on_closed, None
                told()
