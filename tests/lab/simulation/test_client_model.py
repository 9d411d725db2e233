"""The player's machine of the simulation: sockets, fresh ports, roaming, and which exit's payloads reach the game."""

from plg.lab.impairment import Impairment
from plg.lab.simulation.game import AddressPolicy, GameTraffic
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.world import EXIT, World
from plg.protocol.events import PathDown, PayloadReceived

LINE = LineModel(impairment=Impairment(delay_ms=10))


def world(*events: Event, standby: bool = False, seconds: float = 10.0) -> World:
    paths = (PathModel(up=LINE, down=LINE), PathModel(up=LINE, down=LINE, interface="lte0"))
    return World(
        Scenario(
            paths=paths,
            seconds=seconds,
            events=events,
            standby=PathModel(up=LINE, down=LINE) if standby else None,
            hold_s=0.3,
            traffic=GameTraffic(address_policy=AddressPolicy.AGILE),
        )
    )


def test_a_socket_hears_its_relay_only() -> None:
    made = world()
    socket = made.link.sockets[0]
    before = dict(made.link.session.drops)
    made.client.receive(b"\x40" + bytes(99), ("198.22.0.1", 443), socket.local)
    assert made.link.session.drops == before
    made.client.receive(b"\x40" + bytes(99), EXIT, socket.local)
    assert made.link.session.drops != before


def test_a_path_that_died_gets_a_fresh_port() -> None:
    made = world(Event(3, Act.BLACKHOLE, "0"), Event(6, Act.OPEN, "0"))
    first = made.link.sockets[0].local
    made.run()
    assert any(isinstance(happening.event, PathDown) for happening in made.client.happened)
    assert made.link.sockets[0].local[0] == first[0]
    assert made.link.sockets[0].local != first


def test_a_machine_that_roams_is_reached_at_its_new_address_only() -> None:
    made = world(Event(3, Act.ROAM, "wlan0"))
    old = made.link.sockets[0].local
    outcome = made.run()
    assert made.link.sockets[0].local[0] != old[0]
    assert made.network.host(old[0]) is None
    assert outcome.up.lost == 0


def test_a_removed_path_has_no_socket() -> None:
    made = world()
    made.client.remove_path(made.link, 1)
    assert set(made.link.sockets) == {0}
    assert set(made.link.session.paths) == {0}


def test_payloads_of_an_exit_that_is_not_the_active_one_do_not_reach_the_game() -> None:
    made = world(standby=True)
    standby = made.client.links[1]
    made.client.receive_payload(standby, PayloadReceived(made.client.flow, b"late"))
    assert (made.client.ignored, made.client.injected_from) == (1, {})


def test_a_silent_exit_is_left_once_and_its_standby_carries_on() -> None:
    made = world(Event(3, Act.KILL_RELAY, "exit"), standby=True)
    outcome = made.run()
    assert made.guard is not None
    assert made.guard.switched_at_s == outcome.egress_switches[0]
    assert set(made.client.injected_from) == {"exit", "standby"}
    assert outcome.up.longest_silence_ms < 1100


def test_without_a_session_a_payload_is_not_taken() -> None:
    assert not world().client.send_payload(b"0000")
