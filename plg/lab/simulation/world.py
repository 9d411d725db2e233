"""A scenario built and run: hosts, lines and tickets put together, events carried out, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from plg.lab.simulation.client_model import ClientModel, ExitGuard, Link
from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.exit_model import KEY_ID, ExitModel
from plg.lab.simulation.game import Schedule, SimulatedGameServer, SimulatedPlayer, steady
from plg.lab.simulation.lines import Line, LineModel, LossInTime, SimulatedLine
from plg.lab.simulation.network import Host, LineTraffic, Network
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.tally import DirectionFigures
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_paths import TransitPass
from plg.protocol.destination import address_of, pack_address
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.protocol.relay_handshake import Source
from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import (
    ExitTicket,
    TicketCaps,
    TransitTicket,
    seal_ticket,
    seal_transit_ticket,
)

UNIX_S: Final = 1_800_000_000.0
"""What every wall clock says when the heap's clock is 0."""
RELAY_PORT: Final = 443
TICKET_LIFE_S: Final = 2_000_000
PREPARE_S: Final = 2.0
"""From the hand-shake to the first game packet: the paths are proved by then."""
SETTLE_S: Final = 5.0
"""After the last packet: what is under way arrives."""
LEVEL_EVERY_S: Final = 0.5
WIDE: Final = 65_535
GAME: Final[Source] = ("198.20.0.7", 27015)
EXIT: Final[Source] = ("198.20.1.10", RELAY_PORT)
STANDBY: Final[Source] = ("198.20.1.20", RELAY_PORT)
GAME_LOCAL_PORT: Final = 50_001


class RelayHost(Host, Protocol):
    """A relay's host, as scenarios use it: `ExitModel`, or the real relay in tests."""

    relay_id: int
    ticket_key: bytes
    address: Source
    keeps_ports: bool

    @property
    def sessions(self) -> Mapping[int, RelaySession]:
        """The protocol's sessions for which this relay is the exit."""

    def start(self) -> None:
        """A process that knows nobody."""

    def stop(self) -> None:
        """The process is killed."""

    def vanish(self) -> None:
        """The host is gone from the network."""

    def drain(self, seconds: int) -> None:
        """No new sessions; clients are told."""

    def revoke(self, cid: int) -> None:
        """The server takes a session's right away."""


class MakeRelay(Protocol):
    """Builds a relay that runs."""

    def __call__(
        self,
        heap: EventHeap,
        network: Network,
        address: Source,
        *,
        relay_id: int,
        ticket_key: bytes,
        unix_s: float,
        seed: int,
    ) -> RelayHost:
        """`unix_s` is the wall clock when the heap's clock is 0."""


def transit_ip(path: int) -> str:
    """The address of the transit relay of a path."""
    return f"198.20.1.{100 + path}"


@dataclass(frozen=True, slots=True)
class LevelSample:
    """The levels of redundancy at a moment."""

    at_s: float
    up: int
    down: int


@dataclass(slots=True)
class PathTraffic:
    """The lines of one path; `up` and `down` count what went into the line next to the client or the exit."""

    up: LineTraffic
    down: LineTraffic
    lines: list[SimulatedLine]


@dataclass(slots=True)
class Outcome:
    """What a match gave. Bytes are whole IP packets on the lines between client and the relays it talks to."""

    up: DirectionFigures
    down: DirectionFigures
    sources: dict[Source, float]
    ignored_by_game: int
    uncarried: int
    egress_switches: list[float]
    bytes_up: dict[int, int]
    bytes_down: dict[int, int]
    saved_up: int
    saved_down: int
    levels: list[LevelSample] = field(default_factory=list)

    @property
    def total_bytes_up(self) -> int:
        return sum(self.bytes_up.values())

    @property
    def total_bytes_down(self) -> int:
        return sum(self.bytes_down.values())


class World:
    """One match. `run` plays it to its end; tests may also drive `heap` themselves."""

    def __init__(self, scenario: Scenario, make_relay: MakeRelay = ExitModel) -> None:
        self._make_relay = make_relay
        self.scenario = scenario
        self.heap = EventHeap()
        self.network = Network(self.heap)
        self.random = Random(scenario.seed)  # noqa: S311 - repeatable, not secret
        self._shared = {name: LossInTime(model, self._seed()) for name, model in scenario.shared.items()}
        self.relays: dict[str, RelayHost] = {}
        self.path_traffic: dict[int, PathTraffic] = {}
        self._interfaces: dict[str, str] = {}
        self.game = SimulatedGameServer(self.heap, self.network, GAME, scenario.traffic.address_policy)
        self.exit = self._add_relay("exit", EXIT)
        self.client = ClientModel(
            self.heap,
            self.network,
            (GAME_LOCAL_PORT, *GAME),
            UNIX_S,
            Random(self._seed()),  # noqa: S311
        )
        self.player = SimulatedPlayer(self.heap, self.game, self.client.send_payload)
        self.client.deliver = self.player.deliver
        self.levels: list[LevelSample] = []
        self.passes: dict[int, TransitPass] = {}
        self._standby_lines: list[SimulatedLine] = []
        self._roams = 0
        self.cid = self.random.getrandbits(64)
        self._lay_paths()
        self.link = self._open_session()
        self.guard = self._open_standby()
        for event in scenario.events:
            self.heap.at(PREPARE_S + event.at_s, self.happen, event)
        self.heap.at(PREPARE_S, self._sample_level)

    def run(self) -> Outcome:
        """Hand-shake, play, and wait for what is still under way."""
        end_s = PREPARE_S + self.scenario.seconds
        traffic = self.scenario.traffic
        self.start(
            steady(PREPARE_S, end_s, traffic.up_per_s, traffic.up_bytes),
            steady(PREPARE_S, end_s, traffic.down_per_s, traffic.down_bytes),
        )
        self.heap.run_until(end_s + SETTLE_S)
        return self.outcome()

    def start(self, up: Schedule, down: Schedule) -> None:
        """Hand-shake, and let the game play by these schedules."""
        self.client.connect(self.link)
        self.player.play(up)
        self.game.play(down)

    def outcome(self) -> Outcome:
        figures = self.link.session.redundancy_figures
        return Outcome(
            up=self.game.up.figures(),
            down=self.game.down.figures(),
            sources=dict(self.game.sources),
            ignored_by_game=self.game.ignored,
            uncarried=self.player.uncarried,
            egress_switches=list(self.client.egress_switches),
            bytes_up={path: traffic.up.bytes for path, traffic in self.path_traffic.items()},
            bytes_down={path: traffic.down.bytes for path, traffic in self.path_traffic.items()},
            saved_up=figures.saved_up,
            saved_down=figures.saved_down,
            levels=self.levels,
        )

    # --- building ----------------------------------------------------------------------------------------------------

    def _seed(self) -> int:
        return self.random.getrandbits(48)

    def _line(self, model: LineModel | Line) -> Line:
        if not isinstance(model, LineModel):
            return model
        return SimulatedLine(model, self._seed(), tuple(self._shared[name] for name in model.shared))

    def _add_relay(self, name: str, address: Source) -> RelayHost:
        relay = self._make_relay(
            self.heap,
            self.network,
            address,
            relay_id=len(self.relays) + 1,
            ticket_key=self.random.randbytes(32),
            unix_s=UNIX_S,
            seed=self._seed(),
        )
        relay.keeps_ports = self.scenario.keeps_ports
        self.relays[name] = relay
        game_ip, relay_ip = GAME[0], address[0]
        self.network.connect(relay_ip, game_ip, self._line(self.scenario.game_line))
        self.network.connect(game_ip, relay_ip, self._line(self.scenario.game_line))
        return relay

    def interface_ip(self, name: str) -> str:
        """The address of one of the client's interfaces."""
        if name not in self._interfaces:
            self._interfaces[name] = f"198.21.0.{len(self._interfaces) + 1}"
        return self._interfaces[name]

    def _lay_paths(self) -> None:
        for path, model in enumerate(self.scenario.paths):
            relay = EXIT
            if model.transit is not None:
                relay = (transit_ip(path), RELAY_PORT)
                transit = self._add_relay(model.transit, relay)
                self.network.connect(relay[0], EXIT[0], self._line(model.mesh))
                self.network.connect(EXIT[0], relay[0], self._line(model.mesh))
                self.passes[path] = self._transit_pass(transit, EXIT)
            self.path_traffic[path] = self._lay(model, relay)

    def _lay(self, model: PathModel, relay: Source) -> PathTraffic:
        ip = self.interface_ip(model.interface)
        up, down = self._line(model.up), self._line(model.down)
        lines = [line for line in (up, down) if isinstance(line, SimulatedLine)]
        return PathTraffic(self.network.connect(ip, relay[0], up), self.network.connect(relay[0], ip, down), lines)

    def _transit_pass(self, transit: RelayHost, next_hop: Source) -> TransitPass:
        """What the control server would hand out for a path through another relay."""
        ticket = TransitTicket(
            cid=self.cid,
            issued_at_s=int(UNIX_S),
            expires_at_s=int(UNIX_S) + TICKET_LIFE_S,
            secret=self.random.randbytes(32),
            next_hop=pack_address(address_of(next_hop[0])),
            next_hop_port=next_hop[1],
            packets_per_second=WIDE,
            kbit_per_second_up=WIDE,
            kbit_per_second_down=WIDE,
        )
        sealed = seal_transit_ticket(ticket, transit.ticket_key, KEY_ID, transit.relay_id, self.random.randbytes(12))
        return TransitPass(ticket.secret, sealed)

    def _grant(self, relay: RelayHost, cid: int, transits: tuple[tuple[int, bytes], ...]) -> ClientGrant:
        ticket = ExitTicket(
            cid=cid,
            user_ref=1,
            issued_at_s=int(UNIX_S),
            expires_at_s=int(UNIX_S) + TICKET_LIFE_S,
            secret=self.random.randbytes(32),
            profile_id=1,
            profile_revision=1,
            max_paths=len(self.scenario.paths),
            caps=TicketCaps(WIDE, WIDE, WIDE),
            transits=transits,
        )
        sealed = seal_ticket(ticket, relay.ticket_key, KEY_ID, relay.relay_id, self.random.randbytes(12))
        return ClientGrant(cid, ticket.secret, sealed, relay.relay_id)

    def _open_session(self) -> Link:
        scenario = self.scenario
        transits = tuple((path, pack_address(address_of(transit_ip(path)))) for path in self.passes)
        grant = self._grant(self.exit, self.cid, transits)
        ip = self.interface_ip(scenario.paths[0].interface)
        link = self.client.open_link("exit", grant, scenario.redundancy, ip, EXIT)
        for path, model in enumerate(scenario.paths[1:], start=1):
            relay = EXIT if model.transit is None else self.relays[model.transit].address
            self.client.add_path(link, path, self.interface_ip(model.interface), relay, self.passes.get(path))
        return link

    def _open_standby(self) -> ExitGuard | None:
        model = self.scenario.standby
        if model is None:
            return None
        standby = self._add_relay("standby", STANDBY)
        self._standby_lines = self._lay(model, STANDBY).lines
        grant = self._grant(standby, self.random.getrandbits(64), ())
        link = self.client.open_link(
            "standby",
            grant,
            Redundancy(),
            self.interface_ip(model.interface),
            STANDBY,
            idle_ping_interval_s=15.0,
            egress_epoch=1,
        )
        self.client.connect(link)
        return ExitGuard(self.client, self.link, link, self.scenario.hold_s)

    # --- events ------------------------------------------------------------------------------------------------------

    def happen(self, event: Event) -> None:
        """Carry out one event now."""
        match event.act:
            case Act.KILL_RELAY:
                self.relays[event.who].stop()
            case Act.START_RELAY:
                self.relays[event.who].start()
            case Act.VANISH_HOST:
                self.relays[event.who].vanish()
            case Act.BLACKHOLE | Act.OPEN:
                self._swallow(int(event.who), event.act is Act.BLACKHOLE)
            case Act.OUTAGE | Act.OUTAGE_OVER:
                for path in self.path_traffic:
                    self._swallow(path, event.act is Act.OUTAGE)
                for line in self._standby_lines:
                    line.blackhole = event.act is Act.OUTAGE
            case Act.ROAM:
                self._roam(event.who)
            case Act.FRESH_PORT:
                self.client.fresh_port(self.link, int(event.who))
            case Act.DRAIN:
                self.relays[event.who or "exit"].drain(30)
            case Act.REVOKE:
                self.exit.revoke(self.cid)
            case Act.CHANGE_MODE:
                old = self.scenario.redundancy
                self.link.session.replace_redundancy(Redundancy(RedundancyMode(event.who), old.max_overhead))
                self.link.settle()

    def _swallow(self, path: int, blackhole: bool) -> None:
        for line in self.path_traffic[path].lines:
            line.blackhole = blackhole

    def _roam(self, interface: str) -> None:
        self._roams += 1
        new_ip = f"198.21.{self._roams // 250 + 1}.{self._roams % 250 + 1}"
        self.client.roam(self._interfaces[interface], new_ip)
        self._interfaces[interface] = new_ip

    def _sample_level(self) -> None:
        figures, exit_session = self.link.session.redundancy_figures, self.exit.sessions.get(self.cid)
        down = (
            0 if exit_session is None else int(exit_session._redundancy.level)
        )  # looked at from outside, as by a debugger
        sample = LevelSample(self.heap.now - PREPARE_S, int(figures.level_up), down)
        if not self.levels or (self.levels[-1].up, self.levels[-1].down) != (sample.up, sample.down):
            self.levels.append(sample)
        self.heap.at(self.heap.now + LEVEL_EVERY_S, self._sample_level)
