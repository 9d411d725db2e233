"""Exit and standby side by side in fake time: death, outage, return, and how long the game is without its packets."""

import pytest

from plg.capture.packet_source import FlowKey
from plg.contract.games import AddressChange
from plg.protocol.client_session import ClientSession
from plg.tunnel.exit_switch import SwitchState
from plg.tunnel.exit_watch import ExitWatch
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.standby_exit import KEEPALIVE_S
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.fake_time import FakeClock
from support.loopback_relay import UNIX_S, RelayBrain, ScriptedPath, grant_for, make_ticket, seeded_entropy

GAME = FlowKey(50000, "198.20.0.7", 27015)
RATE = 64


class Reserve:
    """What the watch sees of a standby: a session that is ready, here without the task that opens it."""

    def __init__(self, link: RelayLink) -> None:
        self.link = link
        self.is_ready = True

    def heard_at_s(self) -> float | None:
        return self.link.heard_at_s()

    def probe(self) -> None:
        self.link.probe()


class Stage:
    """A game at 64 packets a second through an exit, a standby beside it, 20 ms away each."""

    def __init__(self, address_change: AddressChange = AddressChange.BOUND) -> None:
        self.clock = FakeClock()
        self.brains = [RelayBrain(seeded_entropy(1)), RelayBrain(seeded_entropy(2), relay_id=43)]
        self.paths = [ScriptedPath(brain, self.clock, delay_s=0.020) for brain in self.brains]
        self.paths[1].source = ("192.0.2.9", 50000)
        self.links = [self.link(0, 42, 1.0, 0), self.link(1, 43, KEEPALIVE_S, 1)]
        self.link_in_use = self.links[0]
        self.events: list[TunnelEvent] = []
        self.used_at_s: float | None = None
        self.switched_at_s: list[float] = []
        for link in self.links:
            link.start()
        self.clock.run(0.2)
        self.reserve = Reserve(self.links[1])
        self.watch = ExitWatch(
            self.links[0],
            self.reserve,  # type: ignore[arg-type]  # the part of StandbyExit that the watch uses
            address_change,
            lambda: self.used_at_s,
            self.switch,
            self.clock,
            self.events.append,
        )
        self.watch.start()

    def link(self, number: int, relay_id: int, idle_ping_interval_s: float, epoch: int) -> RelayLink:
        ticket = make_ticket(7 + number, bytes([number]) * 32, now_unix_s=UNIX_S + self.clock.time())
        session = ClientSession(
            grant_for(ticket, relay_id),
            entropy=seeded_entropy(10 + number),
            unix_ms_offset=UNIX_S * 1000,
            idle_ping_interval_s=idle_ping_interval_s,
            egress_epoch=epoch,
        )
        return RelayLink(session, self.paths[number], self.clock, lambda _event: None)

    def switch(self, silent_s: float) -> None:
        self.switched_at_s.append(self.clock.time())
        self.link_in_use = self.links[1]

    def play(self, seconds: float) -> None:
        for _ in range(round(seconds * RATE)):
            self.used_at_s = self.clock.time()
            self.link_in_use.send_payload(GAME, b"%f" % self.clock.time())
            self.clock.run(1 / RATE)

    def carried_at_s(self) -> float:
        """When the standby's first payload reached the game, by the game's own clock."""
        _, _, payload = self.brains[1].arrived[0]
        return float(payload) + 0.020


@pytest.mark.parametrize(
    ("address_change", "limit_s"),
    [
        (AddressChange.AGILE, 1.0),
        (AddressChange.BOUND, 4.2),
        (AddressChange.UNKNOWN, 4.2),
        (AddressChange.PORT_ONLY, 4.2),
    ],
)
def test_from_the_exits_death_to_the_flow_carried_by_the_standby(address_change: AddressChange, limit_s: float) -> None:
    stage = Stage(address_change)
    stage.play(20)
    died_at_s = stage.clock.time()
    stage.paths[0].is_up = False
    stage.play(10)
    assert len(stage.switched_at_s) == 1
    assert stage.carried_at_s() - died_at_s <= limit_s
    assert stage.brains[1].epochs[0] == 1
    assert stage.watch.state is SwitchState.SWITCHED


def test_while_the_exit_lives_the_standby_is_left_in_peace() -> None:
    stage = Stage()
    before = len(stage.paths[1].sent)
    stage.play(61)
    assert len(stage.paths[1].sent) - before <= 5
    assert stage.switched_at_s == []


def test_an_exit_that_returns_within_the_hold_keeps_its_flows() -> None:
    stage = Stage()
    stage.play(5)
    stage.paths[0].is_up = False
    stage.play(2.5)
    assert [event.what for event in stage.events] == [Happening.EXIT_SILENT]
    stage.paths[0].is_up = True
    stage.play(10)
    assert stage.switched_at_s == []
    assert stage.watch.state is SwitchState.WATCHING


@pytest.mark.parametrize("address_change", [AddressChange.AGILE, AddressChange.BOUND])
def test_when_the_players_own_network_was_away_nothing_is_switched(address_change: AddressChange) -> None:
    stage = Stage(address_change)
    stage.play(5)
    for path in stage.paths:
        path.is_up = False
    stage.play(8)
    assert stage.watch.state is SwitchState.OUTAGE
    for path in stage.paths:
        path.is_up = True
    stage.play(20)
    assert stage.switched_at_s == []


def test_without_a_game_running_a_pause_between_pings_is_no_silence() -> None:
    stage = Stage()
    stage.clock.run(120)
    assert stage.events == []
    assert stage.watch.state is SwitchState.WATCHING


def test_a_standby_that_is_not_ready_is_not_switched_to() -> None:
    stage = Stage(AddressChange.AGILE)
    stage.play(5)
    stage.reserve.is_ready = False
    stage.paths[0].is_up = False
    stage.play(8)
    assert stage.switched_at_s == []


def test_an_exit_that_dies_as_soon_as_the_game_begins_is_left_as_quickly() -> None:
    stage = Stage(AddressChange.AGILE)
    stage.clock.run(60)
    stage.play(0.5)
    died_at_s = stage.clock.time()
    stage.paths[0].is_up = False
    stage.play(5)
    assert stage.carried_at_s() - died_at_s <= 1.0


def test_a_stopped_watch_looks_no_more() -> None:
    stage = Stage(AddressChange.AGILE)
    stage.play(5)
    stage.watch.stop()
    stage.paths[0].is_up = False
    stage.play(8)
    assert stage.switched_at_s == []
