"""The exit of the simulation: what a relay does with sessions, flows, ports and restarts, on a page."""

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.exit_model import ExitModel
from plg.lab.simulation.game import AddressPolicy, GameTraffic
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.world import World
from plg.protocol.client_session import SessionState
from plg.protocol.errors import DropReason
from plg.protocol.events import HandshakeRefused

LINE = LineModel(impairment=Impairment(delay_ms=10))
AGILE = GameTraffic(address_policy=AddressPolicy.AGILE)


def world(*events: Event, keeps_ports: bool = True, seconds: float = 8.0) -> World:
    return World(
        Scenario(
            paths=(PathModel(up=LINE, down=LINE),),
            seconds=seconds,
            events=events,
            keeps_ports=keeps_ports,
            traffic=AGILE,
        )
    )


def exit_of(made: World) -> ExitModel:
    assert isinstance(made.exit, ExitModel)
    return made.exit


@pytest.mark.parametrize("keeps_ports", [True, False])
def test_after_a_restart_the_game_sees_the_same_port_by_the_keeper_or_by_the_clients_token(keeps_ports: bool) -> None:
    made = world(Event(3, Act.KILL_RELAY, "exit"), Event(3.3, Act.START_RELAY, "exit"), keeps_ports=keeps_ports)
    outcome = made.run()
    assert len(outcome.sources) == 1
    assert outcome.up.delivered > 400


def test_a_relay_that_is_down_takes_and_sends_nothing() -> None:
    made = world(Event(3, Act.KILL_RELAY, "exit"))
    outcome = made.run()
    assert not exit_of(made).running
    assert outcome.up.delivered == pytest.approx(3 * 64, abs=3)
    assert exit_of(made).sessions == {}


def test_a_draining_relay_refuses_a_session_that_is_new() -> None:
    made = world()
    made.exit.drain(30)
    made.run()
    assert made.link.session.state is SessionState.REFUSED
    assert any(isinstance(happening.event, HandshakeRefused) for happening in made.client.happened)


def test_large_payloads_come_through_whole_both_ways() -> None:
    traffic = GameTraffic(up_bytes=1400, down_bytes=2000, up_per_s=20, down_per_s=20)
    outcome = World(Scenario(paths=(PathModel(up=LINE, down=LINE),), seconds=5, traffic=traffic)).run()
    assert (outcome.up.lost, outcome.down.lost) == (0, 0)


def test_a_reply_from_somebody_else_is_not_carried() -> None:
    made = world()
    made.run()
    (port,) = {source[1] for source in made.game.sources}
    made.exit.receive(b"who are you", ("198.22.0.1", 27015), (made.exit.address[0], port))
    made.exit.receive(b"nobody listens", ("198.22.0.1", 27015), (made.exit.address[0], 1))
    assert exit_of(made).drops[DropReason.FOREIGN_REPLY] == 1


def test_rubbish_is_counted_and_unknown_sessions_are_told_so() -> None:
    made = world()
    answers: list[bytes] = []
    made.network.watch = lambda datagram, source, target: answers.append(datagram)
    for datagram in (b"", b"\xff" * 40, bytes([0x40]) + bytes(99), bytes([0x40]) + bytes(20)):
        made.exit.receive(datagram, ("198.22.0.1", 5), made.exit.address)
    assert [len(answer) for answer in answers] == [9]
    assert exit_of(made).drops == {
        DropReason.MALFORMED: 1,
        DropReason.WRONG_VERSION: 1,
        DropReason.UNKNOWN_SESSION: 2,
    }


def test_an_idle_session_ends_after_a_minute() -> None:
    made = world(Event(4, Act.BLACKHOLE, "0"), seconds=80)
    made.heap.at(0.0, made.client.connect, made.link)
    made.heap.run_until(60)
    assert len(exit_of(made).sessions) == 1
    made.heap.run_until(70)
    assert exit_of(made).sessions == {}


def test_a_host_that_vanished_is_not_on_the_network_any_more() -> None:
    made = world(Event(3, Act.VANISH_HOST, "exit"))
    made.run()
    assert made.network.host(made.exit.address[0]) is None
    assert made.network.unreachable > 100
