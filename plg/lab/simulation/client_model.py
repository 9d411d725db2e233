"""The player's machine in fake time: real `ClientSession`s over sockets that are only addresses, one to the exit, one to the standby.

The tunnel's own rules that matter to paths are here too: a fresh port for a path that died, and the decision to leave a silent exit,
which is `plg.tunnel.exit_switch` itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from plg.lab.simulation.event_heap import Alarm, EventHeap
from plg.lab.simulation.network import Network
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession, SessionState, TransitPass
from plg.protocol.constants import PING_INTERVAL_IDLE_S
from plg.protocol.events import ClientEvent, Established, FlowAddress, PathDown, PayloadReceived, RelaySilent
from plg.protocol.redundancy import Redundancy
from plg.protocol.relay_handshake import Source
from plg.tunnel.exit_switch import ExitSwitch
from plg.tunnel.path_recorder import PathRecorder

FIRST_PORT: Final = 50_000


@dataclass(slots=True)
class PathSocket:
    """One path's socket: it hears its relay only, as a connected one does."""

    path: int
    local: Source
    relay: Source


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a session told its owner."""

    at_s: float
    link: str
    event: ClientEvent


Deliver = Callable[[bytes], None]


class Link:
    """One session and its sockets."""

    def __init__(
        self,
        client: "ClientModel",
        name: str,
        grant: ClientGrant,
        redundancy: Redundancy,
        idle_ping_interval_s: float,
        egress_epoch: int,
    ) -> None:
        self.name = name
        self.session = ClientSession(
            grant,
            entropy=client.random.randbytes,
            unix_ms_offset=client.unix_s * 1000,
            redundancy=redundancy,
            idle_ping_interval_s=idle_ping_interval_s,
            egress_epoch=egress_epoch,
        )
        self.sockets: dict[int, PathSocket] = {}
        self.recorder: PathRecorder | None = None
        """Takes down what `plg record` would of this session."""
        self._client = client
        self.alarm = Alarm(client.heap, self._timeout)

    def settle(self) -> None:
        """Tell what happened, send what is to be sent, set the alarm.

        Events first: a path that died gets its fresh port before the HELLO that binds it again leaves.
        """
        session, client = self.session, self._client
        while (event := session.next_event()) is not None:
            if event.__class__ is PayloadReceived:
                client.receive_payload(self, event)
                continue
            client.happened.append(Happening(client.heap.now, self.name, event))
            if isinstance(event, PathDown):
                client.fresh_port(self, event.path)
            elif isinstance(event, RelaySilent):
                client.fresh_port(self, 0)
            elif isinstance(event, Established) and self.recorder is not None:
                self.recorder.new_keys(client.heap.now)
        self._flush()
        if self.recorder is not None:
            self._record_samples(self.recorder)
        self.alarm.arm(session.next_timeout())

    def _flush(self) -> None:
        for path, datagram in self.session.datagrams_to_send():
            socket = self.sockets.get(path)
            if socket is not None:
                if self.recorder is not None:
                    self.recorder.sent(self._client.heap.now, path, datagram)
                self._client.network.send(datagram, socket.local, socket.relay)

    def _record_samples(self, recorder: PathRecorder) -> None:
        lost_up = self.session.redundancy_figures.lost_up
        for path in self.sockets:
            way = self.session.way(path)
            recorder.observe(path, None if way is None else way.meter.last_sample, lost_up)

    def _timeout(self) -> None:
        self.session.handle_timeout(self._client.heap.now)
        self.settle()


@dataclass(slots=True)
class ClientModel:
    """One player's machine. `flow` is the game's conversation."""

    heap: EventHeap
    network: Network
    flow: FlowAddress
    unix_s: float
    random: Random
    deliver: Deliver = lambda _payload: None
    happened: list[Happening] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    active: Link | None = None
    """The link of the exit that carries the flows."""
    egress_switches: list[float] = field(default_factory=list)
    injected_from: dict[str, int] = field(default_factory=dict)
    """Payloads handed to the game, by the link that they came from."""
    ignored: int = 0
    """Payloads of an exit that is not the active one: not handed to the game."""
    keeps_ports: bool = False
    """For tests that count addresses: no fresh port for a path that died."""
    _sockets: dict[Source, tuple[Link, PathSocket]] = field(default_factory=dict)
    _next_port: int = FIRST_PORT

    # --- setting up --------------------------------------------------------------------------------------------------

    def open_link(
        self,
        name: str,
        grant: ClientGrant,
        redundancy: Redundancy,
        interface_ip: str,
        relay: Source,
        *,
        idle_ping_interval_s: float = PING_INTERVAL_IDLE_S,
        egress_epoch: int = 0,
    ) -> Link:
        """A session with one exit, with path 0 straight to it. The first link is the active one."""
        link = Link(self, name, grant, redundancy, idle_ping_interval_s, egress_epoch)
        self.links.append(link)
        if self.active is None:
            self.active = link
        self._open_socket(link, 0, interface_ip, relay)
        return link

    def connect(self, link: Link) -> None:
        link.session.connect(self.heap.now)
        link.settle()

    def add_path(self, link: Link, path: int, interface_ip: str, relay: Source, transit: TransitPass | None) -> None:
        """`relay` is the transit's address, or the exit's for another local interface."""
        self._open_socket(link, path, interface_ip, relay)
        link.session.add_path(path, transit, self.heap.now)
        link.settle()

    def remove_path(self, link: Link, path: int) -> None:
        link.session.remove_path(path, self.heap.now)
        socket = link.sockets.pop(path, None)
        if socket is not None:
            self._sockets.pop(socket.local, None)
        link.settle()

    def _open_socket(self, link: Link, path: int, interface_ip: str, relay: Source) -> None:
        old = link.sockets.get(path)
        if old is not None:
            self._sockets.pop(old.local, None)
        socket = PathSocket(path, (interface_ip, self._next_port), relay)
        self._next_port += 1
        link.sockets[path] = socket
        self._sockets[socket.local] = (link, socket)
        self.network.attach(interface_ip, self)

    # --- the network changes -----------------------------------------------------------------------------------------

    def fresh_port(self, link: Link, path: int) -> None:
        """The path's socket is opened anew: also what a changed address translation looks like."""
        socket = link.sockets.get(path)
        if socket is not None and not self.keeps_ports:
            self._open_socket(link, path, socket.local[0], socket.relay)

    def roam(self, old_ip: str, new_ip: str) -> None:
        """An interface gets another address."""
        self.network.rename(old_ip, new_ip)
        for local in [local for local in self._sockets if local[0] == old_ip]:
            link, socket = self._sockets.pop(local)
            socket.local = (new_ip, self._next_port)
            self._next_port += 1
            self._sockets[socket.local] = (link, socket)

    # --- packets -----------------------------------------------------------------------------------------------------

    def send_payload(self, payload: bytes) -> bool:
        """A payload of the game; False when no session takes it."""
        link = self.active
        if link is None or not link.session.send_payload(self.flow, payload, self.heap.now):
            return False
        link.settle()
        return True

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:
        found = self._sockets.get(target)
        if found is None or found[1].relay != source:
            return  # an old address, or not the relay: the kernel drops it
        link, socket = found
        if link.recorder is not None:
            link.recorder.arrived(self.heap.now, socket.path, datagram)
        link.session.receive_datagram(datagram, socket.path, self.heap.now)
        link.settle()

    def receive_payload(self, link: Link, event: PayloadReceived) -> None:
        if link is not self.active:
            self.ignored += 1
            return
        self.injected_from[link.name] = self.injected_from.get(link.name, 0) + 1
        self.deliver(event.payload)


class ExitGuard:
    """Watches the active exit and moves the flows to the standby when `ExitSwitch` says so."""

    def __init__(self, client: ClientModel, exit_link: Link, standby: Link, hold_s: float) -> None:
        self._client = client
        self._exit = exit_link
        self._standby = standby
        self._switch = ExitSwitch(hold_s)
        self.switched_at_s: float | None = None
        client.heap.at(client.heap.now + 1.0, self._look)

    def _look(self) -> None:
        client, now = self._client, self._client.heap.now
        if self._exit.session.state in {SessionState.IDLE, SessionState.CONNECTING, SessionState.CLOSED}:
            client.heap.at(now + 0.25, self._look)
            return
        others_s = now - self._standby.session.silent_for_s(now)
        decision = self._switch.look(
            now,
            heard_at_s=now - self._exit.session.silent_for_s(now),
            is_playing=True,
            others_heard_at_s=others_s,
            is_ready=self._standby.session.state in {SessionState.ESTABLISHED, SessionState.RECONNECTING},
        )
        if decision.ask:
            for link in (self._exit, self._standby):
                link.session.probe(now)
                link.settle()
        if decision.switch:
            self._move(now)
        elif decision.next_look_s is not None:
            client.heap.at(decision.next_look_s, self._look)

    def _move(self, now: float) -> None:
        self.switched_at_s = now
        self._client.egress_switches.append(now)
        self._client.active = self._standby
        self._exit.session.close(now)
        self._exit.settle()
