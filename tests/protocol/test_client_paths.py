from random import Random

import pytest

from plg.protocol.client_paths import REBIND_SPACING_S, SWITCH_AFTER_S, ClientPath, ClientPaths, PathState
from plg.protocol.errors import ProtocolMisuse
from plg.protocol.frames import Pong
from plg.protocol.handshake import parse_hello
from plg.protocol.path_meter import clock_us
from plg.protocol.path_watch import Health
from plg.protocol.ticket import ROLE_TRANSIT
from support.protocol_pair import CID, transit_pass


def paths() -> ClientPaths:
    return ClientPaths(CID, Random(1).randbytes, 0.0, 0.0)


def ready(made: ClientPaths, path: int, rtt_ms: float, now: float = 1.0) -> ClientPath:
    """A proved path with four seconds of steady measurements."""
    way = made.get(path)
    if way is None:
        made.add(path, None, now)
        way = made.get(path)
    assert way is not None
    way.proved = True
    measure(way, rtt_ms, now)
    return way


def measure(way: ClientPath, rtt_ms: float, began_s: float, seconds: float = 4.0) -> float:
    now = began_s
    while now < began_s + seconds:
        ping = way.meter.make_ping(1, now)
        arrived = clock_us(now + rtt_ms / 2000)
        way.meter.take_pong(Pong(ping.ping_id, ping.sent_us, arrived, arrived, 1, 1, 1, 1), 1, now + rtt_ms / 1000)
        way.watch.heard(now + rtt_ms / 1000)
        now += 0.25
    return now


@pytest.mark.parametrize("path", [0, 8, -1])
def test_only_paths_one_to_seven_can_be_added(path: int) -> None:
    with pytest.raises(ProtocolMisuse):
        paths().add(path, None, 0.0)


def test_a_transit_is_asked_with_a_hello_of_its_own_role_and_path() -> None:
    made = paths()
    hello = parse_hello(made.add(3, transit_pass(), 0.0) or b"")
    assert (hello.role, hello.path, hello.cid, hello.resume_token) == (ROLE_TRANSIT, 3, CID, b"")  # type: ignore[union-attr]  # a HELLO
    way = made.get(3)
    assert way is not None
    assert way.state is PathState.BINDING
    assert not way.is_usable


def test_a_second_interface_needs_nobody_but_the_exit() -> None:
    made = paths()
    assert made.add(1, None, 0.0) is None
    assert [way.state for way in made] == [PathState.PROVING, PathState.PROVING]


def test_a_newer_pass_for_the_same_transit_leaves_the_path_as_it_is_and_another_transit_does_not() -> None:
    made = paths()
    made.add(1, transit_pass(), 0.0)
    way = made.get(1)
    assert way is not None
    way.bound = way.proved = True
    assert made.add(1, transit_pass(), 5.0) is not None
    assert made.get(1) is way
    made.add(1, transit_pass(secret=bytes(32)), 6.0)
    assert [way.state for way in made] == [PathState.PROVING, PathState.BINDING]


def test_binding_is_repeated_until_answered_and_anew_at_most_once_a_second() -> None:
    made = paths()
    made.add(1, transit_pass(), 0.0)
    assert made.repeat_bindings(0.1) == []
    assert [path for path, _ in made.repeat_bindings(0.3)] == [1]
    way = made.get(1)
    assert way is not None
    assert made.rebind(way, 10.0) is not None
    assert made.rebind(way, 10.0 + REBIND_SPACING_S / 2) is None
    assert made.rebind(way, 10.0 + REBIND_SPACING_S) is not None


def test_usable_paths_come_best_first_and_dead_ones_not_at_all() -> None:
    made = paths()
    for path in (0, 1, 2):
        ready(made, path, 20)
    assert made.usable() == (0, 1, 2)
    made.primary = 2
    assert made.usable() == (2, 0, 1)
    made.first.watch.health = Health.SUSPECT
    assert made.usable() == (0, 1, 2)
    made.first.watch.health = Health.DEAD
    assert made.usable() == (0, 1)


def test_a_dead_primary_gives_way_at_once_to_the_best_of_the_living() -> None:
    made = paths()
    ready(made, 0, 10)
    ready(made, 1, 50)
    ready(made, 2, 30)
    made.first.watch.health = Health.DEAD
    assert made.choose_primary(5.0)
    assert made.primary == 2


def test_a_better_path_takes_over_only_after_ten_seconds_and_by_more_than_ten_ms() -> None:
    made = paths()
    first, slightly, clearly = ready(made, 0, 60), ready(made, 1, 55), ready(made, 2, 30)
    now, moved_at = 1.0, None
    while now < 30 and moved_at is None:
        for way, rtt_ms in ((first, 60), (slightly, 55), (clearly, 30)):
            measure(way, rtt_ms, now, 0.25)
        now += 0.25
        if made.choose_primary(now):
            moved_at = now
    assert made.primary == 2
    assert moved_at is not None
    assert moved_at - 1.0 >= SWITCH_AFTER_S


def test_paths_that_carry_are_pinged_at_the_pace_of_play_and_the_others_in_standby() -> None:
    made = paths()
    first, other = ready(made, 0, 20), ready(made, 1, 20)
    first.carries, other.carries = True, False
    first.next_ping_at_s = other.next_ping_at_s = 3.0
    first.ping_interval_s = other.ping_interval_s = 1.0
    made.pace(0.25, 1.0)
    assert (first.next_ping_at_s, other.next_ping_at_s) == (2.25, 3.0)
    assert (first.in_use, other.in_use) == (True, False)


def test_after_a_hand_shake_only_the_path_it_came_by_is_proved() -> None:
    made = paths()
    ready(made, 0, 20)
    ready(made, 1, 20)
    made.first.watch.health = Health.DEAD
    made.restart(1, 9.0)
    assert made.primary == 1
    assert [way.proved for way in made] == [False, True]
    assert not made.all_silent()


def test_path_0_cannot_be_removed_and_the_primary_falls_back_to_it() -> None:
    made = paths()
    ready(made, 1, 20)
    made.primary = 1
    made.remove(0)
    made.remove(1)
    assert (len(made), made.primary) == (1, 0)
